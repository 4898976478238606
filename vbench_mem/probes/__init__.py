"""One training step: memory, FLOPs and time, measured or predicted. Never writes a record."""
