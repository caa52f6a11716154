"""Recorded and invented bars: files, calendars, checks, and the slices they become."""
