"""A false print is judged from the past and itself: no later bar, present, absent or wild, changes the answer."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.market.made import OPEN_NS, tape

from rung.domain.clock import NS_PER_MINUTE
from rung.market.checks import CheckParams
from rung.market.checks.prices import false_prints
from rung.market.tape import COLUMNS, RawBars

BARS = 160
PARAMS = CheckParams()


def market(seed: int) -> RawBars:
    """A walk whose calm comes and goes, with lone wicks within 3 % of the size at which they begin to be doubted."""
    chance = np.random.default_rng(seed)
    calm = 0.002 * np.exp(chance.normal(0, 0.5, BARS))
    close = 50 * np.exp(np.cumsum(calm * chance.standard_normal(BARS)))
    open_ = np.roll(close, 1)
    open_[0] = close[0]
    top, bottom = np.maximum(open_, close), np.minimum(open_, close)
    high = np.array(top)
    moves = np.maximum(top / bottom - 1, np.abs(np.diff(close, prepend=close[0]) / close))
    for row in range(PARAMS.print_scale_bars, BARS, 4):
        usual = float(np.median(moves[row - PARAMS.print_scale_bars : row]))
        beyond = PARAMS.print_scale_ratio * usual * chance.uniform(0.97, 1.03)
        high[row] = top[row - PARAMS.print_body_bars : row + 1].max() * (1 + beyond)
    volume = 1000 * np.exp(chance.normal(0, 0.3, BARS))
    stamps = OPEN_NS + np.arange(BARS) * NS_PER_MINUTE
    return RawBars(open_ns=stamps, open=open_, high=high, low=bottom, close=close, volume=volume)


def flags(raw: RawBars) -> np.ndarray:
    return np.stack(false_prints(tape(raw=raw), PARAMS))


@settings(max_examples=6)
@given(st.integers(0, 10**6))
def test_no_flag_depends_on_a_later_bar(seed: int) -> None:
    raw = market(seed)
    whole = flags(raw)
    for row in range(PARAMS.print_scale_bars, BARS - 1, 4):
        assert np.array_equal(flags(raw.take(slice(0, row + 1))), whole[:, : row + 1])
        wild = {name: np.array(getattr(raw, name)) for name in COLUMNS}
        for values in wild.values():
            values[row + 1 :] *= 3.7
        assert np.array_equal(flags(RawBars(open_ns=raw.open_ns, **wild))[:, : row + 1], whole[:, : row + 1])


def test_these_markets_do_put_the_question() -> None:
    counts = [int(flags(market(seed)).sum()) for seed in range(20)]
    asked = 20 * len(range(PARAMS.print_scale_bars, BARS, 4))
    assert 0.2 * asked < sum(counts) < 0.8 * asked


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.floats(0.01, 1000.0))
def test_flags_do_not_depend_on_the_price_level(seed: int, factor: float) -> None:
    raw = market(seed)
    scaled = {
        name: getattr(raw, name) * (1.0 if name == "volume" else 2.0 ** round(np.log2(factor))) for name in COLUMNS
    }
    assert np.array_equal(flags(RawBars(open_ns=raw.open_ns, **scaled)), flags(raw))
