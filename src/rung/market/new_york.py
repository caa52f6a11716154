"""UTC stamps as New York wall time, for whole columns at once."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np

from rung.domain.clock import NS_PER_MINUTE, NS_PER_SECOND
from rung.market.tape import Stamps

NEW_YORK = ZoneInfo("America/New_York")
NS_PER_HOUR = 60 * NS_PER_MINUTE
NS_PER_DAY = 24 * NS_PER_HOUR

OPEN_MINUTE = 9 * 60 + 30
CLOSE_MINUTE = 16 * 60


def wall_ns(open_ns: Stamps) -> Stamps:
    """New York wall time as if it were UTC: (n,) UTC stamps → (n,) stamps, daylight saving included."""
    hours, where = np.unique(open_ns // NS_PER_HOUR, return_inverse=True)
    offsets = np.array([_offset_ns(int(hour) * NS_PER_HOUR) for hour in hours], dtype=np.int64)
    return open_ns + offsets[where] if len(open_ns) else open_ns


def utc_ns(wall: Stamps) -> Stamps:
    """The inverse of `wall_ns`. Around the clock change at 02:00 the later reading wins; no session touches it."""
    guess = wall + 5 * NS_PER_HOUR
    offset = wall_ns(guess) - guess
    guess = wall - offset
    return wall - (wall_ns(guess) - guess)


def minute_of_day(wall: Stamps) -> Stamps:
    """Minutes since midnight of wall stamps."""
    return wall % NS_PER_DAY // NS_PER_MINUTE


def new_york_text(at_ns: int) -> str:
    """`2025-04-23 13:58` in New York."""
    return f"{_at(at_ns).astimezone(NEW_YORK):%Y-%m-%d %H:%M}"


def utc_text(at_ns: int) -> str:
    """`2025-04-23 17:58` in UTC."""
    return f"{_at(at_ns):%Y-%m-%d %H:%M}"


def _at(at_ns: int) -> datetime:
    return datetime.fromtimestamp(at_ns // NS_PER_SECOND, tz=UTC)


def _offset_ns(at_ns: int) -> int:
    utc = _at(at_ns)
    wall = utc.astimezone(NEW_YORK)
    return int((wall.replace(tzinfo=None) - utc.replace(tzinfo=None)).total_seconds()) * NS_PER_SECOND
