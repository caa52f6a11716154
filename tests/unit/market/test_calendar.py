"""Sessions of the New York Stock Exchange and of markets that never close."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from rung.domain.clock import NS_PER_MINUTE, NS_PER_SECOND
from rung.domain.errors import UserError
from rung.domain.session import Session
from rung.market.calendar import (
    AlwaysOpen,
    Calendar,
    ExchangeCalendar,
    calendar_name_for,
    calendar_named,
    required_sessions,
    xnys,
)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("calendar")


@pytest.fixture(scope="module")
def nyse(cache: Path) -> ExchangeCalendar:
    return xnys(cache)


def wall(ns: int) -> str:
    return f"{datetime.fromtimestamp(ns // NS_PER_SECOND, UTC).astimezone(ZoneInfo('America/New_York')):%H:%M}"


def dates(sessions: list[Session]) -> list[str]:
    return [session.date for session in sessions]


def test_holidays_and_weekends_have_no_session(nyse: ExchangeCalendar) -> None:
    assert dates(nyse.sessions("2025-07-02", "2025-07-08")) == ["2025-07-02", "2025-07-03", "2025-07-07", "2025-07-08"]
    for holiday in ("2025-01-01", "2025-01-09", "2025-04-18", "2025-12-25"):
        assert nyse.sessions(holiday, holiday) == []


def test_an_early_close_moves_only_the_close(nyse: ExchangeCalendar) -> None:
    (short,) = nyse.sessions("2025-07-03", "2025-07-03")
    assert (wall(short.open_ns), wall(short.close_ns), short.length_minutes) == ("09:30", "13:00", 210)
    assert nyse.is_early_close(short)
    (full,) = nyse.sessions("2025-07-02", "2025-07-02")
    assert (full.length_minutes, nyse.is_early_close(full)) == (390, False)


def test_daylight_saving_keeps_new_york_and_moves_utc(nyse: ExchangeCalendar) -> None:
    friday, monday = nyse.sessions("2025-03-07", "2025-03-10")
    assert (wall(friday.open_ns), wall(monday.open_ns)) == ("09:30", "09:30")
    assert (monday.open_ns - friday.open_ns) // NS_PER_MINUTE == 3 * 1440 - 60


def test_a_session_holds_its_open_and_not_its_close(nyse: ExchangeCalendar) -> None:
    (session,) = nyse.sessions("2025-09-16", "2025-09-16")
    assert nyse.session_of(session.open_ns) == session
    assert nyse.session_of(session.close_ns - 1) == session
    assert nyse.session_of(session.open_ns - 1) is None
    assert nyse.session_of(session.close_ns) is None
    assert nyse.session_of(0) is None


def test_sessions_before_a_day_exclude_the_day(nyse: ExchangeCalendar) -> None:
    assert dates(nyse.before("2025-07-07", 2)) == ["2025-07-02", "2025-07-03"]
    assert dates(nyse.before("2025-07-05", 1)) == ["2025-07-03"]
    assert nyse.before("2025-07-07", 0) == []


def test_no_session_names_those_nearby(nyse: ExchangeCalendar) -> None:
    with pytest.raises(UserError) as caught:
        required_sessions(nyse, "2025-07-04", "2025-07-06")
    assert "XNYS has no session on 2025-07-04 to 2025-07-06" in str(caught.value)
    assert "2025-07-02, 2025-07-03, 2025-07-07, 2025-07-08" in str(caught.value)


@pytest.mark.parametrize(
    ("day", "said"), [("2050-01-03", "outside the XNYS calendar"), ("3 July", "is not a date"), ("", "is not a date")]
)
def test_a_day_nobody_knows_is_refused(nyse: ExchangeCalendar, day: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        nyse.sessions(day, day)


def test_the_cached_calendar_is_the_computed_one(nyse: ExchangeCalendar, cache: Path) -> None:
    span = ("2000-01-01", "2035-12-31")
    assert len(list(cache.glob("calendar-XNYS-*.npy"))) == 1
    assert xnys(cache).sessions(*span) == nyse.sessions(*span) == xnys(None).sessions(*span)


def test_a_warm_calendar_does_not_import_the_library(nyse: ExchangeCalendar, cache: Path) -> None:
    assert nyse.name == "XNYS"
    code = (
        "import sys; from pathlib import Path; from rung.market.calendar import xnys;"
        "xnys(Path(sys.argv[1])); print([m for m in ('exchange_calendars', 'pandas') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code, cache], capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout == "[]\n"


@pytest.mark.parametrize("content", [b"", b"nonsense", None])
def test_a_spoilt_calendar_cache_is_computed_again(cache: Path, content: bytes | None, nyse: ExchangeCalendar) -> None:
    (path,) = cache.glob("calendar-XNYS-*.npy")
    whole = path.read_bytes()
    if content is None:
        table = np.load(path)
        table[1, 100] = table[1, 99]
        np.save(path, table)
    else:
        path.write_bytes(content)
    assert xnys(cache).sessions("2025-01-01", "2025-12-31") == nyse.sessions("2025-01-01", "2025-12-31")
    assert path.read_bytes() == whole


def test_an_unwritable_cache_only_costs_time(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way", "utf-8")
    assert len(xnys(blocked / "cache").sessions("2025-01-01", "2025-12-31")) == 250


def test_a_market_that_never_closes_has_one_session_per_utc_day() -> None:
    always = AlwaysOpen()
    first, second = always.sessions("2025-03-09", "2025-03-10")
    assert (first.date, first.length_minutes, first.close_ns) == ("2025-03-09", 1440, second.open_ns)
    assert always.session_of(second.open_ns) == second
    assert always.session_of(second.open_ns - 1) == first
    assert dates(always.before("2025-03-01", 2)) == ["2025-02-27", "2025-02-28"]
    assert dates(always.nearby("2025-03-01", 1)) == ["2025-02-28", "2025-03-01"]
    assert not always.is_early_close(first)


def test_bars_on_a_weekend_mean_a_market_that_never_closes() -> None:
    friday = np.array([1_758_288_600_000_000_000], dtype=np.int64)  # 2025-09-19
    assert calendar_name_for([friday]) == "XNYS"
    assert calendar_name_for([friday, friday + 86_400_000_000_000]) == "24/7"
    assert isinstance(calendar_named("24/7"), AlwaysOpen)
    with pytest.raises(UserError, match="no calendar is called 'LSE'"):
        calendar_named("LSE")


def test_a_week_of_bars_in_every_hour_means_a_market_that_never_closes_and_extended_hours_do_not() -> None:
    monday, hour = 1_741_564_800_000_000_000, 3_600_000_000_000  # 2025-03-10 00:00 UTC
    hours = monday + np.arange(24, dtype=np.int64) * hour
    assert calendar_name_for([hours]) == "24/7"
    assert calendar_name_for([hours[8:]]) == "XNYS"


def test_both_calendars_satisfy_the_protocol(nyse: ExchangeCalendar) -> None:
    both: list[Calendar] = [nyse, AlwaysOpen()]
    assert [each.name for each in both] == ["XNYS", "24/7"]
