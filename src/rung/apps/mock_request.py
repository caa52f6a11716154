"""What `rung mock` was asked to do, and which sessions that means."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from rung.domain.errors import UserError

WARM_UP_SESSIONS = 4
DEFAULT_SHUFFLES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class MockRequest:
    """The words of the command line, parsed but not yet checked against data.

    limits_paths, profile : limit sets and capital profile; of all of them the strictest binds.
    warm_up_sessions : sessions strictly before `start` that the learner sees first.
    shuffles : how often the same rules are run on shuffled signals.
    """

    start: str
    end: str
    data_dir: Path
    out_dir: Path
    config_path: Path
    costs_path: Path
    limits_paths: tuple[Path, ...]
    profile: str | None = None
    symbols: tuple[str, ...] = ()
    capital_quote: Decimal = Decimal(100_000)
    seed: int = 7
    warm_up_sessions: int = WARM_UP_SESSIONS
    shuffles: int = DEFAULT_SHUFFLES


def parse_period(date: str | None, start: str | None, end: str | None) -> tuple[str, str]:
    """`--date D` or `--start-date A --end-date B` as two ISO dates. Raises UserError on anything else."""
    if date is not None and (start is not None or end is not None):
        raise UserError("--date and --start-date/--end-date were both given", remedy="give one or the other")
    if date is not None:
        return (iso_date(date, "--date"),) * 2
    if start is None or end is None:
        raise UserError("no period", remedy="give --date D, or --start-date A --end-date B")
    first, last = iso_date(start, "--start-date"), iso_date(end, "--end-date")
    if last < first:
        raise UserError(f"--end-date {last} is before --start-date {first}", remedy="swap them")
    return first, last


def iso_date(text: str, flag: str) -> str:
    """A date as YYYY-MM-DD; anything else is a UserError naming the flag."""
    try:
        return dt.date.fromisoformat(text).isoformat()
    except ValueError:
        raise UserError(f"{text!r} is not a date", where=flag, remedy="write it as YYYY-MM-DD") from None
