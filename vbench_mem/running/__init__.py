"""Running cells: a fresh process and a record for each. The parent never imports torch."""
