"""Weights from files: their kind, where each tensor goes, and a report of every one."""
