"""Limits on metrics and what became of them."""
