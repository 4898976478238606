"""Errors, units, files, loads and tables of metrics. Never imports another of the packages."""
