"""From records to decisions: rows, scores, budgets, fit, claims, comparisons. Never draws."""
