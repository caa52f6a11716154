"""What a strategy believes (Signal) and what it wants (Target). Neither can trade."""

from __future__ import annotations

from enum import StrEnum

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
    """Where a position is given up or its profit taken, as fractions of the average entry price (both > 0).

    None means "no such order". The venue holds these orders; they act from the bar after they are placed.
    """

    stop_frac: float | None = None
    take_profit_frac: float | None = None


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
