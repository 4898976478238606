# Sourced by run_matrix.sh and tests/run.sh: a virtual environment in .venv with what was tested.
# Usage: source .ci/setup.sh run|dev; sets `here` (the repository) and `python` (the environment's).
# Asks nothing of the network when the stamp in .venv says that this very set-up was finished before.

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
python=$here/.venv/bin/python
export PIP_DISABLE_PIP_VERSION_CHECK=1

fits() { # INTERPRETER MODULE...: is it Python 3.11 or newer, with these modules?
  "$1" -c 'import importlib, sys
[importlib.import_module(name) for name in sys.argv[1:]]
sys.exit(sys.version_info < (3, 11))' "${@:2}" 2>/dev/null
}

find_python() { # the one named by PYTHON; else the environment's own; else the newest
  local name names=(python3.13 python3.12 python3.11 python3)
  if [[ -n ${PYTHON:-} ]]; then
    names=("$PYTHON")
  elif fits "$python" pip; then
    names=("$python")
  fi
  for name in "${names[@]}"; do
    if fits "$name" ensurepip venv; then
      command -v "$name"
      return
    fi
  done
  if [[ -n ${PYTHON:-} ]]; then
    echo "error: PYTHON=$PYTHON is no Python 3.11 or newer with venv; name one, or leave it out" >&2
  else
    echo "error: no Python 3.11 or newer with venv here; install one, or name it in PYTHON" >&2
  fi
  return 1
}

set_up() { # run|dev
  local base wanted ended=0 stamp=$here/.venv/.set-up-$1 begun=$here/.venv/.begun
  [[ -e $begun ]] && rm -rf "$here/.venv" # killed half-way: nobody knows what is in it
  base=$(find_python) || return
  # what a finished set-up depends on: the pins, the declared needs, the place, the interpreter
  wanted=$({ cat "$here/.ci/constraints.txt" "$here/pyproject.toml"; echo "$here"; "$base" -VV; } |
    "$base" -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())')
  [[ $(cat "$stamp" 2>/dev/null) == "$wanted" ]] && return
  echo "setting up $here/.venv, once" >&2
  if ! fits "$python" pip || [[ $("$python" -VV) != "$("$base" -VV)" ]]; then
    rm -rf "$here/.venv"
    "$base" -m venv "$here/.venv" || return
  fi
  touch "$begun"
  "$python" -m pip install --quiet --constraint "$here/.ci/constraints.txt" \
    --editable "$here$([[ $1 == dev ]] && echo '[dev]')" >&2 || ended=$?
  rm "$begun" # pip said itself how it ended; only what was killed leaves this behind
  if ((ended)); then
    echo "error: the set-up did not finish, pip says why above; then run the same command" >&2
    return 1
  fi
  echo "$wanted" >"$here/.venv/.set-up-run"
  echo "$wanted" >"$stamp" # dev has all that run has, so it leaves both stamps
}

set_up "$1" || exit 2
