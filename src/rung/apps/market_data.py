"""Opens the tapes of a run, its sessions, and everything the checks doubt about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rung.domain.errors import UserError
from rung.domain.session import Session
from rung.domain.slice import Slice
from rung.market.calendar import Calendar, calendar_name_for, calendar_named
from rung.market.catalogue import Catalogue
from rung.market.checks import TapeReport, check_tape
from rung.market.replay import TapeFeed
from rung.market.tape import Tape


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketData:
    """What a replay reads. `warm_up` holds the sessions strictly before the first replayed one, possibly none."""

    tapes: tuple[Tape, ...]
    calendar: Calendar
    sessions: tuple[Session, ...]
    warm_up: tuple[Session, ...]
    reports: tuple[TapeReport, ...]
    empty_sessions: tuple[Session, ...]
    """Sessions of the period in which no symbol has a bar: they are left out, and the report says so."""

    def feed_of(self, session: Session) -> TapeFeed:
        """The slices of one session."""
        return TapeFeed(self.tapes, self.calendar, session.date, session.date)

    def warm_up_feed(self) -> Iterator[Slice]:
        """The slices before the period, session by session."""
        for session in self.warm_up:
            yield from self.feed_of(session)

    @property
    def flagged(self) -> Mapping[str, frozenset[int]]:
        """Per symbol the bars whose extremes are false prints."""
        return {tape.symbol: report.flagged_minutes for tape, report in zip(self.tapes, self.reports, strict=True)}


def open_market_data(
    data_dir: Path, symbols: Sequence[str], period: tuple[str, str], warm_up_sessions: int, cache_dir: Path
) -> MarketData:
    """Read, align and check. Raises UserError for a missing folder, tape, session or bar, naming what there is."""
    catalogue = Catalogue(data_dir, cache_dir)
    tapes = catalogue.tapes(symbols)
    calendar = calendar_named(calendar_name_for([t.open_ns for t in tapes]), cache_dir)
    start, end = period
    feed = TapeFeed(tapes, calendar, start, end)
    empty = set(feed.empty_sessions)
    sessions = tuple(s for s in feed.sessions if s not in empty)
    before = [s for s in calendar.before(sessions[0].date, warm_up_sessions) if _has_bars(tapes, s)]
    _refuse_absent(tapes, sessions, data_dir)
    first, last = (before or list(sessions))[0].open_ns, sessions[-1].close_ns
    return MarketData(
        tapes=tapes,
        calendar=calendar,
        sessions=sessions,
        warm_up=tuple(before),
        empty_sessions=feed.empty_sessions,
        reports=tuple(check_tape(tape, calendar, first, last) for tape in tapes),
    )


def _refuse_absent(tapes: Sequence[Tape], sessions: Sequence[Session], data_dir: Path) -> None:
    """A symbol that never trades in the period is a mistake in the question, not a symbol without signals."""
    absent = [tape.symbol for tape in tapes if not any(_has_bars((tape,), session) for session in sessions)]
    if absent:
        others = ",".join(tape.symbol for tape in tapes if tape.symbol not in absent)
        raise UserError(
            f"no bar of {', '.join(absent)} from {sessions[0].date} to {sessions[-1].date}",
            where=str(data_dir),
            remedy=f"leave them out: name {others}, or choose another period",
        )


def _has_bars(tapes: Sequence[Tape], session: Session) -> bool:
    spans = (tape.rows(session.open_ns, session.close_ns) for tape in tapes)
    return any(rows.stop > rows.start for rows in spans)
