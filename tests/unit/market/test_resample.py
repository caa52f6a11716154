"""Longer bars: made of what there is, known at their end, counted from the session's open."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.market.made import NS_PER_DAY, OPEN_NS, calendar, joined, raw_bars, tape

from rung.domain.clock import NS_PER_MINUTE
from rung.domain.errors import UserError
from rung.domain.slice import Slice
from rung.market.calendar import AlwaysOpen
from rung.market.replay import TapeFeed
from rung.market.resample import ResampledFeed, Resampler, resample
from rung.market.tape import RawBars, Tape

MIDNIGHT_NS = 20_300 * NS_PER_DAY
FIRST = "2025-09-16"


def coins(minutes: list[int]) -> Tape:
    return tape("BTCUSDT", raw_bars(np.array(minutes, dtype=np.int64), open_ns=MIDNIGHT_NS))


def opens(made: Tape) -> list[int]:
    return ((made.open_ns - MIDNIGHT_NS) // NS_PER_MINUTE).tolist()


def test_a_longer_bar_is_first_highest_lowest_last_and_sum() -> None:
    raw = RawBars(
        open_ns=MIDNIGHT_NS + np.arange(3) * NS_PER_MINUTE,
        open=np.array([10.0, 11.0, 12.0]),
        high=np.array([13.0, 15.0, 12.5]),
        low=np.array([9.0, 10.5, 8.0]),
        close=np.array([11.0, 12.0, 9.5]),
        volume=np.array([1.0, 2.0, 4.0]),
    )
    made = resample(tape("BTCUSDT", raw), 3, AlwaysOpen())
    assert (made.interval_ns, len(made), made.first_ns) == (3 * NS_PER_MINUTE, 1, MIDNIGHT_NS)
    bar = [float(c[0]) for c in (made.open, made.high, made.low, made.close, made.volume)]
    assert bar == [10.0, 15.0, 8.0, 9.5, 7.0]
    assert made.content_id != tape("BTCUSDT", raw).content_id
    assert made.source == "made for a test in bars of 3 minutes"


def test_the_last_bar_is_not_told_before_it_is_over() -> None:
    assert opens(resample(coins(list(range(14))), 5, AlwaysOpen())) == [0, 5]
    assert opens(resample(coins(list(range(15))), 5, AlwaysOpen())) == [0, 5, 10]


def test_a_last_bar_that_lacks_its_last_minute_is_over_when_time_says_so() -> None:
    thin = coins([0, 1, 2, 3, 4, 5, 6])
    end = MIDNIGHT_NS + 10 * NS_PER_MINUTE
    assert opens(resample(thin, 5, AlwaysOpen(), end - 1)) == [0]
    assert opens(resample(thin, 5, AlwaysOpen(), end)) == [0, 5]


def test_gaps_stay_gaps_and_thin_windows_are_made_of_what_there_is() -> None:
    made = resample(coins([0, 4, 5, 16, 17, 24]), 5, AlwaysOpen())
    assert opens(made) == [0, 5, 15, 20]
    assert made.volume.tolist() == [1000.0 + 1004.0, 1005.0, 1002.0 + 1003.0, 1003.0]


def test_windows_are_counted_from_the_open_of_the_session_and_end_within_it() -> None:
    made = resample(tape("TQQQ", raw_bars(390)), 60, calendar())
    assert ((made.open_ns - OPEN_NS) // NS_PER_MINUTE).tolist() == [0, 60, 120, 180, 240, 300]
    half_day = resample(tape("TQQQ", raw_bars(390)), 30, calendar(lengths={0: 210}))
    assert len(half_day) == 7


def test_no_bar_reaches_over_a_night() -> None:
    two = joined(raw_bars(390), raw_bars(390, open_ns=OPEN_NS + NS_PER_DAY))
    made = resample(tape("TQQQ", two), 65, calendar())
    assert len(made) == 12
    assert set(((made.open_ns - OPEN_NS) % NS_PER_DAY // NS_PER_MINUTE).tolist()) == {0, 65, 130, 195, 260, 325}


def test_bars_outside_the_session_are_not_used() -> None:
    wide = joined(raw_bars(np.arange(-7, 0)), raw_bars(390), raw_bars(np.array([390, 391])))
    plain, made = resample(tape("TQQQ", raw_bars(390)), 5, calendar()), resample(tape("TQQQ", wide), 5, calendar())
    assert made.volume.tolist() == plain.volume.tolist()


@pytest.mark.parametrize("minutes", [0, -5, 7, 1441 * 5])
def test_windows_that_do_not_fit_are_refused(minutes: int) -> None:
    fives = resample(coins(list(range(100))), 5, AlwaysOpen())
    with pytest.raises(UserError, match="cannot be made"):
        resample(fives, minutes, AlwaysOpen())


def test_a_tape_too_short_for_one_window_is_said() -> None:
    with pytest.raises(UserError, match="no whole bar of 60 minutes"):
        resample(coins(list(range(59))), 60, AlwaysOpen())


def slices(*tapes: Tape) -> list[Slice]:
    return list(TapeFeed(tapes, calendar(), FIRST, "2025-09-20"))


def test_a_stream_tells_a_bar_at_its_end_and_carries_its_session() -> None:
    feed = slices(tape("A"), tape("B"))
    resampler = Resampler(5, ("B", "A"))
    told = [(event, made) for event in feed for made in resampler.push(event)]
    assert len(told) == 78
    for event, made in told:
        assert made.at_ns == event.at_ns
        assert made.session == event.session
        assert list(made.bars) == ["B", "A"]
        assert all(bar.known_ns == made.at_ns for bar in made.bars.values())


def test_a_stream_without_the_last_minute_tells_late_but_dates_it_right() -> None:
    feed = slices(tape("A", raw_bars(np.array([0, 1, 2, 3, 6, 7]))))
    resampler = Resampler(5, ("A",))
    told = [[made.at_ns for made in resampler.push(event)] for event in feed]
    assert told == [[], [], [], [], [OPEN_NS + 5 * NS_PER_MINUTE], []]
    assert resampler.over(OPEN_NS + 9 * NS_PER_MINUTE) == ()
    (last,) = resampler.over(OPEN_NS + 10 * NS_PER_MINUTE)
    assert last.bars["A"].open_ns == OPEN_NS + 5 * NS_PER_MINUTE
    assert resampler.over(OPEN_NS + 99 * NS_PER_MINUTE) == ()


def test_a_stream_does_not_tell_what_the_close_cut_short() -> None:
    feed = slices(tape("A", joined(raw_bars(390), raw_bars(390, open_ns=OPEN_NS + NS_PER_DAY))))
    assert len(list(ResampledFeed(feed, 60, ("A",)))) == 12


def test_a_stream_refuses_bars_that_do_not_fit() -> None:
    with pytest.raises(UserError, match="cannot be made"):
        list(ResampledFeed(slices(resample(tape("A"), 5, calendar())), 7, ("A",)))
