"""Trading sessions: the New York Stock Exchange and markets that never close."""

from __future__ import annotations

import warnings
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

import numpy as np

from rung.domain.clock import NS_PER_SECOND
from rung.domain.errors import UserError
from rung.domain.session import Session
from rung.market.atomic import written_whole
from rung.market.tape import Stamps

NS_PER_DAY = 86_400 * NS_PER_SECOND
NS_PER_HOUR = 3_600 * NS_PER_SECOND
HOURS_OF_A_24_7_MARKET = 20
FIRST_DATE, LAST_DATE = "2000-01-01", "2035-12-31"
DEFAULT_CACHE_DIR = Path(".rung") / "cache"


class Calendar(Protocol):
    """Says when a market trades. Dates are ISO text in the exchange's own zone; both ends are included."""

    name: str

    def sessions(self, start_date: str, end_date: str) -> list[Session]:
        """The sessions from `start_date` to `end_date`, oldest first; none is an empty list."""
        ...

    def session_of(self, at_ns: int) -> Session | None:
        """The session with open_ns <= at_ns < close_ns, or None when the market is closed."""
        ...

    def before(self, day: str, count: int) -> list[Session]:
        """The last `count` sessions strictly before `day`, oldest first."""
        ...

    def nearby(self, day: str, each_side: int = 2) -> list[Session]:
        """The sessions around `day`, for error messages."""
        ...

    def is_early_close(self, session: Session) -> bool:
        """True when the session is shorter than the usual one."""
        ...


class ExchangeCalendar:
    """A calendar read from a table of sessions.

    days : (n,) days since 1970-01-01.   open_ns, close_ns : (n,) UTC.   All strictly increasing.
    """

    def __init__(self, name: str, days: Stamps, open_ns: Stamps, close_ns: Stamps) -> None:
        self.name = name
        self._days: list[int] = days.tolist()
        self._open_ns: list[int] = open_ns.tolist()
        self._close_ns: list[int] = close_ns.tolist()
        self._longest_ns: int = max(close - open_ for open_, close in zip(self._open_ns, self._close_ns, strict=True))

    def sessions(self, start_date: str, end_date: str) -> list[Session]:
        first = bisect_left(self._days, self._day(start_date))
        return self._between(first, bisect_right(self._days, self._day(end_date)))

    def session_of(self, at_ns: int) -> Session | None:
        row = bisect_right(self._open_ns, at_ns) - 1
        return self._session(row) if row >= 0 and at_ns < self._close_ns[row] else None

    def before(self, day: str, count: int) -> list[Session]:
        stop = bisect_left(self._days, self._day(day))
        return self._between(max(0, stop - count), stop)

    def nearby(self, day: str, each_side: int = 2) -> list[Session]:
        middle = bisect_left(self._days, self._day(day))
        return self._between(max(0, middle - each_side), middle + each_side)

    def is_early_close(self, session: Session) -> bool:
        """True when the session is shorter than the usual one."""
        return session.close_ns - session.open_ns < self._longest_ns

    def _between(self, first: int, stop: int) -> list[Session]:
        return [self._session(row) for row in range(first, min(stop, len(self._days)))]

    def _session(self, row: int) -> Session:
        return Session(date=iso_date(self._days[row]), open_ns=self._open_ns[row], close_ns=self._close_ns[row])

    def _day(self, text: str) -> int:
        day = _day_number(text)
        if not _day_number(FIRST_DATE) <= day <= _day_number(LAST_DATE):
            raise UserError(
                f"{text} is outside the {self.name} calendar, which covers {FIRST_DATE} to {LAST_DATE}",
                remedy="choose a date within it",
            )
        return day


class AlwaysOpen:
    """A market that never closes: one session per UTC day."""

    name = "24/7"

    def sessions(self, start_date: str, end_date: str) -> list[Session]:
        return [self._session(day) for day in range(_day_number(start_date), _day_number(end_date) + 1)]

    def session_of(self, at_ns: int) -> Session | None:
        return self._session(at_ns // NS_PER_DAY)

    def before(self, day: str, count: int) -> list[Session]:
        stop = _day_number(day)
        return [self._session(row) for row in range(stop - count, stop)]

    def nearby(self, day: str, each_side: int = 2) -> list[Session]:
        middle = _day_number(day)
        return [self._session(row) for row in range(middle - each_side, middle + each_side)]

    def is_early_close(self, session: Session) -> bool:
        """Never."""
        return session.close_ns - session.open_ns < NS_PER_DAY

    def _session(self, day: int) -> Session:
        return Session(date=iso_date(day), open_ns=day * NS_PER_DAY, close_ns=(day + 1) * NS_PER_DAY)


def xnys(cache_dir: Path | None = DEFAULT_CACHE_DIR) -> ExchangeCalendar:
    """The New York Stock Exchange: holidays, early closes, daylight saving.

    The sessions are computed once by exchange_calendars and kept in `cache_dir`, in a file named after the library's
    version; afterwards the library is not imported. A cache that cannot be read is computed again; one that cannot
    be written costs a second per run and nothing else. None keeps no cache.
    """
    if cache_dir is None:
        return _calendar(_computed_xnys())
    path = cache_dir / f"calendar-XNYS-{version('exchange_calendars')}-{FIRST_DATE[:4]}-{LAST_DATE[:4]}.npy"
    table = _cached(path)
    if table is None:
        table = _computed_xnys()
        _remember(path, table)
    return _calendar(table)


def calendar_named(name: str, cache_dir: Path | None = DEFAULT_CACHE_DIR) -> ExchangeCalendar | AlwaysOpen:
    """`XNYS` or `24/7`."""
    if name == AlwaysOpen.name:
        return AlwaysOpen()
    if name == "XNYS":
        return xnys(cache_dir)
    raise UserError(f"no calendar is called {name!r}", remedy="use XNYS or 24/7")


def required_sessions(calendar: Calendar, start_date: str, end_date: str) -> list[Session]:
    """`calendar.sessions`, but none is a UserError that names the sessions nearby."""
    found = calendar.sessions(start_date, end_date)
    if found:
        return found
    period = start_date if start_date == end_date else f"{start_date} to {end_date}"
    near = ", ".join(session.date for session in calendar.nearby(start_date))
    raise UserError(f"{calendar.name} has no session on {period}", remedy=f"sessions nearby: {near}")


def calendar_name_for(stamps: Sequence[Stamps]) -> str:
    """`24/7` when any tape has a bar on a Saturday or Sunday (UTC), or in nearly every hour of the day; else `XNYS`."""
    return AlwaysOpen.name if any(_never_closes(open_ns) for open_ns in stamps) else "XNYS"


def _never_closes(open_ns: Stamps) -> bool:
    """An exchange with its early and late trading is open for 16 hours, 17 where the clocks change."""
    if ((open_ns // NS_PER_DAY + 3) % 7 >= 5).any():
        return True
    return len(np.unique(open_ns // NS_PER_HOUR % 24)) >= HOURS_OF_A_24_7_MARKET


def _computed_xnys() -> Stamps:
    import exchange_calendars

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library uses what its own table library will change one day
        source = exchange_calendars.get_calendar("XNYS", start=FIRST_DATE, end=LAST_DATE)
    table = np.stack([source.sessions_nanos, source.opens_nanos, source.closes_nanos]).astype(np.int64)
    table[0] //= NS_PER_DAY
    return table


def _calendar(table: Stamps) -> ExchangeCalendar:
    return ExchangeCalendar("XNYS", table[0], table[1], table[2])


def _cached(path: Path) -> Stamps | None:
    try:
        table = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    sane = table.dtype == np.int64 and table.ndim == 2 and len(table) == 3 and table.shape[1] > 0
    return table if sane and bool((np.diff(table) > 0).all() and (table[2] > table[1]).all()) else None


def _remember(path: Path, table: Stamps) -> None:
    try:
        with written_whole(path) as draft, draft.open("wb") as file:
            np.save(file, table, allow_pickle=False)
    except OSError:
        return  # a cache is a convenience: without it the next run computes the sessions again


def _day_number(text: str) -> int:
    try:
        return (date.fromisoformat(text) - date(1970, 1, 1)).days
    except ValueError:
        raise UserError(f"{text!r} is not a date", remedy="write it as YYYY-MM-DD") from None


def iso_date(day: int) -> str:
    """The date of a day counted from 1970-01-01."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)).date().isoformat()
