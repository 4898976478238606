"""The machine: host, device, driver, processes, locks, table of cards. Never imports torch."""
