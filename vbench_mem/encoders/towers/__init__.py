"""The modules of the families, one file each. Never asks which family another is."""
