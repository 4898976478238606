"""A benchmark of generated clips and captions: who and where, in which order, and after how long.

Says of each kind of encoder what it can reach at most, computed from the pictures. Never torch.
"""
