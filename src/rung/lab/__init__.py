"""Any strategy, tested honestly: what was tried, what it would have earned, and whether luck explains it."""
