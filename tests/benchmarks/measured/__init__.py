"""Memory that others measured on real cards, rebuilt and predicted. See docs/validation.md."""
