"""What a check says can be read: bars counted from the period's first, wishes as a person would say them."""

from __future__ import annotations

import pytest

from rung.lab.checking.report import Verdict
from rung.lab.checking.steadiness import LaterStart
from rung.lab.checking.watching import Row, first_difference
from rung.lab.lookahead import _warm_up_words


def test_a_hasty_wish_is_placed_by_bars_of_the_period_not_of_the_later_start() -> None:
    starts = [LaterStart(1, 0, 40), LaterStart(61, 30, 5)]
    verdict, words = _warm_up_words(starts)
    assert verdict is Verdict.DOUBT
    assert words == (
        "started 61 bars later it first wants a position at bar 66, but until bar 91 (the period's first is bar 0) "
        "its wishes depend on the start: warm up longer"
    )


@pytest.mark.parametrize(
    ("settled", "said"), [(29, "29 bars after each start at the latest"), (1, "1 bar after"), (0, "from each start on")]
)
def test_what_settles_is_said_from_where_it_is_counted(settled: int, said: str) -> None:
    verdict, words = _warm_up_words([LaterStart(7, settled, None)])
    assert verdict is Verdict.PASSED
    assert said in words


def test_two_wishes_are_told_apart_in_words() -> None:
    flat = ("BTCUSDT", 0.0, None, None, "no")
    long = ("BTCUSDT", 0.95, 0.02, None, None, 12.5, "I know")
    rows = [Row(0, ((), ()), (wish,), (), ()) for wish in (flat, long)]
    found = first_difference(rows[0], rows[1])
    assert found is not None
    assert found.was == 'flat in BTCUSDT ("no")'
    assert found.now == 'long 0.95 of the equity in BTCUSDT with stop 0.02 and trail_by 12.5 ("I know")'
