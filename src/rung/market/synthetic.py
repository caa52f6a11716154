"""An invented market: correlated leveraged ETFs driven by an index and its volatility. Labelled so everywhere.

Nothing in it can be predicted: returns have no memory, only their size has. It shows how the desk works, never
whether a strategy earns.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_doc import Doc
from annotated_types import Ge, Gt, Interval

from rung.domain.clock import NS_PER_MINUTE
from rung.domain.errors import UserError
from rung.domain.session import Session
from rung.market.calendar import LAST_DATE, Calendar
from rung.market.tape import COLUMNS, Floats, Label, RawBars, Tape, make_tape

MINUTES_IN_A_FULL_SESSION = 390
TICKS_PER_MINUTE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticEtf:
    """One invented instrument; its return is the sum of both factors, each times its beta, and a little of its own."""

    symbol: str
    index_beta: Annotated[
        float, Doc("return per return of the index: 3 for a triple bull fund, −3 for its inverse")
    ] = 0.0
    volatility_beta: Annotated[float, Doc("return per return of the volatility factor")] = 0.0
    start_price: Annotated[float, Gt(0), Doc("first price, quote currency")] = 50.0
    own_volatility_frac: Annotated[float, Ge(0), Doc("daily standard deviation of what no factor explains")] = 0.0015
    daily_volume_base: Annotated[float, Gt(0), Doc("average volume of a full session, shares")] = 20e6
    missing_frac: Annotated[float, Interval(ge=0, lt=1), Doc("share of quiet minutes in which nothing trades")] = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime:
    """A mood that lasts for days. All figures are per full session, as fractions."""

    name: str
    stay_probability: float
    volatility_frac: float
    drift_frac: float
    jumps_per_day: float


UNIVERSE = (
    SyntheticEtf(symbol="TQQQ", index_beta=3.0, start_price=57.0, daily_volume_base=80e6),
    SyntheticEtf(symbol="SQQQ", index_beta=-3.0, start_price=38.0, daily_volume_base=90e6),
    SyntheticEtf(symbol="SPXL", index_beta=2.6, start_price=140.0, daily_volume_base=5e6),
    SyntheticEtf(symbol="SDS", index_beta=-1.8, start_price=18.0, daily_volume_base=12e6, missing_frac=0.02),
    SyntheticEtf(
        symbol="UVXY", volatility_beta=1.5, start_price=23.0, daily_volume_base=15e6, own_volatility_frac=0.004
    ),
    SyntheticEtf(symbol="SVXY", volatility_beta=-0.5, start_price=46.0, daily_volume_base=2e6, missing_frac=0.08),
)
REGIMES = (
    Regime(name="calm", stay_probability=0.94, volatility_frac=0.007, drift_frac=0.0006, jumps_per_day=0.1),
    Regime(name="restless", stay_probability=0.88, volatility_frac=0.013, drift_frac=0.0, jumps_per_day=0.4),
    Regime(name="crash", stay_probability=0.75, volatility_frac=0.030, drift_frac=-0.004, jumps_per_day=2.0),
)
OVERNIGHT_SHARE = 0.45
"""Overnight standard deviation ÷ that of the session."""
VOLATILITY_PER_INDEX = -4.0
VOLATILITY_OWN_FRAC = 0.02
JUMP_FRAC = 0.004


@dataclass(frozen=True, slots=True)
class _Day:
    """Factor returns of one session. overnight : (2,) index and volatility.   ticks : (2, minutes × ticks)."""

    overnight: Floats
    ticks: Floats
    shape: Floats


def invent_market(
    calendar: Calendar, first_date: str, days: int, seed: int, universe: Sequence[SyntheticEtf] = UNIVERSE
) -> tuple[Tape, ...]:
    """`days` sessions of minute bars from the first session on or after `first_date`.

    The same seed gives the same bars: the first days do not depend on how many follow, nor a symbol on its company.
    Early closes follow the calendar.
    """
    sessions = calendar.sessions(first_date, LAST_DATE)[:days] if days > 0 else []
    if len(sessions) < days or not sessions:
        raise UserError(
            f"{days} sessions from {first_date} cannot be invented", remedy="ask for 1 or more, within 2035"
        )
    regimes = _regimes(len(sessions), seed)
    factors = [_day(session, regime, seed) for session, regime in zip(sessions, regimes, strict=True)]
    return tuple(_tape(etf, sessions, factors, seed) for etf in universe)


def _regimes(days: int, seed: int) -> list[Regime]:
    chance = np.random.default_rng([seed, 0])
    now, found = 0, []
    for _ in range(days):
        found.append(REGIMES[now])
        stay, direction = chance.random(2)
        if stay > REGIMES[now].stay_probability:
            now = {0: 1, 2: 1}.get(now, 0 if direction < 0.6 else 2)
    return found


def _day(session: Session, regime: Regime, seed: int) -> _Day:
    chance = np.random.default_rng([seed, 1, session.open_ns // NS_PER_MINUTE])
    minutes = session.length_minutes
    count = minutes * TICKS_PER_MINUTE
    shape = _u_shape(minutes)
    clusters = np.exp(_slow_noise(chance, minutes, memory=0.97, size=0.35))
    scale = np.repeat(shape * clusters, TICKS_PER_MINUTE) / np.sqrt(MINUTES_IN_A_FULL_SESSION * TICKS_PER_MINUTE)
    index = regime.volatility_frac * scale * chance.standard_normal(count)
    index += regime.drift_frac / MINUTES_IN_A_FULL_SESSION / TICKS_PER_MINUTE
    for place in chance.integers(0, count, chance.poisson(regime.jumps_per_day * minutes / MINUTES_IN_A_FULL_SESSION)):
        index[place] += chance.laplace(0.0, JUMP_FRAC)
    own = VOLATILITY_OWN_FRAC * scale * chance.standard_normal(count)
    night = regime.volatility_frac * OVERNIGHT_SHARE * np.clip(chance.standard_t(4), -6, 6)
    nights = np.array([night, VOLATILITY_PER_INDEX * night + VOLATILITY_OWN_FRAC / 2 * chance.standard_normal()])
    return _Day(nights, np.stack([index, VOLATILITY_PER_INDEX * index + own]), shape)


def _tape(etf: SyntheticEtf, sessions: Sequence[Session], factors: Sequence[_Day], seed: int) -> Tape:
    price, parts = etf.start_price, []
    for session, day in zip(sessions, factors, strict=True):
        chance = np.random.default_rng([seed, 2, session.open_ns // NS_PER_MINUTE, zlib.crc32(etf.symbol.encode())])
        path = _path(etf, day, price, chance)
        price = float(path[-1])
        parts.append(_bars(etf, session, day, path.reshape(-1, TICKS_PER_MINUTE), chance))
    raw = RawBars(
        open_ns=np.concatenate([part.open_ns for part in parts]),
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in COLUMNS},
    )
    label = Label(symbol=etf.symbol, interval_ns=NS_PER_MINUTE, source=f"synthetic seed={seed}", synthetic=True)
    return make_tape(raw, label)


def _path(etf: SyntheticEtf, day: _Day, price: float, chance: np.random.Generator) -> Floats:
    """Every tick of a session; returns are bounded so that a price stays a price."""
    own = etf.own_volatility_frac / np.sqrt(day.ticks.shape[1]) * chance.standard_normal(day.ticks.shape[1])
    returns = np.clip(_exposed(etf, day.ticks) + own, -0.5, 0.5)
    night = float(np.clip(_exposed(etf, day.overnight), -0.5, 1.0))
    path: Floats = price * (1 + night) * np.cumprod(1 + returns)
    return path


def _exposed(etf: SyntheticEtf, factors: Floats) -> Floats:
    exposed: Floats = etf.index_beta * factors[0] + etf.volatility_beta * factors[1]
    return exposed


def _bars(etf: SyntheticEtf, session: Session, day: _Day, ticks: Floats, chance: np.random.Generator) -> RawBars:
    """Minute bars in whole cents. Minutes in which nothing trades are absent, as on a real tape."""
    cents = np.maximum(np.round(ticks, 2), 0.01)
    minutes = len(cents)
    ranges = (ticks.max(axis=1) - ticks.min(axis=1)) / ticks[:, 0]
    busy = 0.5 + 0.5 * ranges / max(float(ranges.mean()), 1e-9)
    mean = etf.daily_volume_base / MINUTES_IN_A_FULL_SESSION
    volume = np.maximum(1.0, np.round(mean * day.shape * busy * np.exp(chance.normal(-0.08, 0.4, minutes))))
    raw = RawBars(
        open_ns=session.open_ns + np.arange(minutes, dtype=np.int64) * NS_PER_MINUTE,
        open=cents[:, 0],
        high=cents.max(axis=1),
        low=cents.min(axis=1),
        close=cents[:, -1],
        volume=volume,
    )
    quiet = (busy < 1.0) & (chance.random(minutes) < etf.missing_frac)
    quiet[0] = quiet[-1] = False
    return raw.take(~quiet)


def _u_shape(minutes: int) -> Floats:
    """(minutes,) mean 1: lively after the open, quiet at noon, livelier into the close."""
    u = (np.arange(minutes) + 0.5) / minutes
    shape: Floats = 0.55 + 1.1 * np.exp(-u / 0.08) + 2.2 * (u - 0.45) ** 2 * (u > 0.45)
    shape /= shape.mean()
    return shape


def _slow_noise(chance: np.random.Generator, count: int, memory: float, size: float) -> Floats:
    """(count,) a stationary autoregression with standard deviation `size`, less half its variance."""
    shocks = chance.standard_normal(count) * size * np.sqrt(1 - memory**2)
    noise, level = np.empty(count), size * chance.standard_normal()
    for i in range(count):
        level = memory * level + shocks[i]
        noise[i] = level
    return noise - size**2 / 2
