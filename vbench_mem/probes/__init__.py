"""What is asked of a cell: the burst and its parts. Torch lives here, never in the parent."""
