"""From rows to what people read: tables, figures, HTML, PDF, Markdown. Never runs a cell."""
