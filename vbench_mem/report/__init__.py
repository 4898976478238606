"""From rows to what people read: tables, figures, report.html, .pdf and .md, and the terminal."""
