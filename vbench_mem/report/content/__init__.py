"""The sections of a report, a module each: rows and findings -> blocks."""
