#!/usr/bin/env bash
# Lint, types and tests; sets itself up on first use. Arguments go to pytest.
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/../.ci/setup.sh" dev
cd "$here"
"$python" -m ruff check .
"$python" -m ruff format --check .
"$python" -m mypy
# each worker takes tests that lie side by side: what a module makes for all of them is made once
"$python" -m pytest -n 2 --dist worksteal "$@"
