"""The market of a backtest: tapes from a folder or invented ones, their calendar, and what is doubtful about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rung.domain.errors import UserError
from rung.market.calendar import AlwaysOpen, Calendar, calendar_name_for, calendar_named
from rung.market.catalogue import Catalogue
from rung.market.checks import TapeReport, check_tape
from rung.market.replay import TapeFeed
from rung.market.resample import resample
from rung.market.synthetic import SyntheticEtf, invent_market
from rung.market.tape import Tape
from rung.market.tape_file import interval_text

INVENTED_FROM = "2025-03-01"
MINUTES_PER_DAY = 1440


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """What one backtest reads. `feed` replays the whole period, session by session.

    reports : about the tapes as they were recorded.   flagged : per symbol the `open_ns` of bars with a false extreme;
    a longer bar made of such a one is flagged too.
    """

    tapes: tuple[Tape, ...]
    calendar: Calendar
    feed: TapeFeed
    reports: tuple[TapeReport, ...]
    flagged: Mapping[str, frozenset[int]]
    start: str
    end: str

    @property
    def symbols(self) -> tuple[str, ...]:
        return tuple(tape.symbol for tape in self.tapes)

    @property
    def around_the_clock(self) -> bool:
        return self.calendar.name == AlwaysOpen.name

    @property
    def periods_per_year(self) -> int:
        """Days with a return in a year: all of them where nothing ever closes, else an exchange's."""
        return 365 if self.around_the_clock else 252

    @property
    def synthetic(self) -> bool:
        return any(tape.synthetic for tape in self.tapes)

    @property
    def timeframe(self) -> str:
        """The bars the strategy sees: `1m`, `15m`; of several kinds all of them."""
        return " ".join(dict.fromkeys(interval_text(tape.interval_ns) for tape in self.tapes))

    def rows(self, tape: Tape) -> slice:
        """The rows of a tape that lie within the period."""
        sessions = self.feed.sessions
        return tape.rows(sessions[0].open_ns, sessions[-1].close_ns)

    def rows_within(self, tape: Tape) -> NDArray[np.int64]:
        """The rows of a tape that are replayed: whole within a session of the period."""
        spans = [tape.rows(session.open_ns, session.close_ns) for session in self.feed.sessions]
        return np.concatenate([np.arange(span.start, span.stop, dtype=np.int64) for span in spans])


def open_market(
    data: str | Path | Sequence[Tape],
    symbols: Sequence[str],
    period: tuple[str | None, str | None],
    cache: Path | None,
    timeframe: str | None = None,
) -> Market:
    """Read, align and check. period : ISO dates, both included; None means as far as the tapes go.

    timeframe : `5m`, `15m`, `1h`: longer bars made of the tapes' own; None leaves them as they are.
    Raises UserError for a missing folder, an unknown symbol (with the nearest name), a timeframe the bars do not fit
    into, a period that is empty or has no bar of one of the symbols.
    """
    recorded = _tapes(data, symbols, cache)
    calendar = calendar_named(calendar_name_for([tape.open_ns for tape in recorded]), cache)
    start, end = _period(recorded, calendar, period)
    minutes = None if timeframe is None else minutes_of(timeframe)
    tapes = recorded if minutes is None else tuple(resample(tape, minutes, calendar) for tape in recorded)
    feed = TapeFeed(tapes, calendar, start, end)
    first, last = feed.sessions[0].open_ns, feed.sessions[-1].close_ns
    for tape in tapes:
        rows = tape.rows(first, last)
        if rows.stop <= rows.start:
            raise UserError(f"no bar of {tape.symbol} from {start} to {end}", remedy=_covers(tape, calendar))
    reports = tuple(check_tape(tape, calendar, first, last) for tape in recorded)
    pairs = zip(tapes, reports, strict=True)
    flagged = {tape.symbol: _bars_with(tape, report.flagged_minutes) for tape, report in pairs}
    return Market(
        tapes=tapes, calendar=calendar, feed=feed, reports=reports, flagged=flagged, start=start, end=end
    )  # fmt: skip


def minutes_of(timeframe: str) -> int:
    """`15m` → 15, `1h` → 60. Raises UserError for anything that is not whole minutes or hours up to a day."""
    number, unit = timeframe[:-1], timeframe[-1:]
    minutes = int(number) * (60 if unit == "h" else 1) if number.isdecimal() and unit in ("m", "h") else 0
    if not 1 <= minutes <= MINUTES_PER_DAY:
        raise UserError(f"{timeframe!r} is no timeframe", where="--timeframe", remedy="write 5m, 15m or 1h")
    return minutes


def invented_tapes(symbol: str = "TEST", *, days: int = 3, seed: int = 7, start: str = INVENTED_FROM) -> list[Tape]:
    """One invented symbol that trades around the clock, for tests of strategies. Nothing in it can be predicted."""
    etf = SyntheticEtf(symbol=symbol, index_beta=1.0, start_price=100.0, daily_volume_base=40e6)
    return list(invent_market(AlwaysOpen(), start, days, seed, (etf,)))


def _tapes(data: str | Path | Sequence[Tape], symbols: Sequence[str], cache: Path | None) -> tuple[Tape, ...]:
    if isinstance(data, str | Path):
        if not symbols:
            raise UserError("no symbol", remedy="name one or more: --symbol BTCUSDT")
        return Catalogue(Path(data), cache).tapes(symbols)
    known = {tape.symbol: tape for tape in data}
    missing = [symbol for symbol in symbols if symbol not in known]
    if missing:
        raise UserError(f"no tape for {missing[0]}", remedy=f"the tapes given are {', '.join(known)}")
    return tuple(known[symbol] for symbol in symbols) if symbols else tuple(data)


def _bars_with(tape: Tape, instants: frozenset[int]) -> frozenset[int]:
    """The `open_ns` of the bars of `tape` in which one of these instants lies."""
    row = np.searchsorted(tape.open_ns, sorted(instants), side="right") - 1
    held = zip(row.tolist(), sorted(instants), strict=True)
    opens = (int(tape.open_ns[i]) for i, at in held if i >= 0 and at < tape.open_ns[i] + tape.interval_ns)
    return frozenset(opens)


def _period(tapes: Sequence[Tape], calendar: Calendar, period: tuple[str | None, str | None]) -> tuple[str, str]:
    """First and last day that is replayed: what was asked for, but no day before or after every tape, so that the same
    bars have the same name however the period was typed.
    """
    start, end = period
    if start is not None and end is not None and end < start:
        raise UserError(f"the period ends on {end}, before it starts on {start}", remedy="swap --from and --to")
    first = calendar.session_of(min(tape.first_ns for tape in tapes))
    last = calendar.session_of(max(tape.last_ns for tape in tapes))
    if first is None or last is None:
        if start is None or end is None:
            raise UserError(f"the tapes lie outside the sessions of {calendar.name}", remedy="give --from and --to")
        return start, end
    begin, stop = max(start or first.date, first.date), min(end or last.date, last.date)
    return (begin, stop) if begin <= stop else (start or first.date, end or last.date)


def _covers(tape: Tape, calendar: Calendar) -> str:
    first, last = calendar.session_of(tape.first_ns), calendar.session_of(tape.last_ns)
    if first is None or last is None:
        return f"its bars lie outside the sessions of {calendar.name}"
    return f"its tape covers {first.date} to {last.date}"
