"""Predictions become ranked signals; every filter and the smoothing, one by one."""

from __future__ import annotations

from dataclasses import replace
from math import exp

import pytest

from rung.domain.bar import Bar
from rung.domain.clock import NS_PER_MINUTE
from rung.domain.session import Session
from rung.domain.slice import Slice
from rung.domain.target import Lean, Signal
from rung.strategy.rotation.params import (
    DataConfig,
    OesConfig,
    RotationConfig,
    RotationManagerConfig,
    SignalAggregatorConfig,
    SymbolsConfig,
)
from rung.strategy.rotation.signals import Prediction, SignalBook

SESSION = Session(date="2025-09-15", open_ns=0, close_ns=390 * NS_PER_MINUTE)


def bar(symbol: str, minute: int, close: float = 100.0) -> Bar:
    return Bar(
        symbol=symbol,
        open_ns=minute * NS_PER_MINUTE,
        interval_ns=NS_PER_MINUTE,
        open=close,
        high=close,
        low=close,
        close=close,
        volume=1_000.0,
    )


def slice_at(minute: int, *symbols: str, close: float = 100.0) -> Slice:
    return Slice(at_ns=(minute + 1) * NS_PER_MINUTE, session=SESSION, bars={s: bar(s, minute, close) for s in symbols})


def config(**filters: object) -> RotationConfig:
    return RotationConfig(
        symbols=SymbolsConfig(active=("AAA", "BBB"), leverage_boosts={"AAA": 1.5}),
        signal_aggregator_config=SignalAggregatorConfig(**filters),  # type: ignore[arg-type]
    )


def by_symbol(signals: tuple[Signal, ...]) -> dict[str, Signal]:
    return {s.symbol: s for s in signals}


def test_strength_is_side_probability_times_confidence_times_boost() -> None:
    signals = SignalBook(config()).update(
        slice_at(0, "AAA", "BBB"), [Prediction(0.60, 0.5, True), Prediction(0.60, 0.5, True)]
    )
    assert by_symbol(signals)["AAA"].strength == pytest.approx(0.60 * 0.5 * 1.5)
    assert by_symbol(signals)["BBB"].strength == pytest.approx(0.60 * 0.5)
    assert [s.rank for s in signals] == [1, 2]


def test_a_short_leans_as_strongly_as_a_long_of_the_same_distance() -> None:
    both_sides = replace(
        config(leverage_boosts={"AAA": 1.0}), rotation_manager_config=RotationManagerConfig(allow_shorts=True)
    )
    signals = by_symbol(
        SignalBook(both_sides).update(
            slice_at(0, "AAA", "BBB"), [Prediction(0.40, 0.5, True), Prediction(0.60, 0.5, True)]
        )
    )
    assert signals["AAA"].lean is Lean.SHORT
    assert signals["AAA"].probability == signals["BBB"].probability == pytest.approx(0.60)
    assert signals["AAA"].strength == pytest.approx(signals["BBB"].strength)


def test_a_short_takes_no_rank_where_shorts_are_not_traded() -> None:
    signals = by_symbol(
        SignalBook(config()).update(slice_at(0, "AAA", "BBB"), [Prediction(0.1, 0.9, True), Prediction(0.6, 0.9, True)])
    )
    assert (signals["AAA"].lean, signals["AAA"].rank) == (Lean.SHORT, 0)
    assert signals["BBB"].rank == 1


def test_a_prediction_inside_the_neutral_zone_is_reported_but_not_ranked() -> None:
    signals = by_symbol(
        SignalBook(config()).update(
            slice_at(0, "AAA", "BBB"), [Prediction(0.52, 0.9, True), Prediction(0.6, 0.9, True)]
        )
    )
    assert (signals["AAA"].lean, signals["AAA"].rank) == (Lean.NEUTRAL, 0)
    assert signals["BBB"].rank == 1


@pytest.mark.parametrize(
    "filters", [{"min_probability": 0.61}, {"min_confidence": 0.51}, {"min_strength": 0.6}], ids=lambda f: next(iter(f))
)
def test_each_filter_alone_holds_a_signal_back(filters: dict[str, float]) -> None:
    signals = SignalBook(config(**filters)).update(
        slice_at(0, "AAA", "BBB"), [Prediction(0.60, 0.5, True), Prediction(0.60, 0.5, True)]
    )
    assert all(s.rank == 0 for s in signals)


def test_an_unready_model_gives_no_signal_at_all() -> None:
    assert SignalBook(config()).update(slice_at(0, "AAA"), [Prediction(0.9, 0.9, False)] * 2) == ()


def test_strength_is_smoothed_and_starts_anew_when_the_side_changes() -> None:
    book = SignalBook(config(leverage_boosts={"AAA": 1.0}))
    quiet = Prediction(0.5, 0.5, True)
    book.update(slice_at(0, "AAA"), [Prediction(0.60, 1.0, True), quiet])
    smoothed = by_symbol(book.update(slice_at(1, "AAA"), [Prediction(0.80, 1.0, True), quiet]))["AAA"]
    assert smoothed.strength == pytest.approx(0.3 * 0.80 + 0.7 * 0.60)
    book.update(slice_at(2, "AAA"), [Prediction(0.30, 1.0, True), quiet])
    turned = by_symbol(book.update(slice_at(3, "AAA"), [Prediction(0.70, 1.0, True), quiet]))["AAA"]
    assert turned.strength == pytest.approx(0.70)


def test_a_neutral_bar_in_between_leaves_the_smoothed_strength_as_it_is() -> None:
    book = SignalBook(config(leverage_boosts={"AAA": 1.0}))
    quiet = Prediction(0.5, 0.5, True)
    book.update(slice_at(0, "AAA"), [Prediction(0.60, 1.0, True), quiet])
    book.update(slice_at(1, "AAA"), [quiet, quiet])
    signal = by_symbol(book.update(slice_at(2, "AAA"), [Prediction(0.80, 1.0, True), quiet]))["AAA"]
    assert signal.strength == pytest.approx(0.3 * 0.80 + 0.7 * 0.60)


def test_a_missing_minute_weakens_the_signal_once_and_too_many_void_it() -> None:
    book = SignalBook(config(leverage_boosts={"AAA": 1.0}, smoothing_alpha=1.0))
    row = [Prediction(0.60, 1.0, True), Prediction(0.60, 1.0, True)]
    book.update(slice_at(0, "AAA", "BBB"), row)
    stale = by_symbol(book.update(slice_at(1, "BBB"), row))["AAA"]
    assert stale.strength == pytest.approx(0.60 * exp(-1.0))
    for minute in range(2, 6):
        signals = by_symbol(book.update(slice_at(minute, "BBB"), row))
    assert "AAA" not in signals
    assert book.fresh_frac(slice_at(5, "BBB").at_ns) == 0.5


def test_ties_are_broken_by_the_order_in_which_the_config_names_the_symbols() -> None:
    book = SignalBook(config(leverage_boosts={"AAA": 1.0}))
    signals = book.update(slice_at(0, "AAA", "BBB"), [Prediction(0.60, 0.5, True)] * 2)
    assert [s.symbol for s in signals] == ["AAA", "BBB"]


def test_calibration_widens_the_neutral_zone_when_signals_lose_and_never_past_its_bounds() -> None:
    settings = RotationConfig(
        symbols=SymbolsConfig(active=("AAA",)),
        oes_config=OesConfig(enable_threshold_calibration=True, calibration_window=20),
        data_manager_config=DataConfig(),
    )
    book = SignalBook(settings)
    price = 100.0
    for minute in range(20 * 60):
        price *= 0.999  # every LONG loses
        book.update(slice_at(minute, "AAA", close=price), [Prediction(0.95, 0.5, True)])
    thresholds = book._tracks[0].thresholds
    assert (thresholds.buy, thresholds.sell) == (pytest.approx(0.70), pytest.approx(0.30))
