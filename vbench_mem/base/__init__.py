"""Errors, units, files, loads, tables of metrics. Knows no encoder and no matrix."""
