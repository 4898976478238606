"""How much fits: the most frames and the largest batch, searched on predictions."""
