"""`python -m vbench_mem` is `vbench-mem`."""

from vbench_mem.cli import main

if __name__ == "__main__":
    main()
