"""A matrix file and what it means: YAML in, checked cells out. Never imports torch."""
