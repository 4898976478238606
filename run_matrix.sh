#!/usr/bin/env bash
# Measure a matrix, write its report, and fail if a budget is broken. Sets itself up on first use.
# Usage: ./run_matrix.sh [MATRIX.yaml], by default matrices/quick.yaml; results go to runs/.
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/.ci/setup.sh" run
matrix=${1:-$here/matrices/quick.yaml}
vbench() { "$python" -m vbench_mem "$@"; }

vbench run "$matrix" --store "$here/runs" # running out of memory is a result: this still succeeds
vbench report "$matrix" --store "$here/runs"
budgets=$("$python" -c 'import sys
from vbench_mem.cli.arguments import find_matrix
from vbench_mem.matrix.load import load_matrix
print(len(load_matrix(find_matrix(sys.argv[1])).budgets))' "$matrix")
if ((budgets)); then
  vbench check "$matrix" --store "$here/runs"
else
  echo "no budgets in $matrix: nothing to judge"
fi
