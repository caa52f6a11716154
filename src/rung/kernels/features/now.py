"""The current bar beside what preceded it: what every family reads."""

from __future__ import annotations

from typing import NamedTuple

from rung.kernels.compiled import Row, inlined
from rung.kernels.features import layout as at


class Now(NamedTuple):
    """One bar and its neighbour; `prior_*` prices are already scaled into today's prices."""

    n: int  # number of this bar, from 0
    open: float
    high: float
    low: float
    close: float
    volume: float
    prior_open: float
    prior_high: float
    prior_low: float
    prior_close: float
    change: float  # close − prior close
    ret: float  # close / prior close − 1
    span: float  # high − low
    typical: float  # (high + low + close) / 3
    true_range: float
    per_close: float  # 1 / close


@inlined
def one_if(condition: bool) -> float:
    return 1.0 if condition else 0.0


@inlined
def sign(value: float) -> float:
    return one_if(value > 0.0) - one_if(value < 0.0)


@inlined
def look(state: Row, bar: Row) -> Now:
    o, h, l, c = bar[0], bar[1], bar[2], bar[3]  # noqa: E741
    before = state[at.PREVIOUS_CLOSE]
    top, bottom = max(h, before), min(l, before)
    return Now(
        n=int(state[at.N_BARS]),
        open=o,
        high=h,
        low=l,
        close=c,
        volume=bar[4],
        prior_open=state[at.PREVIOUS_OPEN],
        prior_high=state[at.PREVIOUS_HIGH],
        prior_low=state[at.PREVIOUS_LOW],
        prior_close=before,
        change=c - before,
        ret=c / before - 1.0,
        span=h - l,
        typical=(h + l + c) * (1.0 / 3.0),
        true_range=top - bottom,
        per_close=1.0 / c,
    )


@inlined
def remember(state: Row, now: Now) -> None:
    """Make this bar the previous one; last thing in a step."""
    state[at.OLDER_OPEN] = now.prior_open
    state[at.OLDER_CLOSE] = now.prior_close
    state[at.PREVIOUS_OPEN] = now.open
    state[at.PREVIOUS_HIGH] = now.high
    state[at.PREVIOUS_LOW] = now.low
    state[at.PREVIOUS_CLOSE] = now.close
    state[at.PREVIOUS_VOLUME] = now.volume
    state[at.N_BARS] = now.n + 1
