"""Benches that a streaming desk can run, and the record of such a run."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import numpy as np

from rung.domain.decimals import exact
from rung.engine.streaming import Happening, StreamingDesk
from rung.lab.bench import Bench, most_weight
from rung.lab.marking import marked
from rung.lab.record import Record
from rung.simulation.financed import FinancedVenue
from rung.strategy.authoring import Strategy
from rung.strategy.running import begun

Told = Callable[[str, int], None]
"""Told the day that is over and how many bars are done."""


def why_not(bench: Bench) -> str:
    """Why only `Desk.step` can run this bench; "" when a streaming desk can."""
    if not issubclass(bench.found.cls, Strategy):
        return "a portfolio decides on all symbols at once"
    if len(bench.market.tapes) != 1:
        return "several symbols share the account"
    if not bench.market.around_the_clock:
        return "the market closes at night"
    if bench.guard().remembers is None:
        return "risk measures every slice"
    return ""


def streamed(bench: Bench, told: Told) -> Record:
    """One run on a bench that `why_not` has nothing against. Raises UserError naming the author's line."""
    (tape,) = bench.market.tapes
    venue = bench.venue()
    assert isinstance(venue, FinancedVenue)  # noqa: S101 (what never closes is traded on one)
    desk = StreamingDesk(
        instance=begun(bench.found.cls, bench.values, most_weight(bench.limits)),
        symbol=tape.symbol,
        allocator=bench.allocator(),
        guard=bench.guard(),
        venue=venue,
        ledger=bench.ledger(),
    )
    record, done, begins = Record(), 0, list[int]()
    changes = [(0, bench.capital, Decimal(0))]
    for session in bench.market.feed.sessions:
        rows = tape.rows(session.open_ns, session.close_ns)
        if rows.stop > rows.start:
            begins.append(done)
            record.dates.append(session.date)
            record.first_fills.append(len(record.fills))
            columns = (tape.open_ns, tape.open, tape.high, tape.low, tape.close, tape.volume)
            listed = tuple(column[rows].tolist() for column in columns)
            for happened in desk.session(session, listed, tape.interval_ns):
                _enter(record, happened)
                changes.append((happened.number, happened.rest_quote, happened.quantity))
            done += rows.stop - rows.start
            told(session.date, done)
    _mark(record, bench, begins, changes)
    account = desk.account()
    record.end, record.end_gross = account.equity_quote, account.gross_notional_quote
    return record


def _enter(record: Record, happened: Happening) -> None:
    """As the recorder takes in a step."""
    for fill in happened.fills:
        record.fills.append(fill)
        record.fill_rows.append(happened.number)
        record.trips.take(fill, happened.number + 1)
    for charge in happened.charges:
        record.charged.append((happened.number, charge))
        record.trips.charge(charge)
    record.verdicts.extend(happened.verdicts)
    record.notes.extend(happened.notes)


def _mark(record: Record, bench: Bench, begins: list[int], changes: list[tuple[int, Decimal, Decimal]]) -> None:
    """Equity and gross value at every close, and exactly at the end of every day but the last."""
    (tape,) = bench.market.tapes
    rows = bench.market.rows_within(tape)
    numbers, rests, quantities = zip(*changes, strict=True)
    since = np.searchsorted(np.array(numbers), np.arange(len(rows)), side="right") - 1
    close = tape.close[rows]
    equity, gross = marked(close, since, rests, quantities)
    record.at_ns = (tape.open_ns[rows] + tape.interval_ns).tolist()
    record.equity, record.gross = equity.tolist(), gross.tolist()
    for last in [first - 1 for first in begins[1:]]:
        record.ends.append(rests[since[last]] + quantities[since[last]] * exact(float(close[last])))
    ruined = np.flatnonzero(equity <= 0.0)
    if len(ruined):
        record.ruined_on = int(np.searchsorted(begins, ruined[0], side="right")) - 1
