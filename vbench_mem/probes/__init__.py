"""Measurements of a cell: the burst and its parts. Torch is imported here, never in the parent."""
