"""Buy and sell thresholds, optionally moved towards a target win rate.

A signal wins when the symbol's next bar moves its way. Every `calibration_window` bars with signals in them: below
the target the neutral zone widens by one step on both sides, above it narrows (the source's rule and bounds).
"""

from __future__ import annotations

from rung.domain.target import Lean
from rung.strategy.rotation.params import OesConfig

BUY_BOUNDS = (0.51, 0.70)
SELL_BOUNDS = (0.30, 0.49)
MIN_SEPARATION = 0.04


class Thresholds:
    """One symbol's thresholds; constant unless calibration is enabled."""

    __slots__ = ("_bars", "_config", "_pending", "_signals", "_wins", "buy", "sell")

    def __init__(self, config: OesConfig) -> None:
        self._config = config
        self.buy, self.sell = config.buy_threshold, config.sell_threshold
        self._bars = self._signals = self._wins = 0
        self._pending = Lean.NEUTRAL

    def lean(self, probability_up: float) -> Lean:
        """LONG above the buy threshold, SHORT below the sell threshold, NEUTRAL between."""
        if probability_up > self.buy:
            return Lean.LONG
        return Lean.SHORT if probability_up < self.sell else Lean.NEUTRAL

    def announce(self, lean: Lean) -> None:
        """Remember this bar's side; `learn` scores it on the next bar."""
        self._pending = lean

    def learn(self, next_return: float) -> None:
        """Score the announced side on the bar after it, and calibrate when the window is full."""
        if not self._config.enable_threshold_calibration:
            return
        self._bars += 1
        if self._pending is not Lean.NEUTRAL:
            self._signals += 1
            self._wins += (next_return > 0.0) is (self._pending is Lean.LONG) and next_return != 0.0
        self._pending = Lean.NEUTRAL
        if self._bars >= self._config.calibration_window:
            self._calibrate()
            self._bars = self._signals = self._wins = 0

    def _calibrate(self) -> None:
        if self._signals == 0:
            return
        step = self._config.threshold_step
        if self._wins / self._signals >= self._config.target_win_rate:
            step = -step
        buy = min(max(self.buy + step, BUY_BOUNDS[0]), BUY_BOUNDS[1])
        sell = min(max(self.sell - step, SELL_BOUNDS[0]), SELL_BOUNDS[1])
        if buy - sell >= MIN_SEPARATION - 1e-12:
            self.buy, self.sell = buy, sell
