# Sourced by run_matrix.sh and tests/run.sh: a virtual environment in .venv with what was tested.
# Usage: source .ci/setup.sh run|dev; sets `here` (the repository) and `python` (the environment's).
# Asks nothing of the network when the stamp in .venv says that this very set-up was finished before.

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
python=$here/.venv/bin/python
export PIP_DISABLE_PIP_VERSION_CHECK=1

find_python() {
  local name
  for name in ${PYTHON:+"$PYTHON"} python3.13 python3.12 python3.11 python3; do
    if "$name" -c 'import ensurepip, sys, venv
sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
      command -v "$name"
      return
    fi
  done
  echo "error: no Python 3.11, 3.12 or 3.13 with venv was found; install one or name it, PYTHON=..." >&2
  return 1
}

set_up() { # run|dev
  local base wanted stamp=$here/.venv/.set-up-$1
  base=$(find_python) || return
  # what a finished set-up depends on: the pins, the declared needs, the place, the interpreter
  wanted=$({ cat "$here/.ci/constraints.txt" "$here/pyproject.toml"; echo "$here"; "$base" -VV; } |
    "$base" -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())')
  [[ $(cat "$stamp" 2>/dev/null) == "$wanted" ]] && return
  echo "setting up $here/.venv, once" >&2
  # an interrupted set-up left no stamp; one that cannot even start pip is made again
  if ! "$python" -c 'import pip' 2>/dev/null; then
    rm -rf "$here/.venv"
    "$base" -m venv "$here/.venv" || return
  fi
  "$python" -m pip install --quiet --constraint "$here/.ci/constraints.txt" \
    --editable "$here$([[ $1 == dev ]] && echo '[dev]')" >&2 || return
  echo "$wanted" >"$here/.venv/.set-up-run"
  echo "$wanted" >"$stamp" # dev has all that run has, so it leaves both stamps
}

if ! set_up "$1"; then
  echo "error: the set-up did not finish; the same command goes on from where it stopped" >&2
  exit 2
fi
