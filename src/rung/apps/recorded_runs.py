"""Which recorded sessions a person means, and what is known of the runs that recorded them."""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rung.domain.errors import UserError
from rung.reports.info import RunInfo
from rung.reports.jsonreport import StoredReport, read_report
from rung.reports.record import RunRecord
from rung.reports.recorded import Recording, read_sessions, recorded_dates

DEFAULT_DIR = Path("logs/mock_trading")
WEEK_SESSIONS = 5
LISTED = 12


def on_date(folder: Path, date: str) -> tuple[str, ...]:
    """The session of one date. Raises UserError naming what is recorded when there is none."""
    wanted, recorded = iso_day(date, "--date"), _recorded(folder)
    if wanted not in recorded:
        raise UserError(
            f"no session was recorded on {wanted}", where=str(folder), remedy=f"recorded: {_listed(recorded)}"
        )
    return (wanted,)


def newest_week(folder: Path) -> tuple[str, ...]:
    """The newest five recorded sessions, fewer when there are fewer: no wall clock is asked."""
    return _recorded(folder)[-WEEK_SESSIONS:]


def week_of(folder: Path, date: str) -> tuple[str, ...]:
    """The recorded sessions of the calendar week (Monday to Sunday) around a date."""
    week = datetime.date.fromisoformat(iso_day(date, "--week-of")).isocalendar()[:2]
    recorded = _recorded(folder)
    found = tuple(d for d in recorded if datetime.date.fromisoformat(d).isocalendar()[:2] == week)
    if not found:
        raise UserError(
            f"no session was recorded in the week of {date}", where=str(folder), remedy=f"recorded: {_listed(recorded)}"
        )
    return found


def in_month(folder: Path, month: str) -> tuple[str, ...]:
    """The recorded sessions of a month, `YYYY-MM`. Raises UserError naming the months there are."""
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
        raise UserError(f"{month!r} is not a month", where="--month", remedy="write it as YYYY-MM")
    recorded = _recorded(folder)
    found = tuple(d for d in recorded if d.startswith(month))
    if not found:
        months = Counter(d[:7] for d in recorded)
        there = ", ".join(f"{m} ({n})" for m, n in sorted(months.items()))
        raise UserError(f"no session was recorded in {month}", where=str(folder), remedy=f"recorded: {there}")
    return found


def read_period(folder: Path, dates: Sequence[str], seed: int) -> tuple[RunRecord, RunInfo]:
    """The recorded sessions and the run they belong to.

    What only the last run's `report.json` knows (costs, targets, tapes) is used when it covers all the dates under the
    same configuration; its comparison with shuffled signals only when it is about exactly these dates.
    """
    recording = read_sessions(folder, dates)
    stored = read_report(folder)
    if stored is None or not _covers(stored, recording):
        return recording.record, _anonymous(recording, seed)
    run = stored.run
    return recording.record, replace(
        run,
        mode=f"recorded {run.mode}",
        capital_quote=recording.record.days[0].start_equity_quote,
        synthetic=run.synthetic or recording.synthetic,
        seed=seed,
        warnings=(*run.warnings, *recording.warnings),
        baselines=run.baselines if stored.dates == recording.record.dates else (),
    )


def _covers(stored: StoredReport, recording: Recording) -> bool:
    return set(recording.record.dates) <= set(stored.dates) and recording.config_ids == (stored.run.config_id,)


def _anonymous(recording: Recording, seed: int) -> RunInfo:
    """What the session files alone say: nobody's costs, nobody's targets."""
    days = recording.record.days
    return RunInfo(
        strategy_name="Recorded sessions",
        strategy_version="",
        symbols=tuple(sorted({leg.symbol for day in days for leg in day.legs})),
        capital_quote=days[0].start_equity_quote,
        config_id=", ".join(recording.config_ids),
        code_version="not recorded",
        seed=seed,
        synthetic=recording.synthetic,
        mode="recorded",
        warnings=(
            "report.json in this folder is about other sessions: targets are the defaults, assumed costs are not shown",
            *recording.warnings,
        ),
    )


def _recorded(folder: Path) -> tuple[str, ...]:
    dates = recorded_dates(folder)
    if not dates:
        raise UserError("no session is recorded here", where=str(folder), remedy="run `rung mock` first, or give --dir")
    return dates


def iso_day(text: str, flag: str) -> str:
    """A day of the calendar written YYYY-MM-DD and no other way. Raises UserError naming the flag."""
    try:
        if datetime.date.fromisoformat(text).isoformat() == text:
            return text
    except ValueError:
        pass
    raise UserError(f"{text!r} is not a date", where=flag, remedy="write it as YYYY-MM-DD")


def iso_period(first: str | None, last: str | None) -> tuple[str, str]:
    """`--from` and `--to`, both included; without one the period is open on that side. Raises UserError."""
    period = "" if first is None else iso_day(first, "--from"), "9999" if last is None else iso_day(last, "--to")
    if period[1] < period[0]:
        raise UserError(f"--to {last} is before --from {first}", remedy="swap them")
    return period


def _listed(dates: Sequence[str]) -> str:
    if len(dates) <= LISTED:
        return ", ".join(dates)
    return f"{len(dates)} sessions from {dates[0]} to {dates[-1]}"
