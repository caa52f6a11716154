"""What is optimised: something with parameters that can be run over some days, wherever its desk is composed.

One run is one task of a campaign: values, days and conditions in, daily returns and trades out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from rung.domain.account import Account
from rung.domain.step import Step
from rung.lab.campaign import Outcome, Task, Work
from rung.lab.metrics import returns_to_ruin
from rung.lab.round_trips import RoundTrips
from rung.lab.statistics.series import Floats
from rung.lab.statistics.sharpe import sharpe_ratio
from rung.lab.statistics.trials import Seen
from rung.lab.trial_count import bars_seen
from rung.strategy.parameters import Value

Values = Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What may be made worse than assumed. cost_multiple : of fees, spread and slippage.   delay_bars : every order
    arrives so much later.   skip_bars : the first ones of the run are not seen.
    """

    cost_multiple: float = 1.0
    delay_bars: int = 0
    skip_bars: int = 0


AS_ASSUMED = Conditions()


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Something with parameters and days.

    name, code_id : as the trial book counts it.   work : a module's function or a `partial` of one, payload → outcome
    {"dates", "returns", "trades"}.   fixed : whatever else decides an outcome (ids of tapes, costs, limits).
    dates : the sessions with bars, ISO, in order.   session_minutes : bars' minutes in a whole session.
    """

    name: str
    code_id: str
    work: Work
    fixed: Mapping[str, Any]
    defaults: Values
    symbols: tuple[str, ...]
    tape_ids: Mapping[str, str]
    dates: tuple[str, ...]
    periods_per_year: int
    session_minutes: int
    interval_minutes: float
    synthetic: bool
    warnings: tuple[str, ...] = ()

    def task(self, values: Values, days: tuple[str, str], conditions: Conditions = AS_ASSUMED) -> Task:
        """One run from the first to the last of `days`, both included; defaults fill in what `values` leaves out."""
        return Task.of(
            {
                **self.fixed,
                "values": {**self.defaults, **values},
                "open_at_the_end": "charged",
                "start": days[0],
                "end": days[1],
                "cost_multiple": conditions.cost_multiple,
                "delay_bars": conditions.delay_bars,
                "skip_bars": conditions.skip_bars,
            }
        )

    def seen(self, first: str, last: str) -> Seen:
        """These days, as the trial book knows them."""
        return bars_seen(self.tape_ids, first, last)


class DayBook:
    """An observer of steps: the daily returns and the trades of a run, as a campaign's outcome.

    What is still open at the end is charged what closing it costs, at the rate its entries paid in fees, half-spread
    and slippage: else a run that ends with a position would look better than one that ends flat.
    """

    def __init__(self, capital: Decimal) -> None:
        self._equity = capital
        self._ends = [capital]
        self._ruined_on: int | None = None
        self._dates: list[str] = []
        self._trips = RoundTrips()
        self._opened_with: dict[int, Decimal] = {}
        self._bars = 0
        self._entered = self._entry_costs = Decimal(0)
        self._account: Account | None = None

    def see(self, step: Step) -> None:
        """Take in one step, in order."""
        date = step.event.session.date
        if not self._dates or date != self._dates[-1]:
            if self._dates:
                self._ends.append(self._equity)
            self._dates.append(date)
        self._bars += 1
        for fill in step.fills if self._ruined_on is None else ():
            self._opened_with.setdefault(fill.at_ns, self._equity)
            self._trips.take(fill, self._bars)
            if not fill.closes:
                self._entered += fill.value_quote
                self._entry_costs += fill.fee_quote + fill.slippage_quote
        self._account, self._equity = step.account, step.account.equity_quote
        if self._equity <= 0:
            self._note_ruin()

    def outcome(self) -> dict[str, Any]:
        """dates and returns of the days; trades: P&L ÷ equity before the trade was opened, none after a ruin."""
        if self._account is not None and self._entered:
            costs = self._account.gross_notional_quote * self._entry_costs / self._entered
            self._equity = self._account.equity_quote - costs
            if self._equity <= 0:
                self._note_ruin()
        ends = [*self._ends, self._equity] if self._dates else self._ends
        returns = returns_to_ruin(ends, self._ruined_on).tolist()
        trades = [
            float(trip.pnl_quote / self._opened_with[trip.opened_ns])
            for trip in self._trips.closed
            if self._opened_with[trip.opened_ns] > 0
        ]
        return {"dates": self._dates, "returns": returns, "trades": trades}

    def _note_ruin(self) -> None:
        if self._ruined_on is None:
            self._ruined_on = len(self._dates) - 1


def row_of(outcome: Outcome) -> Floats:
    """Daily returns of a run, (days,)."""
    return np.array(outcome["returns"], dtype=np.float64)


def joined(outcomes: Sequence[Outcome], key: str = "returns") -> Floats:
    """One row of several runs that follow each other."""
    return np.array([value for outcome in outcomes for value in outcome[key]], dtype=np.float64)


def ratio(row: Floats, periods_per_year: int) -> float | None:
    """Sharpe ratio per period; None where it cannot be computed."""
    measured = sharpe_ratio(row, periods_per_year)
    return None if measured is None else measured.moments.ratio
