"""Running cells: a plan, a fresh process each, a record for every ending. Never imports torch."""
