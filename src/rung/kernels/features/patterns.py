"""Candlestick patterns: 1 when this bar completes one, else 0; the star is signed. 8 features."""

from __future__ import annotations

from rung.kernels.compiled import Row, inlined
from rung.kernels.features import layout as at
from rung.kernels.features.now import Now, one_if
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
_SLACK = 1e-10  # × close: prices nearer than this are equal, so that rounding decides nothing


@inlined
def pattern_features(state: Row, now: Now, out: Row) -> None:
    slack = _SLACK * now.close
    move = now.close - now.open
    body = abs(move)
    upper = now.high - max(now.open, now.close)
    lower = min(now.open, now.close) - now.low
    out[DOJI] = one_if(body < 0.1 * now.span - slack)
    out[HAMMER] = one_if((lower > 2.0 * body + slack) & (upper < body - slack))
    out[SHOOTING_STAR] = one_if((upper > 2.0 * body + slack) & (lower < body - slack))
    prior = now.prior_close - now.prior_open
    larger = body > abs(prior) + slack
    from_below, from_above = now.open <= now.prior_close + slack, now.open >= now.prior_close - slack
    to_above, to_below = now.close >= now.prior_open - slack, now.close <= now.prior_open + slack
    out[BULLISH_ENGULFING] = one_if((prior < -slack) & from_below & to_above & larger)
    out[BEARISH_ENGULFING] = one_if((prior > slack) & from_above & to_below & larger)
    higher, deeper = now.high - now.prior_high, now.prior_low - now.low
    wider = higher + deeper
    out[INSIDE_BAR] = one_if((higher <= slack) & (deeper <= slack) & (wider < -slack))
    out[OUTSIDE_BAR] = one_if((higher >= -slack) & (deeper >= -slack) & (wider > slack))
    out[STAR] = _star(state, now, move, abs(prior), slack)


@inlined
def _star(state: Row, now: Now, move: float, prior_body: float, slack: float) -> float:
    """A long bar, a small one, and one back beyond the long bar's middle: +1 after a fall, −1 after a rise."""
    older = state[at.OLDER_CLOSE] - state[at.OLDER_OPEN]
    beyond = now.close - 0.5 * (state[at.OLDER_CLOSE] + state[at.OLDER_OPEN])
    small = prior_body < 0.3 * abs(older) - slack
    morning = small & (older < -slack) & (move > slack) & (beyond > slack)
    evening = small & (older > slack) & (move < -slack) & (beyond < -slack)
    return one_if(morning) - one_if(evening)
