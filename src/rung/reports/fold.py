"""Steps → RunRecord, in one pass. Runs inside the replay: a step costs an append, a session's end the arrays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from rung.domain.bar import Bar
from rung.domain.step import Step
from rung.domain.verdicts import Refused
from rung.reports.legs import ClosedTrade, Leg, LegBook, TradeFold
from rung.reports.record import Candles, DayRecord, Floats, RunRecord

NAN = float("nan")


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
        equity = np.array([float(s.account.equity_quote) for s in steps])
        beliefs = _beliefs(steps)
        refusals = [v for s in steps for v in s.verdicts if isinstance(v, Refused)]
        kinds = Counter(violation.kind.value for refusal in refusals for violation in refusal.violations)
        return DayRecord(
            date=session.date,
            open_ns=session.open_ns,
            close_ns=session.close_ns,
            start_equity_quote=steps[0].account.session_start_equity_quote,
            end_equity_quote=steps[-1].account.equity_quote,
            at_ns=np.array([s.event.at_ns for s in steps], dtype=np.int64),
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
    gross = np.zeros(len(steps))
    for i, step in enumerate(steps):
        if step.account.positions:
            gross[i] = sum(abs(float(p.quantity) * float(p.mark_price)) for p in step.account.positions.values())
    return np.divide(gross, equity, out=np.zeros(len(steps)), where=equity > 0)


def _beliefs(steps: Sequence[Step]) -> Floats:
    """(n, 4): confidence mean and max over all signals, strength mean and max over ranked ones; NaN without."""
    rows = []
    for step in steps:
        signals = step.signals
        if not signals:
            rows.append((NAN, NAN, NAN, NAN))
            continue
        confidences = [s.confidence for s in signals]
        strengths = [s.strength for s in signals if s.rank]
        mean = sum(confidences) / len(confidences)
        if strengths:
            rows.append((mean, max(confidences), sum(strengths) / len(strengths), max(strengths)))
        else:
            rows.append((mean, max(confidences), NAN, NAN))
    return np.array(rows)


def _candles(steps: Sequence[Step]) -> dict[str, Candles]:
    bars: dict[str, list[Bar]] = {}
    for step in steps:
        for symbol, bar in step.event.bars.items():
            if symbol in bars:
                bars[symbol].append(bar)
            else:
                bars[symbol] = [bar]
    return {
        symbol: Candles(
            open_ns=np.array([b.open_ns for b in row], dtype=np.int64),
            open=np.array([b.open for b in row]),
            high=np.array([b.high for b in row]),
            low=np.array([b.low for b in row]),
            close=np.array([b.close for b in row]),
        )
        for symbol, row in sorted(bars.items())
    }
