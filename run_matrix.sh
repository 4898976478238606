#!/usr/bin/env bash
# Measure matrices, write their reports, and fail if a budget is broken. Sets itself up on first use.
# Usage: ./run_matrix.sh [MATRIX.yaml ...], by default what small encoders cost (matrices/quick.yaml)
# and what very small ones retrieve (matrices/accuracy_quick.yaml); results go to runs/.
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/.ci/setup.sh" run
if (($# == 0)); then set -- "$here/matrices/quick.yaml" "$here/matrices/accuracy_quick.yaml"; fi
vbench() { "$python" -m vbench_mem "$@"; }

broken=0
for matrix in "$@"; do
  vbench run "$matrix" --store "$here/runs" # running out of memory is a result: this still succeeds
  vbench report "$matrix" --store "$here/runs"
  budgets=$("$python" -c 'import sys
from vbench_mem.cli.arguments import find_matrix
from vbench_mem.matrix.load import load_matrix
print(len(load_matrix(find_matrix(sys.argv[1])).budgets))' "$matrix")
  if ((budgets)); then
    vbench check "$matrix" --store "$here/runs" || broken=$?
  else
    echo "no budgets in $matrix: nothing to judge"
  fi
done
exit "$broken"
