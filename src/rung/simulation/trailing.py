"""A stop that follows the best close and never retreats."""

from __future__ import annotations

from decimal import Decimal
from math import inf

from rung.domain.target import Protection
from rung.simulation.prices import exact, round_down, round_up

ZERO, ONE = Decimal(0), Decimal(1)


class Trail:
    """The trailing stop of one position. `moved` : a close was better than all before, and the level has not followed.

    It begins at the entry price, or at the newest close when it is asked for later. A close is seen when its bar is
    over; the level follows before the next bar, so that what a strategy says at a close counts for that close.
    """

    __slots__ = ("best", "level", "moved")

    def __init__(self, begin: Decimal) -> None:
        self.best = float(begin)
        self.level: Decimal | None = None
        self.moved = False

    def see(self, close: float, *, is_long: bool) -> None:
        """Take in a close; one that is no price is none."""
        if 0.0 < close < inf and (close > self.best if is_long else close < self.best):
            self.best, self.moved = close, True

    def follow(self, protection: Protection, tick: Decimal, *, is_long: bool) -> Decimal:
        """The level behind the best close, on the tick and never nearer than asked; not behind the one before."""
        best, gaps = exact(self.best), []
        if protection.trail_frac is not None:
            gaps.append(best * exact(protection.trail_frac))
        if protection.trail_quote is not None:
            gaps.append(exact(protection.trail_quote))
        level = round_down(max(best - min(gaps), ZERO), tick) if is_long else round_up(best + min(gaps), tick)
        if self.level is None or (level > self.level if is_long else level < self.level):
            self.level = level.quantize(tick)
        self.moved = False
        return self.level
