"""The machine and where its runs are kept apart from other machines'. Never imports torch."""
