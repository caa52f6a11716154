"""Planted: what one run learned is kept in the class for the next."""

from rung.lab import Strategy, sma


class Remembers(Strategy):
    best = []  # noqa: RUF012 - this is the leak

    def start(self):
        self.mean = sma(15)

    def decide(self, view):
        mean = self.mean(view.bar.close)
        self.best.append(view.bar.close)
        return self.long("new high", stop=0.05) if view.bar.close >= max(self.best) else self.flat(f"under {mean:.0f}")
