"""Retrieval scores from files and papers, with their origins. Never measures one."""
