"""The built-in strategies decide what their documented rules say: against plain formulas and small made markets."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.unit.strategy.made import view

from rung.domain.errors import UserError
from rung.domain.target import Target
from rung.strategy.authoring import Portfolio, Strategy
from rung.strategy.crossover import Crossover
from rung.strategy.mean_reversion import MeanReversion
from rung.strategy.momentum import Momentum
from rung.strategy.running import running
from rung.strategy.stat_arb import HalfLife, HedgeRatio, StatArb

Series = NDArray[np.float64]


def asked(cls: type[Strategy], closes: Series, **given: Any) -> list[Target | None]:
    """What is asked at each minute from 1 on, when every wish is fulfilled by the next minute."""
    port, held, out = running(cls, ("BTCUSDT",), given), {}, []
    for minute, close in enumerate(closes.tolist(), start=1):
        targets = port.decide(view(minute, close, held))
        out.append(targets[0] if targets else None)
        if targets and targets[0].weight is not None:
            held = {"BTCUSDT": "1" if targets[0].weight > 0 else "-1"} if targets[0].weight else {}
    return out


def sides(asked_for: list[Target | None]) -> list[float]:
    """The side held after each minute."""
    side, out = 0.0, []
    for target in asked_for:
        side = side if target is None or target.weight is None else float(np.sign(target.weight))
        out.append(side)
    return out


def walk(seed: int, n: int = 900, scale: float = 1e-3) -> Series:
    return np.round(100.0 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0.0, scale, n))), 2)


def plain_signal(closes: Series, period: int, band: float, *, current: bool) -> list[int]:
    """The source's own lines, one bar after the other."""
    out = []
    for i, close in enumerate(closes):
        window = closes[i + 1 - period : i + 1] if current else closes[i - period : i]
        if len(window) < period or i < period - current:
            out.append(0)
            continue
        mean = window.mean()
        out.append(1 if close > mean * (1 + band) else -1 if close < mean * (1 - band) else 0)
    return out


# --- crossover --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("current", [False, True])
@pytest.mark.parametrize("every", [1, 15])
def test_crossover_holds_the_side_of_the_sources_signal_at_each_decision(current: bool, every: int) -> None:
    closes = walk(3)
    held = sides(asked(Crossover, closes, include_current=current, every=every))
    signal = plain_signal(closes, 60, 0.001, current=current)
    for i in range(len(closes)):
        last = (i + 1) // every * every - 1  # the newest bar at which it decided
        assert held[i] == (signal[last] if last >= 0 else 0), i


def test_crossover_asks_for_the_sources_stop_and_target() -> None:
    first = next(target for target in asked(Crossover, walk(3)) if target is not None)
    assert first.protection is not None
    assert (first.protection.stop_frac, first.protection.take_profit_frac) == (0.02, 0.04)


def test_a_crossover_trails_its_stop_only_when_it_is_asked_to() -> None:
    closes = walk(3)
    for given, trail in (({}, None), ({"trail": 0.02}, 0.02)):
        wishes = [target for target in asked(Crossover, closes, every=1, **given) if target and target.weight]
        assert wishes
        for target in wishes:
            assert target.protection is not None
            assert (target.protection.trail_frac, target.protection.stop_frac) == (trail, 0.02)


def test_crossover_without_flip_keeps_an_opposite_position_until_the_signal_is_zero() -> None:
    closes = np.concatenate([np.full(60, 100.0), np.full(20, 101.0), np.full(20, 97.0), np.full(80, 97.0)])
    flips = sides(asked(Crossover, closes, every=1))
    keeps = sides(asked(Crossover, closes, every=1, flip=False))
    assert (flips[70], flips[85]) == (1, -1)
    assert (keeps[70], keeps[85]) == (1, 1)
    assert 0 in keeps[85:]


def test_crossover_on_cross_does_not_open_again_what_a_stop_has_closed() -> None:
    closes = np.concatenate([np.full(60, 100.0), np.full(60, 101.0)])
    for on_cross, again in ((False, 1), (True, 0)):
        port = running(Crossover, ("BTCUSDT",), {"every": 1, "on_cross": on_cross})
        wanted = [port.decide(view(minute, close)) for minute, close in enumerate(closes.tolist(), start=1)]
        assert len(wanted[60]) == 1
        assert sum(len(targets) for targets in wanted[61:70]) == again * 9


def test_crossover_trend_and_second_mean_only_let_their_own_side_through() -> None:
    closes = np.concatenate([np.linspace(130.0, 100.0, 400), np.linspace(100.0, 103.0, 60)])
    assert 1 in sides(asked(Crossover, closes, every=1))[400:]
    for name in ("trend", "second_period"):
        assert set(sides(asked(Crossover, closes, every=1, **{name: 390}))[400:]) <= {0, -1}


def test_crossover_band_widens_with_the_true_range() -> None:
    """Bars reach a point up and down: an ATR of 2, so a band of 2 ATR is 4 points where 0.1 % is a tenth of one."""
    closes = np.concatenate([np.full(70, 100.0), np.full(20, 103.0), np.full(20, 106.0)])
    assert sides(asked(Crossover, closes, every=1))[75] == 1
    adaptive = sides(asked(Crossover, closes, every=1, atr_multiple=2.0))
    assert adaptive[75] == 0
    assert 1 in adaptive[90:]


def test_crossover_long_only_is_out_where_it_would_be_short() -> None:
    held = sides(asked(Crossover, walk(3), shorts=False))
    assert 1 in held
    assert -1 not in held


# --- momentum ---------------------------------------------------------------------------------------------------------


def test_momentum_follows_its_scaled_past_return_with_hysteresis() -> None:
    closes = walk(8, 1200)
    given = {"lookback": 120, "volatility_period": 120, "every": 1, "threshold": 0.5}
    held = sides(asked(Momentum, closes, **given))
    one_bar = closes[1:] / closes[:-1] - 1
    side = 0.0
    for i in range(len(closes)):
        if i >= 120:
            sigma = one_bar[i - 120 : i].std()
            z = (closes[i] / closes[i - 120] - 1) / (sigma * math.sqrt(120))
            side = 1.0 if z > 0.5 else -1.0 if z < -0.5 else side if z * side > 0 else 0.0
        assert held[i] == side, i


def test_momentum_is_smaller_where_the_market_is_wilder() -> None:
    given = {"lookback": 60, "volatility_period": 60, "every": 1}
    weights = {}
    for scale in (2e-3, 4e-3):
        first = next(t for t in asked(Momentum, walk(5, 400, scale), **given) if t is not None and t.weight)
        weights[scale] = abs(first.weight or 0.0)
    assert 0 < weights[4e-3] < weights[2e-3] <= 0.95
    assert weights[2e-3] == pytest.approx(2 * weights[4e-3], abs=0.03)


# --- mean reversion ---------------------------------------------------------------------------------------------------


def stretched(depth: float) -> Series:
    """A quiet market, a fall of `depth`, and back."""
    quiet = 100.0 + 0.1 * np.sin(np.arange(120))
    return np.concatenate([quiet, [100.0 - depth] * 3, quiet[:60]])


def test_mean_reversion_buys_the_fall_and_leaves_at_the_mean() -> None:
    held = sides(asked(MeanReversion, stretched(2.0)))
    assert held[119] == 0
    assert held[120] == 1
    assert held[125] == 0


def test_mean_reversion_leaves_a_small_dip_alone() -> None:
    assert set(sides(asked(MeanReversion, stretched(0.1)))) == {0}


def test_mean_reversion_sells_a_rise_unless_it_may_not() -> None:
    assert -1 in sides(asked(MeanReversion, stretched(-2.0)))
    assert set(sides(asked(MeanReversion, stretched(-2.0), shorts=False))) == {0}


def test_mean_reversion_gives_up_when_patience_is_over() -> None:
    closes = np.concatenate([stretched(2.0)[:121], 98.0 - np.arange(60) * 0.05])
    targets = asked(MeanReversion, closes, patience=20, exit=0.0)
    left = [t.reason for t in targets if t is not None and t.weight == 0.0]
    assert left[0] == "patience is over"


def test_mean_reversion_waits_for_calm_before_it_tries_again() -> None:
    """Stopped while still stretched: no second entry until the score has been back inside."""
    port = running(MeanReversion, ("BTCUSDT",), {})
    closes = np.concatenate([stretched(2.0)[:121], [97.0, 96.0, 95.0]])
    wanted = []
    for minute, close in enumerate(closes.tolist(), start=1):
        wanted.append(port.decide(view(minute, close, {"BTCUSDT": "1"} if minute == 122 else {})))
    assert len(wanted[120]) == 1
    assert [len(targets) for targets in wanted[122:]] == [0, 0]


def test_mean_reversion_by_rsi_and_by_bands() -> None:
    closes = walk(21, 2000)
    by_rsi = sides(asked(MeanReversion, closes, measure="rsi", period=14, entry=2.0))
    assert {1.0, -1.0} <= set(by_rsi)
    entered = [i for i, t in enumerate(asked(MeanReversion, closes, measure="bollinger", period=60)) if t and t.weight]
    assert entered
    for i in entered:  # the bar before was outside, this one is back inside
        window, before = closes[i - 59 : i + 1], closes[i - 60 : i]
        assert abs(closes[i - 1] - before.mean()) > 2.5 * before.std()
        assert abs(closes[i] - window.mean()) <= 2.5 * window.std() + 1e-9


# --- stat arb ---------------------------------------------------------------------------------------------------------


def test_the_hedge_ratio_is_the_weighted_least_squares_of_everything_seen() -> None:
    rng = np.random.default_rng(2)
    x = np.cumsum(rng.normal(0.0, 0.01, 600))
    y = 0.3 + 1.7 * x + rng.normal(0.0, 0.002, 600)
    memory, ratio = 0.995, HedgeRatio(0.995)
    for each_y, each_x in zip(y, x, strict=True):
        ratio(each_y, each_x)
    weights = memory ** np.arange(599, -1, -1)
    design = np.column_stack([np.ones(600), x - x[0]])
    exact = np.linalg.solve(design.T @ (design * weights[:, None]), design.T @ (weights * (y - y[0])))
    np.testing.assert_allclose([ratio.a, ratio.b], exact, rtol=1e-3, atol=1e-5)


def test_the_residual_is_judged_by_what_was_known_before() -> None:
    ratio = HedgeRatio(0.999)
    assert ratio(1.0, 2.0) == 0.0
    assert ratio(1.5, 2.2) == pytest.approx(0.5 - 1.0 * 0.2)  # ratio 1 before it has learned anything


@pytest.mark.parametrize("half_life", [5.0, 50.0])
def test_the_half_life_of_a_known_process_is_found(half_life: float) -> None:
    phi, made, value = 0.5 ** (1 / half_life), HalfLife(20_000), 0.0
    rng = np.random.default_rng(4)
    for shock in rng.normal(size=60_000):
        value = phi * value + shock
        made(value)
    assert made.bars == pytest.approx(half_life, rel=0.15)


def pair(seed: int, n: int = 3000, half_life: float = 30.0) -> tuple[Series, Series]:
    """A cointegrated pair: y = 2·x + a spread that comes back."""
    rng = np.random.default_rng(seed)
    x, phi, spread = np.cumsum(rng.normal(0.0, 5e-4, n)), 0.5 ** (1 / half_life), np.zeros(n)
    for i in range(1, n):
        spread[i] = phi * spread[i - 1] + rng.normal(0.0, 1e-3)
    return 100.0 * np.exp(2.0 * x + spread), 50.0 * np.exp(x)


PAIR = ("BTCUSDT", "ETHUSDT")
QUICK = {"period": 300, "memory_bars": 3000, "warm_up": 600, "entry": 2.0}


def traded(cls: type[Portfolio], y: Series, x: Series, **given: Any) -> list[list[Target]]:
    """What is asked at each minute when everything is fulfilled by the next one."""
    port, held, out = running(cls, PAIR, given), {}, []
    for minute, (first, second) in enumerate(zip(y.tolist(), x.tolist(), strict=True), start=1):
        targets = list(port.decide(view(minute, dict(zip(PAIR, (first, second), strict=True)), held)))
        out.append(targets)
        for target in targets:
            held = {s: q for s, q in held.items() if s != target.symbol}
            if target.weight:
                held[target.symbol] = "1" if target.weight > 0 else "-1"
    return out


def test_both_legs_are_one_decision_in_the_ratio_of_the_hedge() -> None:
    decisions = [targets for targets in traded(StatArb, *pair(1), **QUICK) if targets]
    entries = [targets for targets in decisions if targets[0].weight]
    assert len(entries) > 3
    for first, second in entries:
        assert first.weight is not None
        assert second.weight is not None
        assert first.weight * second.weight < 0
        assert abs(first.weight) + abs(second.weight) == pytest.approx(0.95)
        assert abs(second.weight / first.weight) == pytest.approx(2.0, rel=0.25)
    assert all(len(targets) == 2 for targets in decisions)


def test_a_pair_that_comes_back_is_sold_dear_and_bought_back_cheap() -> None:
    y, x = pair(1)
    earned, entry = 0.0, None
    for i, targets in enumerate(traded(StatArb, y, x, **QUICK)):
        if targets and targets[0].weight:
            entry = (i, targets)
        elif targets and entry is not None:
            at, legs = entry
            moves = (y[i] / y[at] - 1, x[i] / x[at] - 1)
            earned += sum((leg.weight or 0.0) * move for leg, move in zip(legs, moves, strict=True))
            entry = None
    assert earned > 0.01


def test_two_independent_walks_are_mostly_left_alone() -> None:
    """A spread that never comes back has no half-life short enough."""
    rng = np.random.default_rng(9)
    y, x = (100.0 * np.exp(np.cumsum(rng.normal(0.0, 1e-3, 3000))) for _ in range(2))
    entries = [t for t in traded(StatArb, y, x, **QUICK, max_half_life=60) if t and t[0].weight]
    together = [t for t in traded(StatArb, *pair(1), **QUICK, max_half_life=60) if t and t[0].weight]
    assert len(entries) < len(together)


def test_a_leg_without_its_partner_is_closed() -> None:
    port = running(StatArb, PAIR, {})
    prices = {"BTCUSDT": 100.0, "ETHUSDT": 50.0}
    (left,) = port.decide(view(1, prices, {"BTCUSDT": "1"}))
    assert (left.symbol, left.weight, left.reason) == ("BTCUSDT", 0.0, "a leg without its partner")
    assert not port.decide(view(2, prices, {"BTCUSDT": "1"}, working=("BTCUSDT",)))


def test_a_missing_bar_of_either_leg_decides_nothing() -> None:
    assert not running(StatArb, PAIR, {}).decide(view(1, {"BTCUSDT": 100.0}, {"BTCUSDT": "1"}))


def test_a_pair_of_three_is_refused() -> None:
    with pytest.raises(UserError, match="a pair has two symbols, not 3"):
        running(StatArb, (*PAIR, "XRPUSDT"), {})
