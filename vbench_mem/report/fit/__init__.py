"""Files of a fit."""
