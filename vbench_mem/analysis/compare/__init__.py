"""What changed between two runs, reports or baselines. No torch."""
