"""The compiled backtest by hand: when a decision fills, at what price, what stops, targets, trails and funding do."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.unit.kernels.bars.made import D, bars_of, fills_of, rules

from rung.domain.errors import UserError
from rung.kernels.bars.layout import ENTRY, EXIT, KEEP, STOPPED, TOOK_PROFIT, TRAILED
from rung.kernels.bars.params import BarRules
from rung.kernels.bars.portfolio import Bars, backtest

CALM = (100.0, 100.0, 100.0, 100.0)


def trade(bars: Bars, directions: list[int], **changes: Any) -> list[tuple[int, int, float, int]]:
    """(bar, lots, price, why) of every fill; 100 shares an entry unless the changes say otherwise."""
    given: BarRules = rules(**{"notional_quote": D(10_000), "equity_frac": None, **changes})
    found = backtest(bars, given, directions=np.array(directions, np.int8))
    return [(bar, lots, float(price), why) for bar, _, lots, price, _, why in fills_of(found, given)]


def test_a_decision_at_the_close_fills_at_the_next_bars_open() -> None:
    bars = bars_of([CALM, (101.0, 103.0, 101.0, 102.0), (104.0, 104.0, 104.0, 104.0)])
    assert trade(bars, [1, 0, 0]) == [(1, 100, 101.0, ENTRY), (2, -100, 104.0, EXIT)]


def test_costs_are_against_us_on_both_sides_and_on_the_price_grid() -> None:
    bars = bars_of([CALM, (33.33, 33.33, 33.33, 33.33), (33.33, 33.33, 33.33, 33.33)])
    costs = {"half_spread_bps": D(1), "slippage_bps": D("0.5")}
    assert trade(bars, [1, 0, 0], **costs) == [(1, 100, 33.3350, ENTRY), (2, -100, 33.3250, EXIT)]
    dearer = {**costs, "min_half_spread_quote": D("0.005")}
    assert trade(bars, [1, 0, 0], **dearer) == [(1, 100, 33.3367, ENTRY), (2, -100, 33.3233, EXIT)]


def test_a_stop_acts_within_the_bar_of_the_fill_and_at_its_level() -> None:
    bars = bars_of([CALM, (100.0, 100.0, 97.5, 99.0), CALM])
    assert trade(bars, [1, KEEP, KEEP], stop_frac=0.02) == [(1, 100, 100.0, ENTRY), (1, -100, 98.0, STOPPED)]


def test_a_gap_through_the_stop_fills_at_the_open() -> None:
    bars = bars_of([CALM, CALM, (95.0, 99.0, 94.0, 96.0)])
    assert trade(bars, [1, KEEP, KEEP], stop_frac=0.02)[1] == (2, -100, 95.0, STOPPED)
    bars = bars_of([CALM, CALM, (105.0, 106.0, 99.0, 96.0)])
    assert trade(bars, [-1, KEEP, KEEP], stop_frac=0.02)[1] == (2, 100, 105.0, STOPPED)


def test_a_target_acts_from_the_next_bar_and_needs_more_than_a_touch() -> None:
    bars = bars_of([CALM, (100.0, 105.0, 100.0, 100.0), (100.0, 104.0, 100.0, 100.0), (100.0, 104.01, 100.0, 100.0)])
    assert trade(bars, [1, KEEP, KEEP, KEEP], take_profit_frac=0.04) == [
        (1, 100, 100.0, ENTRY),
        (3, -100, 104.0, TOOK_PROFIT),
    ]


def test_a_gap_beyond_the_target_earns_nothing_extra() -> None:
    bars = bars_of([CALM, CALM, (110.0, 111.0, 109.0, 110.0)])
    assert trade(bars, [1, KEEP, KEEP], take_profit_frac=0.04)[1] == (2, -100, 104.0, TOOK_PROFIT)


def test_a_bar_that_touches_both_is_a_loss() -> None:
    bars = bars_of([CALM, CALM, (105.0, 106.0, 90.0, 100.0)])
    assert trade(bars, [1, KEEP, KEEP], stop_frac=0.02, take_profit_frac=0.04)[1] == (2, -100, 98.0, STOPPED)


def test_a_reversal_closes_and_opens_in_one_bar_or_closes_first() -> None:
    bars = bars_of([CALM] * 4)
    assert [f[:2] for f in trade(bars, [1, -1, -1, -1])] == [(1, 100), (2, -100), (2, -100)]
    assert [f[:2] for f in trade(bars, [1, -1, -1, -1], flips=False)] == [(1, 100), (2, -100), (3, -100)]


def test_after_a_stop_the_same_direction_enters_again_unless_only_a_cross_may() -> None:
    bars = bars_of([CALM, (100.0, 100.0, 97.0, 100.0), CALM, CALM])
    again = [(1, 100, 100.0, ENTRY), (1, -100, 98.0, STOPPED), (2, 100, 100.0, ENTRY)]
    assert trade(bars, [1, 1, 1, 1], stop_frac=0.02) == again
    assert trade(bars, [1, 1, 1, 1], stop_frac=0.02, only_on_cross=True) == again[:2]


def test_a_thin_bar_fills_in_part_and_the_rest_carries_over() -> None:
    bars = bars_of([CALM] * 4, volume=400.0)
    assert [f[:2] for f in trade(bars, [1, 1, 1, 1], max_participation_frac=D("0.1"))] == [(1, 40), (2, 40), (3, 20)]


def test_an_opening_dies_with_its_session_and_an_exit_does_not() -> None:
    bars = replace(bars_of([CALM] * 3), session=np.array([0, 1, 1]))
    assert trade(bars, [1, KEEP, KEEP]) == []
    assert trade(bars, [1, KEEP, KEEP], openings_last=True) == [(1, 100, 100.0, ENTRY)]
    bars = replace(bars_of([CALM] * 3), session=np.array([0, 0, 1]))
    assert [f[:2] for f in trade(bars, [1, 0, 0])] == [(1, 100), (2, -100)]


def test_a_bar_without_volume_fills_nothing() -> None:
    bars = replace(bars_of([CALM] * 3), volume=np.array([1e6, 0.0, 1e6]))
    assert trade(bars, [1, 1, 1]) == [(2, 100, 100.0, ENTRY)]


def test_the_trailing_stop_follows_the_best_close_and_never_retreats() -> None:
    bars = bars_of([CALM, (100.0, 110.0, 100.0, 110.0), (110.0, 110.0, 105.0, 105.0), (105.0, 106.0, 103.0, 104.0)])
    bars = replace(bars, atr=np.array([2.0, 2.0, 1.0, 9.0]))
    # 94 at the entry; 110 − 6 = 104 after its close; bar 2 stays above it; 110 − 3 = 107 after bar 2, a gap for bar 3
    assert trade(bars, [1, KEEP, KEEP, KEEP], trail_atr=3.0) == [(1, 100, 100.0, ENTRY), (3, -100, 105.0, TRAILED)]


def test_what_was_held_pays_funding_at_the_open_on_the_newest_close() -> None:
    """Entered in bar 1, out in bar 3: due at the opens of both, but nothing was held at the first."""
    prices = [CALM, (100.0, 120.0, 100.0, 120.0), (120.0, 120.0, 120.0, 120.0), (120.0, 120.0, 120.0, 120.0)]
    bars = replace(bars_of(prices), funding=np.array([0.01, 0.01, 0.01, 0.0]))
    given = rules(notional_quote=D(10_000), equity_frac=None)
    long, short = (backtest(bars, given, directions=np.array([d, 0, 0, 0], np.int8)) for d in (1, -1))
    assert (long.wins, short.wins) == (1, 0)
    assert long.funding_quote == 120.0
    assert short.funding_quote == -120.0
    assert long.equity_quote[-1] == 100_000 + 2_000 - 120
    assert short.equity_quote[-1] == 100_000 - 2_000 + 120


def test_equity_trades_and_drawdown_are_those_of_the_books() -> None:
    bars = bars_of([CALM, (100.0, 100.0, 90.0, 90.0), (95.0, 95.0, 95.0, 95.0), CALM])
    given = rules(notional_quote=D(10_000), equity_frac=None, taker_bps=D(10))
    found = backtest(bars, given, directions=np.array([1, 0, 0, 0], np.int8))
    np.testing.assert_allclose(found.equity_quote, [100_000, 98_990, 99_480.5, 99_480.5])
    assert found.max_drawdown_frac == pytest.approx(0.0101)
    assert found.fees_quote == 19.5
    np.testing.assert_allclose(found.trades, [[1, 2, 1, 100, 100, 95, 19.5, -519.5, EXIT, 0]])


def test_a_log_that_proves_too_short_is_made_again() -> None:
    bars = bars_of([CALM] * 200)
    directions = (np.arange(200) % 2).astype(np.int8)
    given = rules()
    short, long = (backtest(bars, given, directions=directions, fills_expected=n) for n in (1, 500))
    assert len(short.fills) == 198
    np.testing.assert_array_equal(short.fills, long.fills)


def test_arrays_that_do_not_fit_are_refused() -> None:
    bars, directions = bars_of([CALM] * 3), np.zeros(3, np.int8)
    with pytest.raises(UserError, match="directions or weights"):
        backtest(bars, rules())
    with pytest.raises(UserError, match="2 rows of directions for 3 bars"):
        backtest(bars, rules(), directions=directions[:2])
    with pytest.raises(UserError, match="needs the ATR"):
        backtest(bars, rules(trail_atr=2.0), directions=directions)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"capital_quote": D(0)}, "capital_quote"),
        ({"taker_bps": D(-1)}, "taker_bps"),
        ({"max_participation_frac": D(2)}, "participation"),
        ({"notional_quote": D(5)}, "notional_quote or equity_frac"),
        ({"equity_frac": None}, "notional_quote or equity_frac"),
        ({"tick_size": D("0.00015")}, "tick_size"),
        ({"lot_size": D("0.3"), "tick_size": D("0.000000007")}, "lot_size"),
        ({"stop_frac": 0.0}, "stop_frac"),
        ({"equity_frac": math.nan}, "equity_frac"),
    ],
)
def test_rules_that_make_no_sense_are_refused(changes: dict[str, Any], what: str) -> None:
    with pytest.raises(UserError, match=what):
        rules(**changes)


def test_bars_may_be_columns_of_a_table_or_narrower_floats() -> None:
    bars = bars_of([CALM, (101.0, 103.0, 101.0, 102.0), *[(104.0, 104.0, 104.0, 104.0)] * 20])
    names = ("open", "high", "low", "close", "volume")
    table = np.column_stack([getattr(bars, name) for name in names])
    apart = replace(bars, **{name: table[:, i] for i, name in enumerate(names)})
    narrow = replace(bars, **{name: getattr(bars, name).astype(np.float32) for name in names})
    expected = trade(bars, [1] * 12 + [0] * 10)
    assert len(expected) == 2
    assert trade(apart, [1] * 12 + [0] * 10) == trade(narrow, [1] * 12 + [0] * 10) == expected
