# Sourced by run_matrix.sh and tests/run.sh: makes a virtual environment in .venv with the tested
# versions. Usage: source .ci/setup.sh run|dev; sets `here` (the repository) and `python` (that of the
# environment). Does not use the network if a file in .venv says that this set-up is complete.

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
python=$here/.venv/bin/python
export PIP_DISABLE_PIP_VERSION_CHECK=1

is_usable() { # INTERPRETER MODULE...: is it Python 3.11 or newer with these modules?
  "$1" -c 'import importlib, sys
[importlib.import_module(name) for name in sys.argv[1:]]
sys.exit(sys.version_info < (3, 11))' "${@:2}" 2>/dev/null
}

find_python() { # the one that PYTHON names; else that of the environment; else the newest
  local name names=(python3.13 python3.12 python3.11 python3)
  if [[ -n ${PYTHON:-} ]]; then
    names=("$PYTHON")
  elif is_usable "$python" pip; then
    names=("$python")
  fi
  for name in "${names[@]}"; do
    if is_usable "$name" ensurepip venv; then
      command -v "$name"
      return
    fi
  done
  if [[ -n ${PYTHON:-} ]]; then
    echo "error: PYTHON=$PYTHON is not Python 3.11 or newer with venv; correct it, or unset it" >&2
  else
    echo "error: found no Python 3.11 or newer with venv; install one, or set PYTHON to its path" >&2
  fi
  return 1
}

set_up() { # run|dev
  local base wanted ended=0 stamp=$here/.venv/.set-up-$1 begun=$here/.venv/.begun
  [[ -e $begun ]] && rm -rf "$here/.venv" # an earlier set-up was interrupted: start again
  base=$(find_python) || return
  # a complete set-up depends on the versions, the dependencies, the folder and the interpreter
  wanted=$({ cat "$here/.ci/constraints.txt" "$here/pyproject.toml"; echo "$here"; "$base" -VV; } |
    "$base" -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())')
  [[ $(cat "$stamp" 2>/dev/null) == "$wanted" ]] && return
  echo "first use: installing into $here/.venv" >&2
  if ! is_usable "$python" pip || [[ $("$python" -VV) != "$("$base" -VV)" ]]; then
    rm -rf "$here/.venv"
    "$base" -m venv "$here/.venv" || return
  fi
  touch "$begun"
  "$python" -m pip install --quiet --constraint "$here/.ci/constraints.txt" \
    --editable "$here$([[ $1 == dev ]] && echo '[dev]')" >&2 || ended=$?
  rm "$begun" # only an interrupted set-up leaves this file
  if ((ended)); then
    echo "error: pip failed, see above; correct that and run the same command again" >&2
    return 1
  fi
  echo "$wanted" >"$here/.venv/.set-up-run"
  echo "$wanted" >"$stamp" # dev includes run, so it writes both files
}

set_up "$1" || exit 2
