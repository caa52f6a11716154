"""The replay feed: aligned slices, nothing invented, nothing outside a session, the same twice."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from tests.unit.market.made import NS_PER_DAY, OPEN_NS, calendar, joined, raw_bars, tape

from rung.domain.bar import Bar
from rung.domain.clock import NS_PER_MINUTE
from rung.domain.errors import UserError
from rung.market.feed import Feed
from rung.market.replay import TapeFeed

FIRST, LAST = "2025-09-16", "2025-09-20"


def test_a_slice_carries_the_bars_that_closed_at_its_instant() -> None:
    feed: Feed = TapeFeed([tape("A"), tape("B")], calendar(), FIRST, FIRST)
    slices = list(feed)
    assert len(slices) == 390
    assert slices[0].at_ns == OPEN_NS + NS_PER_MINUTE
    assert slices[-1].at_ns == slices[-1].session.close_ns
    for event in slices:
        assert list(event.bars) == ["A", "B"]
        assert all(bar.known_ns == event.at_ns and bar.symbol == symbol for symbol, bar in event.bars.items())


def test_a_missing_minute_is_missing_and_never_filled() -> None:
    thin = tape("B", raw_bars(np.array([0, 1, 5, 389])))
    slices = list(TapeFeed([tape("A"), thin], calendar(), FIRST, FIRST))
    having = [(event.at_ns - OPEN_NS) // NS_PER_MINUTE - 1 for event in slices if "B" in event.bars]
    assert having == [0, 1, 5, 389]
    assert all("A" in event.bars for event in slices)


def test_a_minute_in_which_nobody_traded_has_no_slice() -> None:
    thin = [tape("A", raw_bars(np.array([3, 9]))), tape("B", raw_bars(np.array([9, 12])))]
    feed = TapeFeed(thin, calendar(), FIRST, FIRST)
    assert [sorted(event.bars) for event in feed] == [["A"], ["A", "B"], ["B"]]
    assert len(feed) == 3


def test_bars_outside_the_session_are_left_out_and_counted() -> None:
    wide = joined(raw_bars(np.arange(-30, 0)), raw_bars(390), raw_bars(np.array([390, 391])))
    feed = TapeFeed([tape("A", wide), tape("B")], calendar(), FIRST, FIRST)
    assert (len(feed), feed.bars, dict(feed.left_out)) == (390, 780, {"A": 32})


def test_an_early_close_ends_the_day_early() -> None:
    feed = TapeFeed([tape("A")], calendar(lengths={0: 210}), FIRST, FIRST)
    slices = list(feed)
    assert (len(slices), slices[-1].at_ns, dict(feed.left_out)) == (210, OPEN_NS + 210 * NS_PER_MINUTE, {"A": 180})


def test_time_only_goes_forward_over_many_days() -> None:
    raw = joined(*(raw_bars(390, open_ns=OPEN_NS + day * NS_PER_DAY) for day in range(3)))
    stamps = [event.at_ns for event in TapeFeed([tape("A", raw)], calendar(), FIRST, LAST)]
    assert len(stamps) == 3 * 390
    assert all(a < b for a, b in pairwise(stamps))


def test_two_readings_give_the_same_slices() -> None:
    feed = TapeFeed([tape("A"), tape("B", raw_bars(np.arange(0, 390, 2)))], calendar(), FIRST, FIRST)
    assert list(feed) == list(feed)


def test_sessions_without_bars_are_listed_not_hidden() -> None:
    feed = TapeFeed([tape("A")], calendar(), FIRST, LAST)
    assert [session.date for session in feed.sessions] == ["2025-09-16", "2025-09-17", "2025-09-18", "2025-09-19", LAST]
    assert [session.date for session in feed.empty_sessions] == ["2025-09-17", "2025-09-18", "2025-09-19", LAST]


def test_tapes_of_different_intervals_meet_when_they_are_known() -> None:
    slow = tape("B", raw_bars(np.arange(0, 390, 5)), interval_ns=5 * NS_PER_MINUTE)
    slices = list(TapeFeed([tape("A"), slow], calendar(), FIRST, FIRST))
    together = [event.at_ns for event in slices if "B" in event.bars]
    assert together[0] == OPEN_NS + 5 * NS_PER_MINUTE
    assert len(together) == 78


def test_a_period_without_bars_names_what_the_tapes_cover() -> None:
    with pytest.raises(UserError, match=r"no bar from 2025-09-18 to 2025-09-19 — they cover 2025-09-16 to 2025-09-16"):
        TapeFeed([tape("A")], calendar(), "2025-09-18", "2025-09-19")


def test_a_period_without_sessions_names_those_nearby() -> None:
    with pytest.raises(UserError, match=r"no session on 2025-09-25 — sessions nearby: 2025-09-19, 2025-09-20"):
        TapeFeed([tape("A")], calendar(), "2025-09-25", "2025-09-25")


def test_no_tapes_and_twins_are_refused() -> None:
    with pytest.raises(UserError, match="no tapes to replay"):
        TapeFeed([], calendar(), FIRST, FIRST)
    with pytest.raises(UserError, match="A is given twice"):
        TapeFeed([tape("A"), tape("B"), tape("A")], calendar(), FIRST, FIRST)


def test_the_bars_of_a_slice_are_plain_numbers_and_cannot_be_changed() -> None:
    made = tape("A")
    event = next(iter(TapeFeed([made], calendar(), FIRST, FIRST)))
    bar = event.bars["A"]
    assert bar == Bar(
        symbol="A",
        open_ns=int(made.open_ns[0]),
        interval_ns=made.interval_ns,
        open=float(made.open[0]),
        high=float(made.high[0]),
        low=float(made.low[0]),
        close=float(made.close[0]),
        volume=float(made.volume[0]),
    )
    assert (type(bar.close), type(bar.open_ns), type(event.at_ns)) == (float, int, int)
    with pytest.raises(AttributeError, match="immutable"):
        bar.close = 1.0  # type: ignore[misc]
    with pytest.raises(AttributeError, match="immutable"):
        event.at_ns = 1  # type: ignore[misc]
