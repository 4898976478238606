"""Pictures and files of a fit."""
