"""Checkpoints of several libraries: which tensor goes where, and a report. Never downloads."""
