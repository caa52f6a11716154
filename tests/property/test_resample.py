"""Bars resampled as they come are the bars resampled at once; nothing of them is known before its time (P12)."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.market.made import NS_PER_DAY, OPEN_NS, calendar, tape

from rung.domain.clock import NS_PER_MINUTE
from rung.domain.errors import UserError
from rung.market.calendar import AlwaysOpen
from rung.market.replay import TapeFeed
from rung.market.resample import ResampledFeed, resample
from rung.market.tape import COLUMNS, RawBars, Tape

MIDNIGHT_NS = OPEN_NS // NS_PER_DAY * NS_PER_DAY
minutes = st.sampled_from([1, 2, 3, 5, 7, 15, 30, 60, 65, 240])
slots = st.lists(st.integers(0, 3 * 1440 - 1), min_size=40, max_size=250, unique=True).map(sorted)
runs = st.tuples(st.integers(0, 1440), st.integers(300, 1500)).map(lambda pair: list(range(pair[0], sum(pair))))


def made(symbol: str, at: list[int], seed: int) -> Tape:
    chance = np.random.default_rng(seed)
    prices = np.sort(np.round(chance.uniform(1, 1000, (4, len(at))), 4), axis=0)
    return tape(
        symbol,
        RawBars(
            open_ns=MIDNIGHT_NS + np.array(at, dtype=np.int64) * NS_PER_MINUTE,
            low=prices[0], open=prices[1], close=prices[2], high=prices[3],
            volume=chance.exponential(10.0, len(at)),
        ),
    )  # fmt: skip


@given(slots | runs, slots | runs, minutes, st.integers(0, 2**31), st.booleans())
@settings(max_examples=40)
def test_a_stream_and_a_tape_make_the_same_bars(
    first: list[int], second: list[int], length: int, seed: int, equities: bool
) -> None:
    days = calendar(4) if equities else AlwaysOpen()
    tapes = [made("A", sorted({*first, 840, 841}), seed), made("B", sorted({*second, 840, 841}), seed + 1)]
    feed = TapeFeed(tapes, days, "2025-09-16", "2025-09-19")
    streamed = list(ResampledFeed(feed, length, ("A", "B")))
    until = list(feed)[-1].at_ns
    resampled = []
    for one in tapes:
        with suppress(UserError):  # a tape without a whole window adds no bars
            resampled.append(resample(one, length, days, until))
    expected = list(TapeFeed(resampled, days, "2025-09-16", "2025-09-19")) if resampled else []
    assert streamed == expected


@given(slots, minutes, st.integers(0, 2**31), st.integers(0, 100))
@settings(max_examples=60)
def test_what_was_made_before_a_moment_does_not_change_with_what_came_after(
    at: list[int], length: int, seed: int, percent: int
) -> None:
    whole = made("A", sorted({*at, *range(240)}), seed)
    cut = 240 + (len(whole) - 240) * percent // 100
    past = RawBars(**{name: getattr(whole, name)[:cut] for name in ("open_ns", *COLUMNS)})
    now = int(past.open_ns[-1]) + NS_PER_MINUTE
    early = resample(tape("A", past), length, AlwaysOpen())
    late = resample(whole, length, AlwaysOpen())
    known = int(np.searchsorted(late.open_ns + late.interval_ns, now, side="right"))
    for name in ("open_ns", *COLUMNS):
        assert np.array_equal(getattr(early, name), getattr(late, name)[:known])
