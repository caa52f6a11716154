"""Standard indicators against TA-Lib, on prices chain-linked over the gaps, after its recursions have settled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import talib
from tests.unit.kernels.features.tapes import Array, Tape, made, real, run

from rung.kernels.features.registry import PRICE_LAGS, REGISTRY

NAMES = [spec.name for spec in REGISTRY]
SETTLED = 3_000  # bars: the slowest average, EMA(200), has forgotten its seed to 1e-13


@dataclass(frozen=True)
class Prices:
    o: Array
    h: Array
    l: Array  # noqa: E741
    c: Array
    v: Array
    r: Array


def linked(tape: Tape) -> Prices:
    starts = tape.starts[1:]
    steps = np.ones(len(tape.bars))
    steps[starts] = tape.bars[starts - 1, 3] / tape.bars[starts, 0]
    o, h, l, c = (tape.bars[:, :4] * np.cumprod(steps)[:, None]).T.copy()  # noqa: E741
    return Prices(o, h, l, c, tape.bars[:, 4].copy(), np.concatenate([[c[0] / o[0] - 1.0], c[1:] / c[:-1] - 1.0]))


def bands(p: Prices) -> tuple[Array, Array, Array]:
    upper, middle, lower = talib.BBANDS(p.c, 20, 2.0, 2.0)
    return upper, middle, lower


def place(c: Array, top: Array, bottom: Array) -> Array:
    return 2.0 * (c - bottom) / (top - bottom) - 1.0


def balance(p: Prices) -> Array:
    up, down = talib.PLUS_DI(p.h, p.l, p.c, 14), talib.MINUS_DI(p.h, p.l, p.c, 14)
    result: Array = (up - down) / (up + down)
    return result


def obv_slope(p: Prices, w: int) -> Array:
    line = talib.OBV(p.c, p.v)
    return (line - np.roll(line, w)) / talib.SUM(p.v, w)


TALIB: dict[str, Callable[[Prices], Array]] = {
    **{f"sma_{w}": lambda p, w=w: p.c / talib.SMA(p.c, w) - 1.0 for w in (5, 10, 20, 50, 100, 200)},
    **{f"ema_{w}": lambda p, w=w: p.c / talib.EMA(p.c, w) - 1.0 for w in (5, 10, 20, 50, 100, 200)},
    "wma_20": lambda p: p.c / talib.WMA(p.c, 20) - 1.0,
    "dema_20": lambda p: p.c / talib.DEMA(p.c, 20) - 1.0,
    "kama_10": lambda p: p.c / talib.KAMA(p.c, 10) - 1.0,
    "vwma_20": lambda p: p.c * talib.SUM(p.v, 20) / talib.SUM(p.c * p.v, 20) - 1.0,
    **{f"rsi_{w}": lambda p, w=w: talib.RSI(p.c, w) / 50.0 - 1.0 for w in (7, 14, 21)},
    "momentum_5": lambda p: talib.MOM(p.c, 5) / talib.ATR(p.h, p.l, p.c, 14),
    "momentum_10": lambda p: talib.MOM(p.c, 10) / talib.ATR(p.h, p.l, p.c, 14),
    "stochastic_k_14": lambda p: talib.STOCHF(p.h, p.l, p.c, 14, 3, 0)[0] / 50.0 - 1.0,
    "stochastic_d_14": lambda p: talib.STOCHF(p.h, p.l, p.c, 14, 3, 0)[1] / 50.0 - 1.0,
    "williams_28": lambda p: talib.WILLR(p.h, p.l, p.c, 28) / 50.0 + 1.0,
    "cci_20": lambda p: talib.CCI(p.h, p.l, p.c, 20) / 100.0,
    "macd_line": lambda p: talib.MACD(p.c, 12, 26, 9)[0] / p.c,
    "macd_histogram": lambda p: talib.MACD(p.c, 12, 26, 9)[2] / p.c,
    "roc_60": lambda p: talib.ROCP(p.c, 60),
    "trix_15": lambda p: talib.TRIX(p.c, 15) / 100.0,
    "ultimate_28": lambda p: talib.ULTOSC(p.h, p.l, p.c, 7, 14, 28) / 50.0 - 1.0,
    "true_range": lambda p: talib.TRANGE(p.h, p.l, p.c) / np.roll(p.c, 1),
    "atr_14": lambda p: talib.ATR(p.h, p.l, p.c, 14) / p.c,
    "atr_20": lambda p: talib.ATR(p.h, p.l, p.c, 20) / p.c,
    "sigma_20": lambda p: talib.STDDEV(p.r, 20) * np.sqrt(20.0 / 19.0),
    "bollinger_position_20": lambda p: (p.c - bands(p)[1]) / (bands(p)[0] - bands(p)[1]),
    "bollinger_width_20": lambda p: (bands(p)[0] - bands(p)[2]) / bands(p)[1],
    "keltner_position_20": lambda p: (p.c - talib.EMA(p.c, 20)) / (2.0 * talib.ATR(p.h, p.l, p.c, 10)),
    "squeeze_20": lambda p: talib.STDDEV(p.c, 20) / talib.ATR(p.h, p.l, p.c, 10),
    "donchian_position_20": lambda p: place(p.c, talib.MAX(p.h, 20), talib.MIN(p.l, 20)),
    "obv_slope_20": lambda p: obv_slope(p, 20),
    "obv_slope_60": lambda p: obv_slope(p, 60),
    "chaikin_oscillator": lambda p: talib.ADOSC(p.h, p.l, p.c, p.v, 3, 10) / talib.SMA(p.v, 20),
    "force_13": lambda p: talib.EMA(p.r * p.v, 13) / talib.EMA(p.v, 13),
    "z_score_50": lambda p: (p.c - talib.SMA(p.c, 50)) / talib.STDDEV(p.c, 50),
    "trend_20": lambda p: talib.CORREL(p.c, np.arange(len(p.c)) % 1e6, 20),
    "slope_60": lambda p: talib.LINEARREG_SLOPE(p.c, 60) / talib.ATR(p.h, p.l, p.c, 14),
    "price_volume_20": lambda p: talib.CORREL(p.r, p.v, 20),
    **{f"price_lag_{k}": lambda p, k=k: talib.ROCP(p.c, k) for k in PRICE_LAGS},
}
UNTICKED = {  # TA-Lib breaks ties by rounding, so these are compared where prices have no grid
    "adx_14": lambda p: talib.ADX(p.h, p.l, p.c, 14) / 100.0,
    "direction_14": balance,
    "aroon_25": lambda p: talib.AROONOSC(p.h, p.l, 25) / 100.0,
    "mfi_14": lambda p: talib.MFI(p.h, p.l, p.c, p.v, 14) / 50.0 - 1.0,
    "bullish_engulfing": lambda p: (talib.CDLENGULFING(p.o, p.h, p.l, p.c) > 0).astype(np.float64),
    "bearish_engulfing": lambda p: (talib.CDLENGULFING(p.o, p.h, p.l, p.c) < 0).astype(np.float64),
}
ROUGH = {  # TA-Lib subtracts squares here and keeps about nine digits fewer than we do
    "bollinger_position_20", "bollinger_width_20", "squeeze_20", "z_score_50", "trend_20", "sigma_20",
    "price_volume_20", "slope_60", "wma_20",
}  # fmt: skip


def worst(table: Array, name: str, expected: Array) -> float:
    ours = table[SETTLED:, NAMES.index(name)]
    return float(np.abs(ours - expected[SETTLED:]).max() / ours.std())


@pytest.fixture(scope="module")
def unticked() -> tuple[Array, Prices]:
    tape = made(70, sessions=14)
    return run(tape), linked(tape)


@pytest.mark.parametrize("name", [*TALIB, *UNTICKED])
def test_a_standard_indicator_agrees_with_talib(name: str, unticked: tuple[Array, Prices]) -> None:
    table, prices = unticked
    assert worst(table, name, (TALIB | UNTICKED)[name](prices)) < (1e-4 if name in ROUGH else 1e-8)


@pytest.mark.data
@pytest.mark.parametrize("symbol", ["TQQQ", "UVXY"])
def test_the_standard_indicators_agree_with_talib_on_real_bars(symbol: str, real_data: Path) -> None:
    tape = real(real_data, symbol)[:8_000]
    table, prices = run(tape), linked(tape)
    gaps = {name: worst(table, name, formula(prices)) for name, formula in TALIB.items()}
    assert {name: gap for name, gap in gaps.items() if not gap < (1e-3 if name in ROUGH else 1e-7)} == {}
