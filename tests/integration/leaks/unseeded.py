"""Planted: chance without a seed."""

import numpy as np

from rung.lab import Strategy


class Unseeded(Strategy):
    def start(self):
        self.chance = np.random.default_rng()

    def decide(self, view):
        return self.long("heads", stop=0.05) if self.chance.random() < 0.5 else self.flat("tails")
