"""Rules of a CUDA device for a trace that runs on fake tensors of the CPU.

Where CUDA's kernels keep memory or workspaces that the CPU's do not, these are added to the trace
as blocks; where CUDA's dispatch or autocast takes another operation, so does the trace. Read from
torch's sources, and held against measurements of cards by `tests.benchmarks.measured_cards`.
"""
