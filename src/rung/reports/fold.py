"""Steps → RunRecord, in one pass. Runs inside the replay: a step costs an append, a session's end the arrays."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from rung.domain.step import Step
from rung.domain.verdicts import Refused
from rung.reports.legs import ClosedTrade, Leg, LegBook, TradeFold
from rung.reports.record import Candles, DayRecord, Floats, RunRecord


class RunFold:
    """An observer of steps. `record()` may be asked at any time; it changes nothing."""

    def __init__(self) -> None:
        self._date = ""
        self._steps: list[Step] = []
        self._days: list[DayRecord] = []
        self._bar = 0
        self._book = LegBook()
        self._trade_fold = TradeFold()
        self._legs: list[Leg] = []
        self._trades: list[ClosedTrade] = []

    def see(self, step: Step) -> None:
        """Take in one step, in order. Holds at most one session of steps."""
        if step.event.session.date != self._date:
            self._turn_to(step.event.session.date)
        self._bar += 1
        if step.fills:
            self._book_fills(step)
        self._steps.append(step)

    def record(self) -> RunRecord:
        """Everything seen so far, the present session included."""
        today = (self._day(),) if self._steps else ()
        return RunRecord(days=(*self._days, *today))

    def _turn_to(self, date: str) -> None:
        if self._steps:
            self._days.append(self._day())
        self._date = date
        self._steps, self._legs, self._trades = [], [], []

    def _book_fills(self, step: Step) -> None:
        for fill in step.fills:
            for leg in self._book.book(fill, self._bar):
                self._legs.append(leg)
                trade = self._trade_fold.add(leg)
                if trade is not None:
                    self._trades.append(trade)

    def _day(self) -> DayRecord:
        steps = self._steps
        session = steps[0].event.session
        equity = _column([float(s.account.equity_quote) for s in steps])
        beliefs = _beliefs(steps)
        refusals = [v for s in steps for v in s.verdicts if isinstance(v, Refused)]
        kinds = Counter(violation.kind.value for refusal in refusals for violation in refusal.violations)
        return DayRecord(
            date=session.date,
            open_ns=session.open_ns,
            close_ns=session.close_ns,
            start_equity_quote=steps[0].account.session_start_equity_quote,
            end_equity_quote=steps[-1].account.equity_quote,
            at_ns=np.array([s.event.at_ns for s in steps], np.int64),
            equity_quote=equity,
            exposure_frac=_exposure(steps, equity),
            confidence_mean=beliefs[:, 0],
            confidence_max=beliefs[:, 1],
            strength_mean=beliefs[:, 2],
            strength_max=beliefs[:, 3],
            candles=_candles(steps),
            legs=tuple(self._legs),
            trades=tuple(self._trades),
            refused=dict(sorted(kinds.items())),
            refused_orders=len(refusals),
            notes=tuple(note for step in steps for note in step.notes),
        )


def _exposure(steps: Sequence[Step], equity: Floats) -> Floats:
    """Gross notional ÷ equity: a short counts as a size, a margined position as what it is worth, paid for or not."""
    accounts = [step.account for step in steps]
    gross = [float(account.gross_notional_quote) if account.positions else 0.0 for account in accounts]
    return np.divide(_column(gross), equity, out=np.zeros(len(steps)), where=equity > 0)


def _beliefs(steps: Sequence[Step]) -> Floats:
    signals = [signal for step in steps for signal in step.signals]
    row = np.repeat(np.arange(len(steps)), [len(s.signals) for s in steps])
    return beliefs_by_row(
        len(steps),
        row,
        _column([s.confidence for s in signals]),
        _column([s.strength for s in signals]),
        _column([s.rank for s in signals]) > 0,
    )


def beliefs_by_row(
    rows: int, row: NDArray[np.int64], confidence: Floats, strength: Floats, ranked: NDArray[np.bool_]
) -> Floats:
    """(rows, 4): confidence mean and max over all signals, strength mean and max over ranked ones; NaN without.

    row : (m,) sorted, the slice each of the m signals belongs to.
    """
    out = np.full((rows, 4), np.nan)
    _mean_and_max(confidence, row, out[:, :2])
    _mean_and_max(strength[ranked], row[ranked], out[:, 2:])
    return out


def _mean_and_max(values: Floats, row: NDArray[np.int64], out: Floats) -> None:
    count = np.bincount(row, minlength=len(out))
    present = count > 0
    if not present.any():
        return
    first = (np.cumsum(count) - count)[present]
    out[present, 0] = np.add.reduceat(values, first) / count[present]
    out[present, 1] = np.maximum.reduceat(values, first)


def _column(values: Sequence[float]) -> Floats:
    """An array of these numbers. Packing them is three times as fast as numpy's own way from a list."""
    return np.frombuffer(struct.pack(f"={len(values)}d", *values), np.float64)


def _candles(steps: Sequence[Step]) -> dict[str, Candles]:
    """Every bar of the session by symbol. A slice's bars all closed at its `at_ns`: that dates them."""
    slices = [s.event for s in steps]
    bars = list(chain.from_iterable(e.bars.values() for e in slices))
    if not bars:
        return {}
    symbols = [bar.symbol for bar in bars]
    numbers = {symbol: i for i, symbol in enumerate(sorted(set(symbols)))}
    number = _column([numbers[symbol] for symbol in symbols])
    prices = [_column([bar.open for bar in bars]), _column([bar.high for bar in bars])]
    prices += [_column([bar.low for bar in bars]), _column([bar.close for bar in bars])]
    closed_ns = np.repeat([e.at_ns for e in slices], [len(e.bars) for e in slices])
    candles = {}
    for name, i in numbers.items():
        of_symbol = np.flatnonzero(number == i)
        opened, high, low, closed = (column.take(of_symbol) for column in prices)
        candles[name] = Candles(
            open_ns=closed_ns.take(of_symbol) - bars[0].interval_ns, open=opened, high=high, low=low, close=closed
        )
    return candles
