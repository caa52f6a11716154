"""What a strategy believes (Signal) and what it wants (Target). Neither can trade."""

from __future__ import annotations

from enum import StrEnum
from math import isfinite, nan

from msgspec import Struct


class Lean(StrEnum):
    """The side a signal takes."""

    LONG = "LONG"
    SHORT = "SHORT"
    NEUTRAL = "NEUTRAL"


class Action(StrEnum):
    """Why a target exists, in the words of the rotation's decision log."""

    HOLD = "HOLD"
    EXIT = "EXIT"
    ENTER_LONG = "ENTER_LONG"
    ENTER_SHORT = "ENTER_SHORT"
    ROTATE_OUT = "ROTATE_OUT"
    PROFIT_TARGET = "PROFIT_TARGET"
    STOP_LOSS = "STOP_LOSS"
    EOD_EXIT = "EOD_EXIT"
    GUARD = "GUARD"
    """Only what guards the position changes: its quantity, and whatever still works, stay as they are."""


class Signal(Struct, frozen=True, kw_only=True, gc=False):
    """A belief about one symbol at `at_ns`.

    probability : of the chosen side (max(p, 1-p)), in [0.5, 1].   confidence : in [0, 1].
    strength : the smoothed ranking score.   rank : 1 is strongest; 0 means unranked.
    """

    at_ns: int
    symbol: str
    lean: Lean
    probability: float
    confidence: float
    strength: float
    rank: int


class Protection(Struct, frozen=True, kw_only=True, gc=False):
    """Where a position is given up or its profit taken, stop_frac and take_profit_frac of the average entry price.

    trail_frac, trail_quote : a stop that follows the best close since the entry at this fraction of it, or at this
    distance in quote currency (a multiple of the ATR, say), and never retreats; other distances count from now on, for
    closes to come and the best one so far. Of several stops the nearest acts. All > 0; None means "no such order".
    The venue holds these orders; they act from the bar after they are placed.
    """

    stop_frac: float | None = None
    take_profit_frac: float | None = None
    trail_frac: float | None = None
    trail_quote: float | None = None

    @property
    def trails(self) -> bool:
        """Whether a stop of it follows the market."""
        return self.trail_frac is not None or self.trail_quote is not None

    def stop_distance_frac(self, price: float) -> float | None:
        """How far from an entry at `price` the nearest stop begins; None without one, NaN for one that is no number."""
        given = [each for each in (self.stop_frac, self.trail_frac) if each is not None]
        if self.trail_quote is not None:
            given.append(self.trail_quote / price if price > 0.0 else nan)
        return None if not given else min(given) if all(isfinite(each) for each in given) else nan


class Target(Struct, frozen=True, kw_only=True, gc=False):
    """The position a strategy wants in one symbol, and why.

    weight : signed fraction of equity; 0 means out; None means "keep the quantity there is".
    protection : what must guard the position from now on; None leaves the present protection as it is.
    """

    at_ns: int
    symbol: str
    action: Action
    weight: float | None
    reason: str
    strength: float = 0.0
    rank: int = 0
    protection: Protection | None = None
