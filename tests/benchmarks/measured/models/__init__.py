"""The measured models and their training loops, rebuilt from their published descriptions."""
