"""The market of a backtest: tapes from a folder or invented ones, their calendar, and what is doubtful about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rung.domain.errors import UserError
from rung.market.calendar import AlwaysOpen, Calendar, calendar_name_for, calendar_named
from rung.market.catalogue import Catalogue
from rung.market.checks import TapeReport, check_tape
from rung.market.replay import TapeFeed
from rung.market.synthetic import SyntheticEtf, invent_market
from rung.market.tape import Tape

INVENTED_FROM = "2025-03-01"


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """What one backtest reads. `feed` replays the whole period, session by session."""

    tapes: tuple[Tape, ...]
    calendar: Calendar
    feed: TapeFeed
    reports: tuple[TapeReport, ...]
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
    def flagged(self) -> Mapping[str, frozenset[int]]:
        """Per symbol the bars whose extremes are false prints."""
        return {tape.symbol: report.flagged_minutes for tape, report in zip(self.tapes, self.reports, strict=True)}

    def rows(self, tape: Tape) -> slice:
        """The rows of a tape that lie within the period."""
        sessions = self.feed.sessions
        return tape.rows(sessions[0].open_ns, sessions[-1].close_ns)


def open_market(
    data: str | Path | Sequence[Tape], symbols: Sequence[str], period: tuple[str | None, str | None], cache: Path | None
) -> Market:
    """Read, align and check. period : ISO dates, both included; None means as far as the tapes go.

    Raises UserError for a missing folder, an unknown symbol (with the nearest name), a period that is empty or has no
    bar of one of the symbols.
    """
    tapes = _tapes(data, symbols, cache)
    calendar = calendar_named(calendar_name_for([tape.open_ns for tape in tapes]), cache)
    start, end = _period(tapes, calendar, period)
    feed = TapeFeed(tapes, calendar, start, end)
    first, last = feed.sessions[0].open_ns, feed.sessions[-1].close_ns
    for tape in tapes:
        rows = tape.rows(first, last)
        if rows.stop <= rows.start:
            raise UserError(f"no bar of {tape.symbol} from {start} to {end}", remedy=_covers(tape, calendar))
    reports = tuple(check_tape(tape, calendar, first, last) for tape in tapes)
    return Market(tapes=tapes, calendar=calendar, feed=feed, reports=reports, start=start, end=end)


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


def _period(tapes: Sequence[Tape], calendar: Calendar, period: tuple[str | None, str | None]) -> tuple[str, str]:
    start, end = period
    if start is None or end is None:
        first = calendar.session_of(min(tape.first_ns for tape in tapes))
        last = calendar.session_of(max(tape.last_ns for tape in tapes))
        if first is None or last is None:
            raise UserError(f"the tapes lie outside the sessions of {calendar.name}", remedy="give --from and --to")
        start, end = start or first.date, end or last.date
    if end < start:
        raise UserError(f"the period ends on {end}, before it starts on {start}", remedy="swap --from and --to")
    return start, end


def _covers(tape: Tape, calendar: Calendar) -> str:
    first, last = calendar.session_of(tape.first_ns), calendar.session_of(tape.last_ns)
    if first is None or last is None:
        return f"its bars lie outside the sessions of {calendar.name}"
    return f"its tape covers {first.date} to {last.date}"
