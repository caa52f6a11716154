"""Planted: goes through a set of words, whose order is another in every process."""

from rung.lab import Strategy

WORDS = {"momentum", "reversion", "carry", "value", "quality", "size", "trend", "noise"}


class ByHash(Strategy):
    def decide(self, view):
        first = next(iter(WORDS))
        return self.long(first, stop=0.05) if len(first) > 5 else self.flat(first)
