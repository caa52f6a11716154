"""Another future: the past keeps every bit, everything after it is another."""

from __future__ import annotations

import numpy as np
import pytest

from rung.lab import invented_tapes
from rung.lab.checking.futures import Future, changed, changed_market
from rung.lab.tapes import open_market
from rung.market.tape import COLUMNS, PRICES, RawBars, find_flaw

(TAPE,) = invented_tapes(days=1)
RAW = RawBars(open_ns=TAPE.open_ns, **{name: getattr(TAPE, name) for name in COLUMNS})
IS_FUTURE = np.arange(len(RAW)) >= 700


@pytest.mark.parametrize("future", Future)
def test_the_past_keeps_every_bit_and_the_bars_stay_bars(future: Future) -> None:
    other = changed(RAW, IS_FUTURE, future, 1)
    for name in ("open_ns", *COLUMNS):
        np.testing.assert_array_equal(getattr(other, name)[:700], getattr(RAW, name)[:700])
    assert find_flaw(other) is None
    assert (other.high >= np.maximum(other.open, other.close)).all()
    assert (other.low <= np.minimum(other.open, other.close)).all()


def test_every_later_price_is_another_one() -> None:
    for future in (Future.RAISED, Future.LOWERED, Future.SCRAMBLED):
        other = changed(RAW, IS_FUTURE, future, 1)
        for name in PRICES:
            assert (getattr(other, name)[700:] != getattr(RAW, name)[700:]).mean() > 0.99
    assert len(changed(RAW, IS_FUTURE, Future.REMOVED, 1)) == 700


def test_the_next_bar_goes_both_ways() -> None:
    """Whatever looks only at the sign of the next move meets the other sign in one of them."""
    last = RAW.close[699]
    assert changed(RAW, IS_FUTURE, Future.RAISED, 1).close[700] > last
    assert changed(RAW, IS_FUTURE, Future.LOWERED, 1).close[700] < last


def test_the_same_seed_scrambles_the_same_way_and_another_differently() -> None:
    first, again, other = (changed(RAW, IS_FUTURE, Future.SCRAMBLED, seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first.close, again.close)
    assert not np.array_equal(first.close, other.close)


def test_a_market_with_another_future_replays_the_same_bars_up_to_the_cut() -> None:
    market = open_market([TAPE], (), (None, None), None)
    slices = list(market.feed)
    known_ns = slices[100].at_ns
    for future in Future:
        other = list(changed_market(market, known_ns, future).feed)
        assert other[:101] == slices[:101]
        assert other[101:102] != slices[101:102]
