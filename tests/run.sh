#!/usr/bin/env bash
# Lint, types and tests; sets itself up on first use. Arguments go to pytest.
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/../.ci/setup.sh" dev
cd "$here"
"$python" -m ruff check .
"$python" -m ruff format --check .
"$python" -m mypy
"$python" -m pytest -n 2 "$@"
