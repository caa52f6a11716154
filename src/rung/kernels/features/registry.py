"""The 126 features by name: what each one is, how far it looks back, and what it remembers. Plain Python.

Position in `REGISTRY` is position in the output row. Notation of the formulas: o h l c v are the bar's open,
high, low, close and volume, r = c/c[−1] − 1 its return, [−k] means k bars ago, mean/Σ/max/min run over the
window ending at this bar, EMA(x, s) has share 2/(s+1), Wilder(x, s) has share 1/s. All windows count the
symbol's own bars.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Memory = Literal["session", "carried", "overnight"]
SESSION: Memory = "session"
CARRIED: Memory = "carried"
OVERNIGHT: Memory = "overnight"

PRICE_LAGS = (1, 2, 3, 5, 10, 15, 20, 30, 50, 100)
RETURN_LAGS = (1, 2, 3, 5, 10, 15, 20, 30, 50, 100, 150, 200, 250, 300, 500)


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    """One output column.

    `window_bars`: span of the formula in own bars, 0 if only the clock counts; recursive averages have no end, their
    span is given. Before `warmup_bars` own bars the value is 0. `memory`: session = nothing before today's open;
    carried = earlier sessions too, with the overnight gap removed; overnight = the gap itself.
    """

    name: str
    family: str
    window_bars: int
    formula: str
    source: str
    memory: Memory
    warmup_bars: int


_Line = tuple[str, int, int, Memory, str, str]  # name, window, warm-up, memory, formula, source

_CLOCK, _BAR, _CANDLES = "calendar", "bar", "Nison (1991)"
_TIME: tuple[_Line, ...] = (
    ("session_sin", 0, 1, SESSION, "sin(π·minutes since open / session length); 2π in a 24 h session", _CLOCK),
    ("session_cos", 0, 1, SESSION, "cos of the same angle: +1 at the open, −1 at the close", _CLOCK),
    ("minute_sin", 0, 1, SESSION, "sin(2π·(minutes since open mod 60)/60)", _CLOCK),
    ("minute_cos", 0, 1, SESSION, "cos(2π·(minutes since open mod 60)/60)", _CLOCK),
    ("weekday_sin", 0, 1, SESSION, "sin(2π·weekday/7), Monday 0, of the session date", _CLOCK),
    ("weekday_cos", 0, 1, SESSION, "cos(2π·weekday/7)", _CLOCK),
    ("month_day_sin", 0, 1, SESSION, "sin(2π·(day of month − 1)/31) of the session date", _CLOCK),
    ("month_day_cos", 0, 1, SESSION, "cos(2π·(day of month − 1)/31)", _CLOCK),
)
_PRICE: tuple[_Line, ...] = (
    ("range", 1, 1, SESSION, "(h − l)/c", _BAR),
    ("body", 1, 1, SESSION, "(c − o)/c", _BAR),
    ("upper_shadow", 1, 1, SESSION, "(h − max(o, c))/c", _BAR),
    ("lower_shadow", 1, 1, SESSION, "(min(o, c) − l)/c", _BAR),
    ("overnight_gap", 1, 2, OVERNIGHT, "session open / previous session's last close − 1, all session long", _BAR),
    ("close_in_range", 1, 1, SESSION, "(2c − h − l)/(h − l)", _BAR),
    ("true_range", 2, 1, SESSION, "(max(h, c[−1]) − min(l, c[−1]))/c[−1]", "Wilder (1978)"),
    ("return_in_rms", 20, 20, CARRIED, "r / √mean(r², 20), within ±√20", _BAR),
    ("high_momentum", 2, 2, CARRIED, "h/h[−1] − 1", _BAR),
    ("low_momentum", 2, 2, CARRIED, "l/l[−1] − 1", _BAR),
    ("volume_change", 2, 2, CARRIED, "(v − v[−1])/(v + v[−1]) = tanh(½ ln(v/v[−1]))", _BAR),
    ("volume_body", 20, 20, CARRIED, "√(v/mean(v, 20) · |c − o|/c)", _BAR),
)
_AVERAGES: tuple[_Line, ...] = (
    *(("sma_" + str(w), w, w, CARRIED, f"c/mean(c, {w}) − 1", "moving average") for w in (5, 10, 20, 50, 100, 200)),
    *(("ema_" + str(w), w, w, CARRIED, f"c/EMA(c, {w}) − 1", "moving average") for w in (5, 10, 20, 50, 100, 200)),
    ("wma_20", 20, 20, CARRIED, "c/(Σ w·c / Σ w) − 1, weights 20 … 1 from the newest", "moving average"),
    ("dema_20", 20, 40, CARRIED, "c/(2·EMA(c, 20) − EMA(EMA(c, 20), 20)) − 1", "Mulloy (1994)"),
    ("kama_10", 10, 30, CARRIED, "c/KAMA − 1, efficiency over 10 bars, spans 2 to 30", "Kaufman (1995)"),
    ("vwma_20", 20, 20, CARRIED, "c·Σv/Σ(c·v) − 1 over 20", "moving average"),
)
_WILDER, _LANE = "Wilder (1978)", "Lane (1984)"
_RSI = "(U − D)/(U + D), U and D Wilder averages of rises and falls: RSI/50 − 1"
_MOMENTUM: tuple[_Line, ...] = (
    ("rsi_7", 7, 8, CARRIED, _RSI, _WILDER),
    ("rsi_14", 14, 15, CARRIED, _RSI, _WILDER),
    ("rsi_21", 21, 22, CARRIED, _RSI, _WILDER),
    ("momentum_5", 14, 14, CARRIED, "(c − c[−5])/ATR(14)", "momentum"),
    ("momentum_10", 14, 14, CARRIED, "(c − c[−10])/ATR(14)", "momentum"),
    ("mean_return_5", 5, 6, CARRIED, "mean(Δc, 5)/mean(|Δc|, 5)", "Kaufman (1995)"),
    ("stochastic_k_14", 14, 14, CARRIED, "2·(c − min l)/(max h − min l) − 1 over 14", _LANE),
    ("stochastic_d_14", 16, 16, CARRIED, "mean of the last three stochastic_k_14", _LANE),
    (
        "williams_28",
        28,
        28,
        CARRIED,
        "2·(c − min l)/(max h − min l) − 1 over 28: %R/50 + 1",
        "Williams (1973)",
    ),
    ("cci_20", 20, 20, CARRIED, "(tp − mean tp)/(0.015·mean|tp − mean tp|)/100, tp = (h + l + c)/3", "Lambert (1980)"),
    ("macd_line", 26, 26, CARRIED, "(EMA(c, 12) − EMA(c, 26))/c", "Appel (1979)"),
    ("macd_histogram", 26, 34, CARRIED, "(line − EMA(line, 9))/c", "Appel (1979)"),
    ("roc_60", 60, 61, CARRIED, "c/c[−60] − 1", "rate of change"),
    ("adx_14", 14, 28, CARRIED, "Wilder(|direction_14|, 14): ADX/100", _WILDER),
    ("direction_14", 14, 15, CARRIED, "(+DM − −DM)/(+DM + −DM), Wilder averages over 14", _WILDER),
    ("aroon_25", 26, 26, CARRIED, "(bars since lowest l − bars since highest h)/25 over 26", "Chande (1995)"),
    ("trix_15", 15, 45, CARRIED, "one-bar change of EMA(EMA(EMA(c, 15), 15), 15)", "Hutson (1983)"),
    ("cmo_20", 20, 21, CARRIED, "(c − c[−20])/Σ|Δc| over 20", "Chande (1994)"),
    ("ultimate_28", 28, 28, CARRIED, "ultimate oscillator 7, 14, 28, /50 − 1", "Williams (1985)"),
    ("session_return", 1, 1, SESSION, "c/session open − 1", _BAR),
)
_VOLATILITY: tuple[_Line, ...] = (
    ("atr_14", 14, 14, CARRIED, "Wilder(true range, 14)/c", _WILDER),
    ("atr_20", 20, 20, CARRIED, "Wilder(true range, 20)/c", _WILDER),
    ("sigma_20", 20, 20, CARRIED, "sample deviation of r over 20", "realised volatility"),
    ("sigma_60_annual", 60, 60, CARRIED, "√(mean(r², 60)·390·252)", "realised volatility"),
    ("parkinson_20", 20, 20, CARRIED, "√(mean(ln²(h/l), 20)/(4 ln 2))", "Parkinson (1980)"),
    (
        "garman_klass_20",
        20,
        20,
        CARRIED,
        "√(mean(½ ln²(h/l) − (2 ln 2 − 1) ln²(c/o), 20))",
        "Garman & Klass (1980)",
    ),
    ("ewma_sigma", 17, 30, CARRIED, "√V, V = 0.94·V + 0.06·r²", "RiskMetrics (1996)"),
    ("volatility_ratio", 60, 60, CARRIED, "(a − b)/(a + b), a and b = √mean(r²) over 10 and 60", "realised volatility"),
    ("bollinger_position_20", 20, 20, CARRIED, "(c − mean c)/(2σ(c)) over 20: 2·%b − 1", "Bollinger (2001)"),
    ("bollinger_width_20", 20, 20, CARRIED, "4σ(c)/mean c over 20", "Bollinger (2001)"),
    ("keltner_position_20", 20, 20, CARRIED, "(c − EMA(c, 20))/(2·ATR(10))", "Keltner (1960)"),
    ("squeeze_20", 20, 20, CARRIED, "σ(c, 20)/ATR(10): Bollinger width over Keltner width", "Carter (2005)"),
    ("donchian_position_20", 20, 20, CARRIED, "2·(c − min l)/(max h − min l) − 1 over 20", "Donchian (1960)"),
    ("session_range", 1, 1, SESSION, "(session high − session low)/session open", _BAR),
    (
        "opening_range_position",
        30,
        1,
        SESSION,
        "a/(|a| + range), a = c − middle of the range of the first 30 minutes",
        "Crabel (1990)",
    ),
)
_VOLUME: tuple[_Line, ...] = (
    ("volume_ratio_20", 20, 20, CARRIED, "v/mean(v, 20) − 1, within −1 … 19", "relative volume"),
    ("volume_intensity", 1, 1, SESSION, "(v − m)/(v + m), m = mean volume of the session so far", "relative volume"),
    ("obv_slope_20", 20, 20, CARRIED, "Σ sign(Δc)·v / Σ v over 20", "Granville (1963)"),
    ("obv_slope_60", 60, 60, CARRIED, "Σ sign(Δc)·v / Σ v over 60", "Granville (1963)"),
    ("vwap_distance", 1, 1, SESSION, "c/VWAP − 1, session VWAP of (h + l + c)/3", "VWAP"),
    ("vwap_score", 1, 1, SESSION, "x/(1 + |x|), x = (c − VWAP)/volume-weighted deviation around VWAP", "VWAP"),
    ("mfi_14", 14, 15, CARRIED, "(up − down)/(up + down) money flow over 14: MFI/50 − 1", "Quong & Soudack (1989)"),
    ("money_flow_20", 20, 20, CARRIED, "Σ close_in_range·v / Σ v over 20", "Chaikin"),
    ("chaikin_oscillator", 10, 20, CARRIED, "(EMA(AD, 3) − EMA(AD, 10))/mean(v, 20)", "Chaikin"),
    ("force_13", 13, 13, CARRIED, "EMA(r·v, 13)/EMA(v, 13)", "Elder (1993)"),
    (
        "ease_of_movement_14",
        14,
        20,
        CARRIED,
        "x/(1 + |x|), x = mean(Δmiddle·(h − l)/(c²·v), 14)·mean(v, 20)/(ATR(14)/c)²",
        "Arms (1971)",
    ),
    ("volume_trend", 60, 60, CARRIED, "(a − b)/(a + b), a and b = mean(v) over 5 and 60", "relative volume"),
)
_STATISTICS: tuple[_Line, ...] = (
    ("skew_20", 20, 20, CARRIED, "skewness of r over 20 (population)", "moments"),
    ("kurtosis_20", 20, 20, CARRIED, "excess kurtosis of r over 20 (population)", "moments"),
    ("autocorrelation_1", 61, 61, CARRIED, "2·Σ r·r[−1] / Σ(r² + r[−1]²) over 60", "autocorrelation"),
    ("autocorrelation_5", 65, 65, CARRIED, "2·Σ r·r[−5] / Σ(r² + r[−5]²) over 60", "autocorrelation"),
    ("z_score_50", 50, 50, CARRIED, "(c − mean c)/σ(c) over 50", "moments"),
    (
        "hurst_100",
        108,
        108,
        CARRIED,
        "½·log₈(Σ(c/c[−8] − 1)² / Σ r²) over 100, within 0 … 1, minus ½",
        "Lo & MacKinlay (1988)",
    ),
    (
        "entropy_60",
        80,
        80,
        CARRIED,
        "entropy of return_in_rms over 60, classes cut at −1, −¼, ¼, 1, divided by ln 5",
        "Shannon (1948)",
    ),
    ("trend_20", 20, 20, CARRIED, "correlation of c with time over 20", "least squares"),
    ("slope_60", 60, 60, CARRIED, "least-squares slope of c over 60, per bar / ATR(14)", "least squares"),
    ("price_volume_20", 20, 20, CARRIED, "correlation of r and v over 20", "correlation"),
)
_PATTERNS: tuple[_Line, ...] = (
    ("doji", 1, 1, SESSION, "1 if |c − o| < 0.1·(h − l)", _CANDLES),
    ("hammer", 1, 1, SESSION, "1 if lower shadow > 2·body and upper shadow < body", _CANDLES),
    ("shooting_star", 1, 1, SESSION, "1 if upper shadow > 2·body and lower shadow < body", _CANDLES),
    (
        "bullish_engulfing",
        2,
        2,
        CARRIED,
        "1 if the previous bar fell, o ≤ c[−1], c ≥ o[−1] and the body is larger",
        _CANDLES,
    ),
    (
        "bearish_engulfing",
        2,
        2,
        CARRIED,
        "1 if the previous bar rose, o ≥ c[−1], c ≤ o[−1] and the body is larger",
        _CANDLES,
    ),
    ("inside_bar", 2, 2, CARRIED, "1 if h ≤ h[−1], l ≥ l[−1] and the range is smaller", _CANDLES),
    ("outside_bar", 2, 2, CARRIED, "1 if h ≥ h[−1], l ≤ l[−1] and the range is larger", _CANDLES),
    (
        "star",
        3,
        3,
        CARRIED,
        "+1 morning, −1 evening: body[−1] < 0.3·body[−2], then back beyond the middle of body[−2]",
        _CANDLES,
    ),
)
_FAMILIES: dict[str, tuple[_Line, ...]] = {
    "time": _TIME,
    "price": _PRICE,
    "averages": _AVERAGES,
    "momentum": _MOMENTUM,
    "volatility": _VOLATILITY,
    "volume": _VOLUME,
    "statistics": _STATISTICS,
    "patterns": _PATTERNS,
    "price lags": (
        ("price_lag_1", 1, 1, SESSION, "c/c[−1] − 1; c/o − 1 in the session's first bar", "rate of change"),
        *((f"price_lag_{k}", k, k + 1, CARRIED, f"c/c[−{k}] − 1", "rate of change") for k in PRICE_LAGS[1:]),
    ),
    "return lags": tuple(
        (f"return_lag_{k}", k + 20, k + 20, CARRIED, f"return_in_rms {k} bars ago", "lagged return")
        for k in RETURN_LAGS
    ),
}


def _specs() -> Iterator[FeatureSpec]:
    for family, lines in _FAMILIES.items():
        for name, window, warmup, memory, formula, source in lines:
            yield FeatureSpec(name, family, window, formula, source, memory, warmup)


REGISTRY: tuple[FeatureSpec, ...] = tuple(_specs())
N_FEATURES = len(REGISTRY)
WARMUP_BARS = max(spec.warmup_bars for spec in REGISTRY)


def slots(family: str) -> tuple[int, ...]:
    """Positions of a family's features in the output row, in registry order."""
    return tuple(i for i, spec in enumerate(REGISTRY) if spec.family == family)


def registry_table() -> str:
    """The registry as a Markdown table, one feature a row."""
    head = "| # | name | family | window | memory | from bar | formula | source |\n|--:|---|---|--:|---|--:|---|---|\n"
    rows = (
        f"| {i} | `{s.name}` | {s.family} | {s.window_bars} | {s.memory} | {s.warmup_bars} "
        f"| {s.formula.replace('|', chr(92) + '|')} | {s.source} |\n"
        for i, s in enumerate(REGISTRY)
    )
    return head + "".join(rows)
