"""What the market was like when a decision was made: a few figures per symbol out of the slices themselves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import msgspec
from annotated_doc import Doc
from annotated_types import Gt

from rung.domain.bar import Bar

UNKNOWN = "unknown"
WORDS: Mapping[str, tuple[str, ...]] = {
    "volatility": ("low", "medium", "high", UNKNOWN),
    "trend": ("up", "down", "sideways", UNKNOWN),
    "liquidity": ("low", "medium", "high", UNKNOWN),
}
"""Every regime there is; `unknown` until enough bars have closed."""

NS_PER_DAY = 86_400_000_000_000
NS_PER_MINUTE = 60_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class BulletParams:
    """How regimes are told apart, and which decisions become bullets.

    Volatility and trend have the thresholds of their source, which were made for bars of an hour and more: on
    one-minute bars most of the time is low and sideways. Liquidity was a constant there; here it is measured.
    """

    atr_bars: Annotated[int, Gt(0), Doc("bars of Wilder's average true range")] = 14
    ma_bars: Annotated[int, Gt(0), Doc("bars of the moving average and of the traded value")] = 20
    medium_volatility_frac: Annotated[float, Gt(0), Doc("ATR ÷ price from which volatility is medium")] = 0.02
    high_volatility_frac: Annotated[float, Gt(0), Doc("ATR ÷ price from which volatility is high")] = 0.05
    trend_frac: Annotated[float, Gt(0), Doc("distance from the moving average beyond which there is a trend")] = 0.02
    medium_liquidity_quote: Annotated[
        float, Gt(0), Doc("value traded per minute, quote currency, from which liquidity is medium")
    ] = 100_000.0
    high_liquidity_quote: Annotated[
        float, Gt(0), Doc("value traded per minute, quote currency, from which liquidity is high")
    ] = 1_000_000.0
    holds: Annotated[bool, Doc("make a NO_TRADE bullet of every target that keeps a position as it is")] = False

    def __post_init__(self) -> None:
        if self.medium_volatility_frac > self.high_volatility_frac:
            raise ValueError("medium_volatility_frac must not be above high_volatility_frac")
        if self.medium_liquidity_quote > self.high_liquidity_quote:
            raise ValueError("medium_liquidity_quote must not be above high_liquidity_quote")


class Gauge(msgspec.Struct):
    """One symbol's closed bars as far as they still matter. Everything in it survives JSON bit for bit.

    A bar with a figure that is not finite changes nothing; `bars` is 0 until one was good.
    """

    known_ns: int = 0
    close: float = 0.0
    volume: float = 0.0
    mean_range: float = 0.0
    bars: int = 0
    closes: list[float] = msgspec.field(default_factory=list)
    value_per_minute: list[float] = msgspec.field(default_factory=list)
    day: list[tuple[int, float]] = msgspec.field(default_factory=list)

    def see(self, bar: Bar, params: BulletParams) -> None:
        if not math.isfinite(bar.high + bar.low + bar.close + bar.volume):
            return
        before = self.close if self.bars else bar.close
        width = max(bar.high, before) - min(bar.low, before)
        self.bars += 1
        self.mean_range += (width - self.mean_range) / min(self.bars, params.atr_bars)
        self.known_ns, self.close, self.volume = bar.known_ns, bar.close, bar.volume
        _keep(self.closes, bar.close, params.ma_bars)
        _keep(self.value_per_minute, bar.close * bar.volume * NS_PER_MINUTE / bar.interval_ns, params.ma_bars)
        self.day.append((bar.known_ns, bar.volume))
        while self.day[0][0] <= bar.known_ns - NS_PER_DAY:
            del self.day[0]

    def atr(self, params: BulletParams) -> float | None:
        return self.mean_range if self.bars >= params.atr_bars else None

    def moving_average(self, params: BulletParams) -> float | None:
        return _mean(self.closes, params.ma_bars)

    def traded_quote(self, params: BulletParams) -> float | None:
        """Mean value traded per minute."""
        return _mean(self.value_per_minute, params.ma_bars)

    def volume_24h(self) -> float:
        """Base units of the last 24 hours, as far as the journal reaches back."""
        return math.fsum(volume for _, volume in self.day)

    def regime(self, params: BulletParams) -> dict[str, str]:
        return {
            "volatility": _volatility(self.atr(params), self.close, params),
            "trend": _trend(self.moving_average(params), self.close, params),
            "liquidity": _liquidity(self.traded_quote(params), params),
        }


def _keep(values: list[float], value: float, most: int) -> None:
    values.append(value)
    if len(values) > most:
        del values[0]


def _mean(values: list[float], wanted: int) -> float | None:
    return math.fsum(values) / wanted if len(values) >= wanted else None


def _volatility(atr: float | None, price: float, params: BulletParams) -> str:
    if atr is None or not price > 0.0:
        return UNKNOWN
    share = atr / price
    if share < params.medium_volatility_frac:
        return "low"
    return "medium" if share < params.high_volatility_frac else "high"


def _trend(average: float | None, price: float, params: BulletParams) -> str:
    if average is None or not average > 0.0:
        return UNKNOWN
    distance = price / average - 1.0
    if abs(distance) <= params.trend_frac:
        return "sideways"
    return "up" if distance > 0.0 else "down"


def _liquidity(value: float | None, params: BulletParams) -> str:
    if value is None:
        return UNKNOWN
    if value < params.medium_liquidity_quote:
        return "low"
    return "medium" if value < params.high_liquidity_quote else "high"
