"""The slow twin: every feature straight from its formula, whole windows at a time, plain numpy.

Prices are chain-linked (each session scaled so that it opens at the previous close) and each window is taken from
that one long series; nothing is shared with the compiled step but the registry.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from rung.kernels.features.registry import PRICE_LAGS, REGISTRY, RETURN_LAGS

Series = NDArray[np.float64]
Columns = dict[str, Series]


def reference_features(bars: Series, clocks: Series, session_open: NDArray[np.bool_]) -> Series:
    """(n, 126) features of one symbol; arguments as for `feature_batch`, every bar usable."""
    with np.errstate(all="ignore"):
        tape = _Tape(bars, clocks, session_open)
        columns: Columns = {}
        families = (_time, _price, _averages, _oscillators, _momentum, _volatility, _session, _volume)
        for family in (*families, _statistics, _patterns, _lags):
            columns |= family(tape)
    table = np.column_stack([columns[spec.name] for spec in REGISTRY])
    for j, spec in enumerate(REGISTRY):
        table[: spec.warmup_bars - 1, j] = 0.0
    table[~np.isfinite(table)] = 0.0
    return table


class _Tape:
    """Bars beside their predecessors. `o h l c` chain-linked; `raw` as traded; `prior` in today's prices."""

    def __init__(self, bars: Series, clocks: Series, session_open: NDArray[np.bool_]) -> None:
        self.n = len(bars)
        self.raw, self.clocks, self.v = bars[:, :4], clocks, bars[:, 4]
        self.opens = session_open.copy()
        self.opens[0] = True
        self.session = np.cumsum(self.opens) - 1
        self.starts = np.flatnonzero(self.opens)
        gaps = self.raw[self.starts[1:], 0] / self.raw[self.starts[1:] - 1, 3]
        self.gap = np.concatenate([[0.0], gaps - 1.0])[self.session]
        self.link = np.concatenate([[1.0], 1.0 / np.cumprod(gaps)])[self.session]
        self.o, self.h, self.l, self.c = (self.raw * self.link[:, None]).T
        self.prior = np.empty_like(self.raw)
        self.prior[1:] = self.raw[:-1]
        self.prior[self.starts[1:]] *= gaps[:, None]
        self.prior[self.starts, 3] = self.raw[self.starts, 0]
        self.prior[0] = self.raw[0, 0]
        self.r = self.raw[:, 3] / self.prior[:, 3] - 1.0
        top, bottom = np.maximum(self.raw[:, 1], self.prior[:, 3]), np.minimum(self.raw[:, 2], self.prior[:, 3])
        self.true_range = (top - bottom) * self.link
        self.buying = (self.raw[:, 3] - bottom) * self.link
        self.change = (self.raw[:, 3] - self.prior[:, 3]) * self.link
        self.typical = (self.h + self.l + self.c) / 3.0
        self.rms = np.sqrt(_mean(self.r**2, 20))
        self.score = _where(self.r, self.rms)
        self.atr = {s: _wilder(self.true_range, s, self.h[0] - self.l[0]) for s in (10, 14, 20)}


def _where(top: Series, bottom: Series) -> Series:
    """top / bottom, 0 where bottom is 0."""
    return np.divide(top, bottom, out=np.zeros_like(top), where=bottom != 0.0)


def _windows(x: Series, w: int, reduce: Callable[[Series], Series]) -> Series:
    """`reduce` over the last w values of each bar; before there are w, over what zeros would stand for."""
    padded = np.concatenate([np.zeros(w - 1), x])
    return reduce(sliding_window_view(padded, w))


def _mean(x: Series, w: int) -> Series:
    return _windows(x, w, lambda a: a.mean(axis=1))


def _sum(x: Series, w: int) -> Series:
    return _windows(x, w, lambda a: a.sum(axis=1))


def _max(x: Series, w: int) -> Series:
    return _windows(x, w, lambda a: a.max(axis=1))


def _min(x: Series, w: int) -> Series:
    return _windows(x, w, lambda a: a.min(axis=1))


def _deviation(x: Series, w: int, degrees: int = 0) -> Series:
    flat = _max(x, w) - _min(x, w) <= 1e-10 * np.abs(_max(x, w))
    return np.where(flat, 0.0, _windows(x, w, lambda a: a.std(axis=1, ddof=degrees)))


def _ago(x: Series, k: int, before: float = 0.0) -> Series:
    return np.concatenate([np.full(min(k, len(x)), before), x[: max(len(x) - k, 0)]])


def _recursive(x: Series, share: float, start: float) -> Series:
    average, out = start, np.empty_like(x)
    for i, value in enumerate(x):
        average += (value - average) * share
        out[i] = average
    return out


def _ema(x: Series, span: int, start: float) -> Series:
    return _recursive(x, 2.0 / (span + 1.0), start)


def _wilder(x: Series, span: int, start: float = 0.0) -> Series:
    return _recursive(x, 1.0 / span, start)


def _in_range(c: Series, top: Series, bottom: Series) -> Series:
    return (2.0 * c - top - bottom) / (top - bottom)


def _bars_since_max(windows: Series) -> Series:
    """Bars since the largest value of each row; of values equal up to rounding, the latest."""
    top = windows.max(axis=1, keepdims=True)
    since: Series = np.argmax((windows >= top - 1e-12 * np.abs(top))[:, ::-1], axis=1).astype(np.float64)
    return since


def _contrast(a: Series, b: Series) -> Series:
    return (a - b) / (a + b)


def _time(t: _Tape) -> Columns:
    minute, length, weekday, month_day = t.clocks.T
    phase = np.where(length >= 1440.0, 2.0, 1.0) * np.pi * minute / length
    waves = {
        "session": phase,
        "minute": 2.0 * np.pi * (minute % 60.0) / 60.0,
        "weekday": 2.0 * np.pi * weekday / 7.0,
        "month_day": 2.0 * np.pi * (month_day - 1.0) / 31.0,
    }
    sines = {f"{name}_sin": np.sin(angle) for name, angle in waves.items()}
    return sines | {f"{name}_cos": np.cos(angle) for name, angle in waves.items()}


def _price(t: _Tape) -> Columns:
    o, h, l, c = t.raw.T  # noqa: E741
    return {
        "range": (h - l) / c,
        "body": (c - o) / c,
        "upper_shadow": (h - np.maximum(o, c)) / c,
        "lower_shadow": (np.minimum(o, c) - l) / c,
        "overnight_gap": t.gap,
        "close_in_range": _in_range(c, h, l),
        "true_range": t.true_range / t.link / t.prior[:, 3],
        "return_in_rms": t.score,
        "high_momentum": h / t.prior[:, 1] - 1.0,
        "low_momentum": l / t.prior[:, 2] - 1.0,
        "volume_change": _contrast(t.v, _ago(t.v, 1)),
        "volume_body": np.sqrt(t.v / _mean(t.v, 20) * np.abs(c - o) / c),
    }


def _averages(t: _Tape) -> Columns:
    c, first = t.c, t.o[0]
    averages = {f"sma_{w}": _mean(c, w) for w in (5, 10, 20, 50, 100, 200)}
    averages |= {f"ema_{w}": _ema(c, w, first) for w in (5, 10, 20, 50, 100, 200)}
    weights = np.arange(1.0, 21.0)
    averages["wma_20"] = _windows(c, 20, lambda a: a @ weights) / weights.sum()
    averages["dema_20"] = 2.0 * averages["ema_20"] - _ema(averages["ema_20"], 20, first)
    averages["vwma_20"] = _sum(c * t.v, 20) / _sum(t.v, 20)
    straight = np.abs(c - _ago(c, 10, first))
    share = (_where(straight, _sum(np.abs(t.change), 10)) * (2.0 / 3.0 - 2.0 / 31.0) + 2.0 / 31.0) ** 2
    kama, value = np.empty(t.n), first
    for i in range(t.n):
        value += (c[i] - value) * share[i]
        kama[i] = value
    averages["kama_10"] = kama
    return {name: c / average - 1.0 for name, average in averages.items()}


def _oscillators(t: _Tape) -> Columns:
    columns: Columns = {}
    for span in (7, 14, 21):
        gains, losses = np.maximum(t.change, 0.0), np.maximum(-t.change, 0.0)
        columns[f"rsi_{span}"] = _contrast(_wilder(gains, span), _wilder(losses, span))
    k = np.nan_to_num(_in_range(t.c, _max(t.h, 14), _min(t.l, 14)))
    columns["stochastic_k_14"] = k
    columns["stochastic_d_14"] = _mean(k, 3)
    columns["williams_28"] = _in_range(t.c, _max(t.h, 28), _min(t.l, 28))
    mean = _mean(t.typical, 20)
    away = _windows(t.typical, 20, lambda a: np.abs(a - a.mean(axis=1, keepdims=True)).mean(axis=1))
    columns["cci_20"] = np.where(away > 1e-12 * mean, (t.typical - mean) / (1.5 * away), 0.0)
    pressure = [_sum(t.buying, w) / _sum(t.true_range, w) for w in (7, 14, 28)]
    columns["ultimate_28"] = 2.0 * (4.0 * pressure[0] + 2.0 * pressure[1] + pressure[2]) / 7.0 - 1.0
    rise, fall = t.raw[:, 1] - t.prior[:, 1], t.prior[:, 2] - t.raw[:, 2]
    e = 1e-10 * t.raw[:, 3]
    up = _wilder(np.where((rise > fall + e) & (rise > 0.0), rise, 0.0) * t.link, 14)
    down = _wilder(np.where((fall > rise + e) & (fall > 0.0), fall, 0.0) * t.link, 14)
    columns["direction_14"] = np.nan_to_num(_contrast(up, down))
    columns["adx_14"] = _wilder(np.abs(columns["direction_14"]), 14)
    since_high, since_low = _windows(t.h, 26, _bars_since_max), _windows(-t.l, 26, _bars_since_max)
    columns["aroon_25"] = (since_low - since_high) / 25.0
    return columns


def _momentum(t: _Tape) -> Columns:
    c, first = t.c, t.o[0]
    path = np.abs(t.change)
    line = _ema(c, 12, first) - _ema(c, 26, first)
    third = _ema(_ema(_ema(c, 15, first), 15, first), 15, first)
    return {
        "momentum_5": (c - _ago(c, 5, first)) / t.atr[14],
        "momentum_10": (c - _ago(c, 10, first)) / t.atr[14],
        "mean_return_5": _mean(t.change, 5) / _mean(path, 5),
        "macd_line": line / c,
        "macd_histogram": (line - _ema(line, 9, 0.0)) / c,
        "roc_60": c / _ago(c, 60, first) - 1.0,
        "trix_15": third / _ago(third, 1, first) - 1.0,
        "cmo_20": (c - _ago(c, 20, first)) / _sum(path, 20),
    }


def _volatility(t: _Tape) -> Columns:
    c, ema_20 = t.c, _ema(t.c, 20, t.o[0])
    log_range, log_body = np.log(t.h / t.l) ** 2, np.log(t.c / t.o) ** 2
    sigma_c = _deviation(c, 20)
    variance = _recursive(t.r**2, 0.06, float(t.r[0] ** 2))
    return {
        "atr_14": t.atr[14] / c,
        "atr_20": t.atr[20] / c,
        "sigma_20": _deviation(t.r, 20, 1),
        "sigma_60_annual": np.sqrt(_mean(t.r**2, 60) * 390.0 * 252.0),
        "parkinson_20": np.sqrt(_mean(log_range, 20) / (4.0 * np.log(2.0))),
        "garman_klass_20": np.sqrt(_mean(0.5 * log_range - (2.0 * np.log(2.0) - 1.0) * log_body, 20)),
        "ewma_sigma": np.sqrt(variance),
        "volatility_ratio": _contrast(np.sqrt(_mean(t.r**2, 10)), np.sqrt(_mean(t.r**2, 60))),
        "bollinger_position_20": (c - _mean(c, 20)) / (2.0 * sigma_c),
        "bollinger_width_20": 4.0 * sigma_c / _mean(c, 20),
        "keltner_position_20": (c - ema_20) / (2.0 * t.atr[10]),
        "squeeze_20": sigma_c / t.atr[10],
        "donchian_position_20": _in_range(c, _max(t.h, 20), _min(t.l, 20)),
    }


def _session(t: _Tape) -> Columns:
    """What resets at the open: one session at a time, in today's prices."""
    names = ("session_return", "session_range", "opening_range_position")
    columns: Columns = {name: np.zeros(t.n) for name in (*names, "volume_intensity", "vwap_distance", "vwap_score")}
    for start, stop in zip(t.starts, [*t.starts[1:], t.n], strict=True):
        day = slice(start, stop)
        (o, h, l, c), v = t.raw[day].T, t.v[day]  # noqa: E741
        high, low = np.maximum.accumulate(h), np.minimum.accumulate(l)
        columns["session_return"][day] = c / o[0] - 1.0
        columns["session_range"][day] = (high - low) / o[0]
        opening = np.flatnonzero((t.clocks[day, 0] < 30.0) | (np.arange(stop - start) == 0))
        last = opening[np.searchsorted(opening, np.arange(stop - start), side="right") - 1]
        away = c - (high[last] + low[last]) / 2.0
        columns["opening_range_position"][day] = away / (np.abs(away) + high[last] - low[last])
        columns["volume_intensity"][day] = _contrast(v, np.cumsum(v) / np.arange(1, stop - start + 1))
        typical, total = (h + l + c) / 3.0, np.cumsum(v)
        vwap = np.cumsum(typical * v) / total
        columns["vwap_distance"][day] = c / vwap - 1.0
        spread = [((typical[: i + 1] - vwap[i]) ** 2) @ v[: i + 1] / total[i] for i in range(stop - start)]
        scale = np.sqrt(np.where(np.array(spread) > 1e-15 * o[0] ** 2, spread, 0.0))
        columns["vwap_score"][day] = np.where(scale > 0.0, (c - vwap) / (scale + np.abs(c - vwap)), 0.0)
    return columns


def _volume(t: _Tape) -> Columns:
    v = t.v
    v_20 = _sum(v, 20)
    signed = np.sign(t.change) * v
    _, h, l, c = t.raw.T  # noqa: E741
    step = h + l + c - t.prior[:, 1:].sum(axis=1)
    money = np.where(np.abs(step) > 1e-12 * (h + l + c), np.sign(step), 0.0) * t.typical * v
    flow = np.nan_to_num(_in_range(c, h, l)) * v
    line = np.cumsum(flow)
    ease = _where((h + l - t.prior[:, 1] - t.prior[:, 2]) / 2.0 * (h - l) / c**2, v)
    ease = _mean(ease, 14) * _mean(v, 20) / (t.atr[14] / t.c) ** 2
    return {
        "volume_ratio_20": v / _mean(v, 20) - 1.0,
        "obv_slope_20": _sum(signed, 20) / v_20,
        "obv_slope_60": _sum(signed, 60) / _sum(v, 60),
        "mfi_14": _sum(money, 14) / _sum(np.abs(money), 14),
        "money_flow_20": _sum(flow, 20) / v_20,
        "chaikin_oscillator": (_ema(line, 3, 0.0) - _ema(line, 10, 0.0)) / _mean(v, 20),
        "force_13": _ema(t.r * v, 13, 0.0) / _ema(v, 13, 0.0),
        "ease_of_movement_14": ease / (1.0 + np.abs(ease)),
        "volume_trend": _contrast(_mean(v, 5), _mean(v, 60)),
    }


def _statistics(t: _Tape) -> Columns:
    r, c = t.r, t.c
    centred = _centred(r, 20)
    spread = (centred**2).mean(axis=1)
    spread = np.where(spread > 1e-12 * _mean(r**2, 20), spread, 0.0)
    with_volume = (centred * _centred(t.v, 20)).mean(axis=1)
    times = np.arange(20.0) - 9.5
    long_times = np.arange(60.0) - 29.5
    strides = _sum((c / _ago(c, 8, t.o[0]) - 1.0) ** 2, 100)
    hurst = 0.5 * np.log(strides / _sum(r**2, 100)) / np.log(8.0)
    classes = np.digitize(t.score, [-1.0, -0.25, 0.25, 1.0], right=True)
    shares = [_mean((classes == k).astype(np.float64), 60) for k in range(5)]
    columns = {
        "skew_20": (centred**3).mean(axis=1) / spread**1.5,
        "kurtosis_20": (centred**4).mean(axis=1) / spread**2 - 3.0,
        "z_score_50": (c - _mean(c, 50)) / _deviation(c, 50),
        "hurst_100": np.clip(np.nan_to_num(hurst, nan=0.5, neginf=0.5), 0.0, 1.0) - 0.5,
        "entropy_60": -sum(s * np.log(np.where(s > 0.0, s, 1.0)) for s in shares) / np.log(5.0),
        "trend_20": (_centred(c, 20) @ times) / 20.0 / (_deviation(c, 20) * times.std()),
        "slope_60": (_centred(c, 60) @ long_times) / (long_times @ long_times) / t.atr[14],
        "price_volume_20": with_volume / (_deviation(r, 20) * _deviation(t.v, 20)),
    }
    for k in (1, 5):
        squares = _sum(r**2, 60)
        columns[f"autocorrelation_{k}"] = 2.0 * _sum(r * _ago(r, k), 60) / (squares + _ago(squares, k))
    return columns


def _centred(x: Series, w: int) -> Series:
    windows = sliding_window_view(np.concatenate([np.zeros(w - 1), x]), w)
    centred: Series = windows - windows.mean(axis=1, keepdims=True)
    return centred


def _patterns(t: _Tape) -> Columns:
    o, h, l, c = t.raw.T  # noqa: E741
    prior_o, prior_h, prior_l, prior_c = t.prior.T
    body, prior = np.abs(c - o), prior_c - prior_o
    upper, lower = h - np.maximum(o, c), np.minimum(o, c) - l
    older = _ago(t.c - t.o, 2)
    middle = _ago((t.c + t.o) / 2.0, 2, t.o[0])
    e = 1e-10 * c
    small = np.abs(prior) < 0.3 * np.abs(older) / t.link - e
    conditions = {
        "doji": body < 0.1 * (h - l) - e,
        "hammer": (lower > 2.0 * body + e) & (upper < body - e),
        "shooting_star": (upper > 2.0 * body + e) & (lower < body - e),
        "bullish_engulfing": (prior < -e) & (o <= prior_c + e) & (c >= prior_o - e) & (body > np.abs(prior) + e),
        "bearish_engulfing": (prior > e) & (o >= prior_c - e) & (c <= prior_o + e) & (body > np.abs(prior) + e),
        "inside_bar": (h <= prior_h + e) & (l >= prior_l - e) & (h - l < prior_h - prior_l - e),
        "outside_bar": (h >= prior_h - e) & (l <= prior_l + e) & (h - l > prior_h - prior_l + e),
    }
    older, beyond = older / t.link, (t.c - middle) / t.link
    morning = small & (older < -e) & (c > o + e) & (beyond > e)
    evening = small & (older > e) & (c < o - e) & (beyond < -e)
    columns = {name: condition.astype(np.float64) for name, condition in conditions.items()}
    return columns | {"star": morning.astype(np.float64) - evening.astype(np.float64)}


def _lags(t: _Tape) -> Columns:
    prices = {f"price_lag_{k}": t.c / _ago(t.c, k, t.o[0]) - 1.0 for k in PRICE_LAGS}
    return prices | {f"return_lag_{k}": _ago(t.score, k) for k in RETURN_LAGS}
