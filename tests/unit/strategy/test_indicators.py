"""Streaming indicators: equal to TA-Lib or to the plain formula on every bar, NaN until full, clean after a NaN."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
import talib
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rung.strategy.indicators import atr, ema, highest, lag, lowest, roc, rsi, sma, std, zscore

Series = NDArray[np.float64]
rng = np.random.default_rng(11)
CLOSE = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 1e-3, 3000)))
HIGH = CLOSE * (1.0 + rng.exponential(5e-4, 3000))
LOW = CLOSE * (1.0 - rng.exponential(5e-4, 3000))


def streamed(indicator: Callable[[float], float], values: Series) -> Series:
    return np.array([indicator(float(value)) for value in values])


def windowed(period: int, function: Callable[[Series], float], values: Series) -> Series:
    out = np.full(len(values), np.nan)
    for end in range(period, len(values) + 1):
        out[end - 1] = function(values[end - period : end])
    return out


@pytest.mark.parametrize("period", [2, 14, 60])
def test_they_are_what_ta_lib_says(period: int) -> None:
    for made, oracle in (
        (sma(period), talib.SMA),
        (ema(period), talib.EMA),
        (rsi(period), talib.RSI),
        (highest(period), talib.MAX),
        (lowest(period), talib.MIN),
    ):
        np.testing.assert_allclose(streamed(made, CLOSE), oracle(CLOSE, period), rtol=1e-10)
    np.testing.assert_allclose(streamed(std(period), CLOSE), talib.STDDEV(CLOSE, period), rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(streamed(roc(period), CLOSE), talib.ROCP(CLOSE, period), rtol=1e-9, atol=1e-14)


def test_the_true_range_is_averaged_as_ta_lib_does() -> None:
    made = atr(14)
    bars = [SimpleNamespace(high=h, low=lo, close=c) for h, lo, c in zip(HIGH, LOW, CLOSE, strict=True)]
    np.testing.assert_allclose([made(bar) for bar in bars], talib.ATR(HIGH, LOW, CLOSE, 14), rtol=1e-10)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=80), st.integers(2, 12))
def test_windows_are_the_plain_formula_on_any_numbers(values: list[float], period: int) -> None:
    row = np.array(values)
    scale = max(1.0, float(np.abs(row).max()))
    for made, plain in ((sma(period), np.mean), (std(period), np.std)):
        expected = windowed(period, plain, row)  # type: ignore[arg-type]
        np.testing.assert_allclose(streamed(made, row), expected, rtol=1e-9, atol=1e-6 * scale)
    np.testing.assert_array_equal(streamed(highest(period), row), windowed(period, np.max, row))  # type: ignore[arg-type]
    np.testing.assert_array_equal(streamed(lowest(period), row), windowed(period, np.min, row))  # type: ignore[arg-type]
    np.testing.assert_array_equal(streamed(lag(period), row), [math.nan] * min(period, len(row)) + values[:-period])


@pytest.mark.parametrize("made", [sma(5), std(5), zscore(5), highest(5), lowest(5)], ids=lambda i: type(i).__name__)
def test_a_nan_is_forgotten_once_it_has_left_the_window(made: Callable[[float], float]) -> None:
    values = CLOSE[:40].copy()
    values[11] = np.nan
    out = streamed(made, values)
    assert np.isnan(out[:4]).all()
    assert np.isnan(out[11:16]).all()
    fresh = streamed(type(made)(5), CLOSE[12:40])  # type: ignore[call-arg]
    np.testing.assert_allclose(out[16:], fresh[4:], rtol=1e-9)


@pytest.mark.parametrize("made", [ema(5), rsi(5)], ids=lambda i: type(i).__name__)
def test_the_recursive_ones_pass_over_a_nan(made: Callable[[float], float]) -> None:
    for value in CLOSE[:20]:
        before = made(float(value))
    assert made(math.nan) == before
    assert math.isfinite(made(float(CLOSE[20])))


def test_a_long_stream_does_not_drift_from_the_window_it_shows() -> None:
    """200,000 additions and subtractions around a large level."""
    values = 1e9 + np.random.default_rng(5).normal(0.0, 1.0, 200_000)
    mean, spread = sma(50), std(50)
    for value in values:
        mean(float(value))
        spread(float(value))
    assert mean.value == pytest.approx(float(values[-50:].mean()), rel=1e-15)
    assert spread.value == pytest.approx(float(values[-50:].std()), rel=1e-6)


def test_a_flat_market_has_no_score_and_a_middling_strength() -> None:
    score, strength = zscore(10), rsi(10)
    for _ in range(40):
        score(100.0)
        strength(100.0)
    assert math.isnan(score.value)
    assert strength.value == 50.0


@pytest.mark.parametrize("made", [sma, std, ema, highest, lag, rsi, atr])
def test_an_empty_window_is_refused(made: Callable[[int], object]) -> None:
    with pytest.raises(ValueError, match="at least"):
        made(0)
