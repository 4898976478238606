"""From rows to what people read: table.csv, figures, report.html, a table on the terminal."""
