"""Strategies: Slice in, Targets out. A strategy decides; it cannot trade."""
