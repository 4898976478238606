#!/usr/bin/env bash
# Measure matrices, write their reports, and fail if a budget is broken. The first use installs what
# it needs into .venv.
# Usage: ./run_matrix.sh [MATRIX.yaml ...]; default: matrices/quick.yaml (cost of small encoders) and
# matrices/accuracy_quick.yaml (retrieval of very small ones). Results are written to runs/.
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/.ci/setup.sh" run
if (($# == 0)); then set -- "$here/matrices/quick.yaml" "$here/matrices/accuracy_quick.yaml"; fi
vbench() { "$python" -m vbench_mem "$@"; }

broken=0
for matrix in "$@"; do
  vbench run "$matrix" --store "$here/runs" # succeeds also where cells run out of memory
  vbench report "$matrix" --store "$here/runs"
  budgets=$("$python" -c 'import sys
from vbench_mem.cli.arguments import find_matrix
from vbench_mem.matrix.load import load_matrix
print(len(load_matrix(find_matrix(sys.argv[1])).budgets))' "$matrix")
  if ((budgets)); then
    vbench check "$matrix" --store "$here/runs" || broken=$?
  else
    echo "$matrix has no budgets to check"
  fi
done
exit "$broken"
