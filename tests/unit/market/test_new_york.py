"""New York wall time for whole columns agrees with the time-zone database, hour by hour."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from rung.market.new_york import NEW_YORK, minute_of_day, new_york_text, utc_ns, utc_text, wall_ns

HOUR_NS = 3_600_000_000_000
YEAR = np.arange(1_735_689_600, 1_767_225_600, 1800, dtype=np.int64) * 1_000_000_000  # 2025, every half hour


def test_wall_time_agrees_with_the_database_all_year() -> None:
    wall = wall_ns(YEAR)
    for at_ns, shown in zip(YEAR[::7].tolist(), wall[::7].tolist(), strict=True):
        right = datetime.fromtimestamp(at_ns // 10**9, UTC).astimezone(NEW_YORK).replace(tzinfo=UTC)
        assert shown == int(right.timestamp()) * 10**9


def test_the_inverse_brings_session_hours_back() -> None:
    wall = wall_ns(YEAR)
    daytime = (minute_of_day(wall) >= 4 * 60) & (minute_of_day(wall) <= 20 * 60)
    assert daytime.sum() > 10_000
    assert np.array_equal(utc_ns(wall[daytime]), YEAR[daytime])


def test_an_empty_column_stays_empty() -> None:
    assert len(wall_ns(np.array([], dtype=np.int64))) == 0


def test_texts_name_the_minute_in_each_zone() -> None:
    at_ns = 1_745_431_080_000_000_000
    assert (new_york_text(at_ns), utc_text(at_ns)) == ("2025-04-23 13:58", "2025-04-23 17:58")
    assert new_york_text(at_ns - 90 * 24 * HOUR_NS) == "2025-01-23 12:58"
