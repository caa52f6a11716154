"""What is optimised: something with parameters that can be run over some days, wherever its desk is composed.

One run is one task of a campaign: values, days and conditions in, daily returns and trades out.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from rung.domain.fill import Fill
from rung.lab.campaign import Outcome, Task, Work
from rung.lab.metrics import returns_to_ruin
from rung.lab.record import Record
from rung.lab.round_trips import RoundTrips
from rung.lab.statistics.series import Floats
from rung.lab.statistics.sharpe import sharpe_ratio
from rung.lab.statistics.trials import Seen
from rung.lab.trial_count import bars_seen
from rung.strategy.parameters import Value

Values = Mapping[str, Value]
NOTHING = Decimal(0)


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


def outcome_of(record: Record, capital: Decimal) -> Outcome:
    """A run as a campaign keeps it. dates and returns of the days; trades: P&L ÷ equity before the trade was opened,
    none after a ruin.

    What is still open at the end is charged what closing it costs, at the rate its entries paid in fees, half-spread
    and slippage: else a run that ends with a position would look better than one that ends flat.
    """
    end, ruined_on = record.end, record.ruined_on
    entries = [fill for fill in _until_ruin(record) if not fill.closes]
    entered = sum((fill.value_quote for fill in entries), NOTHING)
    if entered:
        costs = sum((fill.fee_quote + fill.slippage_quote for fill in entries), NOTHING)
        end -= record.end_gross * costs / entered
    if end <= 0 and ruined_on is None:
        ruined_on = len(record.dates) - 1
    returns = returns_to_ruin([capital, *record.ends, end], ruined_on).tolist()
    return {"dates": record.dates, "returns": returns, "trades": _trades(record, capital)}


def _until_ruin(record: Record) -> list[Fill]:
    """The fills up to the first close without equity."""
    if record.ruined_on is None:
        return record.fills
    ruin = next(row for row, equity in enumerate(record.equity) if equity <= 0.0)
    return record.fills[: bisect_right(record.fill_rows, ruin)]


def _trades(record: Record, capital: Decimal) -> list[float]:
    """Closed positions, over the equity at the close before they were opened; without funding and loans."""
    trips, opened_with = RoundTrips(), dict[int, float]()
    for fill, row in zip(_until_ruin(record), record.fill_rows, strict=False):
        opened_with.setdefault(fill.at_ns, record.equity[row - 1] if row else float(capital))
        trips.take(fill, row)
    pairs = ((float(trip.pnl_quote), opened_with[trip.opened_ns]) for trip in trips.closed)
    return [pnl / equity for pnl, equity in pairs if equity > 0.0]


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
