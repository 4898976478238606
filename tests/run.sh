#!/usr/bin/env bash
# Lint, types, layers and tests; sets itself up on first use. Arguments go to pytest.
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/../.ci/setup.sh" dev
cd "$here"
"$python" -m ruff check .
"$python" -m ruff format --check .
"$python" -m mypy
"${python%/*}/lint-imports" --no-cache --no-logo # the layers of the package, see pyproject.toml
unset PYTHONDONTWRITEBYTECODE # else each worker and each process that a test starts compiles all code
# each worker takes tests that lie side by side: what a module makes for all of them is made once
"$python" -m pytest -n 2 --dist worksteal "$@"
