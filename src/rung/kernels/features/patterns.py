"""Candlestick patterns: 1 when this bar completes one, else 0; the star is signed. 8 features."""

from __future__ import annotations

from rung.kernels.features import layout as at
from rung.kernels.features.now import Now, one_if
from rung.kernels.features.panels import Row, inlined
from rung.kernels.features.registry import slots

(
    DOJI,
    HAMMER,
    SHOOTING_STAR,
    BULLISH_ENGULFING,
    BEARISH_ENGULFING,
    INSIDE_BAR,
    OUTSIDE_BAR,
    STAR,
) = slots("patterns")


@inlined
def pattern_features(state: Row, now: Now, out: Row) -> None:
    move = now.close - now.open
    body = abs(move)
    upper = now.high - (now.close if move > 0.0 else now.open)
    lower = (now.open if move > 0.0 else now.close) - now.low
    out[DOJI] = one_if(body < 0.1 * now.span)
    out[HAMMER] = one_if((lower > 2.0 * body) & (upper < body))
    out[SHOOTING_STAR] = one_if((upper > 2.0 * body) & (lower < body))
    prior = now.prior_close - now.prior_open
    larger = body > abs(prior)
    rises = (prior < 0.0) & (now.open <= now.prior_close) & (now.close >= now.prior_open)
    falls = (prior > 0.0) & (now.open >= now.prior_close) & (now.close <= now.prior_open)
    out[BULLISH_ENGULFING] = one_if(rises & larger)
    out[BEARISH_ENGULFING] = one_if(falls & larger)
    prior_span = now.prior_high - now.prior_low
    inside = (now.high <= now.prior_high) & (now.low >= now.prior_low)
    outside = (now.high >= now.prior_high) & (now.low <= now.prior_low)
    out[INSIDE_BAR] = one_if(inside & (now.span < prior_span))
    out[OUTSIDE_BAR] = one_if(outside & (now.span > prior_span))
    out[STAR] = _star(state, now, move, abs(prior))


@inlined
def _star(state: Row, now: Now, move: float, prior_body: float) -> float:
    """A long bar, a small one, and one back beyond the long bar's middle: +1 after a fall, −1 after a rise."""
    older = state[at.OLDER_CLOSE] - state[at.OLDER_OPEN]
    middle = 0.5 * (state[at.OLDER_CLOSE] + state[at.OLDER_OPEN])
    small = prior_body < 0.3 * abs(older)
    morning = small & (older < 0.0) & (move > 0.0) & (now.close > middle)
    evening = small & (older > 0.0) & (move < 0.0) & (now.close < middle)
    return one_if(morning) - one_if(evening)
