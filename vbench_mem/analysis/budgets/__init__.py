"""Budgets: limits on metrics, and the verdicts on them."""
