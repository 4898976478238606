"""What training a video-text encoder costs in memory, FLOPs and time, and the recall it buys."""

__version__ = "0.1.0"
