"""A benchmark of generated clips and captions: what is where, in which order, and after how long.

Computes from the pictures what each kind of encoder can reach at most. No torch.
"""
