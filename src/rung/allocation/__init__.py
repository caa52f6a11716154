"""Targets in, Orders out: sizes and nets, knows prices and lots, decides nothing."""
