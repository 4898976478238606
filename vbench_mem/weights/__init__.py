"""Real weights: what a file is, which tensor goes where, and a report of every one of them."""
