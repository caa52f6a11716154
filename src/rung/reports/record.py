"""What happened in a run, folded day by day: arrays for curves, exact decimals for money."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from rung.reports.legs import ClosedTrade, Leg

Floats = NDArray[np.float64]
Stamps = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candles:
    """The bars of one symbol in one session: (n,) each; `open_ns` is UTC, prices are float64 quote currency."""

    open_ns: Stamps
    open: Floats
    high: Floats
    low: Floats
    close: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRecord:
    """One session as it was traded.

    at_ns, equity_quote, exposure_frac : (n,) one value per slice; exposure is gross notional ÷ equity.
    confidence_* : mean and maximum over the symbols with a signal; strength_* : over ranked signals only.
    NaN where no symbol had one.   candles : empty when read back from session files (they hold no bars).
    refused : violations by kind (an order can have several); refused_orders counts orders.
    """

    date: str
    open_ns: int
    close_ns: int
    start_equity_quote: Decimal
    end_equity_quote: Decimal
    at_ns: Stamps
    equity_quote: Floats
    exposure_frac: Floats
    confidence_mean: Floats
    confidence_max: Floats
    strength_mean: Floats
    strength_max: Floats
    candles: Mapping[str, Candles] = field(default_factory=dict)
    legs: tuple[Leg, ...] = ()
    trades: tuple[ClosedTrade, ...] = ()
    refused: Mapping[str, int] = field(default_factory=Counter)
    refused_orders: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """Every session of a run in order, each one after the one before. Empty when nothing was replayed."""

    days: tuple[DayRecord, ...]

    @property
    def dates(self) -> tuple[str, ...]:
        return tuple(day.date for day in self.days)
