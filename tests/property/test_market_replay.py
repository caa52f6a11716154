"""The replay feed against a plain reading of the same tapes, on random holes, sessions and symbols."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.market.made import NS_PER_DAY, OPEN_NS, calendar, joined, raw_bars, tape

from rung.domain.bar import Bar
from rung.market.calendar import ExchangeCalendar
from rung.market.replay import TapeFeed
from rung.market.tape import Tape

LONGEST = 20
Minutes = st.sets(st.integers(min_value=-3, max_value=LONGEST + 3), min_size=1, max_size=24)
Days = st.lists(Minutes, min_size=1, max_size=3)


def made(symbol: str, days: list[set[int]]) -> Tape:
    parts = [
        raw_bars(np.array(sorted(minutes)), open_ns=OPEN_NS + day * NS_PER_DAY) for day, minutes in enumerate(days)
    ]
    return tape(symbol, joined(*parts))


def plain(tapes: list[Tape], sessions: ExchangeCalendar) -> list[tuple[int, str, dict[str, Bar]]]:
    """Bar by bar, as the words say it: known at open + interval, only whole bars of a session, nothing filled in."""
    at: dict[int, dict[str, Bar]] = defaultdict(dict)
    day: dict[int, str] = {}
    for session in sessions.sessions("2025-09-16", "2025-09-18"):
        for one in tapes:
            for row in range(len(one)):
                open_ns = int(one.open_ns[row])
                if session.open_ns <= open_ns and open_ns + one.interval_ns <= session.close_ns:
                    names = ("open", "high", "low", "close", "volume")
                    prices = {name: float(getattr(one, name)[row]) for name in names}
                    bar = Bar(symbol=one.symbol, open_ns=open_ns, interval_ns=one.interval_ns, **prices)
                    at[bar.known_ns][one.symbol] = bar
                    day[bar.known_ns] = session.date
    return [(at_ns, day[at_ns], at[at_ns]) for at_ns in sorted(at)]


@settings(max_examples=60)
@given(st.lists(Days, min_size=1, max_size=4), st.integers(min_value=1, max_value=LONGEST))
def test_the_feed_yields_exactly_what_became_known_when(days: list[list[set[int]]], first_length: int) -> None:
    tapes = [made(f"S{i}", each) for i, each in enumerate(days)]
    sessions = calendar(3, {0: first_length, 1: LONGEST, 2: LONGEST})
    expected = plain(tapes, sessions)
    if not expected:
        return
    feed = TapeFeed(tapes, sessions, "2025-09-16", "2025-09-18")
    assert [(event.at_ns, event.session.date, dict(event.bars)) for event in feed] == expected
    assert len(feed) == len(expected)
    inside = sum(len(bars) for _, _, bars in expected)
    assert feed.bars == inside
    assert inside + sum(feed.left_out.values()) == sum(len(one) for one in tapes)


@settings(max_examples=40)
@given(Days, st.integers(min_value=0, max_value=LONGEST))
def test_cutting_the_tape_changes_no_earlier_slice(days: list[set[int]], minute: int) -> None:
    whole, sessions = made("A", days), calendar(3, dict.fromkeys(range(3), LONGEST))
    cut_ns = OPEN_NS + minute * 60_000_000_000
    rows = whole.rows(0, cut_ns)
    if not plain([whole], sessions) or rows.stop == 0:
        return
    early = tape("A", joined(*(raw_bars(np.array(sorted(d)), open_ns=OPEN_NS) for d in days[:1])).take(rows))
    if not plain([early], sessions):
        return
    full = [event for event in TapeFeed([whole], sessions, "2025-09-16", "2025-09-18") if event.at_ns <= cut_ns]
    assert list(TapeFeed([early], sessions, "2025-09-16", "2025-09-18")) == full
