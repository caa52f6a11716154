"""Planted: goes through a set of words, whose order is another in every process."""

from rung.lab import Strategy

WORDS = {"momentum", "reversion", "carry", "value", "quality", "size", "trend", "noise"}


class ByHash(Strategy):
    def decide(self, view):
        order = " ".join(WORDS)
        return self.long(order, stop=0.05) if view.minute % 2 else self.flat(order)
