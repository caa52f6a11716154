"""Online standardisation: each feature minus its exponentially weighted mean, over its deviation."""

from __future__ import annotations

from rung.kernels.compiled import Row, separate
from rung.kernels.learner import layout as at
from rung.kernels.learner.lanes import choose8, div8, fma8, load8, mul8, splat8, sqrt8, store8, sub8

_DUST = 1e-24  # a variance this small beside the squared mean is rounding


@separate
def standardise(state: Row, rate: float, clip: float) -> None:
    """Replace the raw features in state[X] by scores in [−clip, clip], 0 for a feature that has not varied yet.

    Mean and variance include this bar and nothing later. Their memory grows to 1/`rate` bars from the first value
    that is not 0 (a feature is 0 before its own warm-up). A value that is not finite scores 0 and is forgotten.
    """
    zero, one, slowest, top, bottom = splat8(0.0), splat8(1.0), splat8(rate), splat8(clip), splat8(-clip)
    dust = splat8(-_DUST)
    for j in range(0, at.WIDTH, at.BLOCK):
        value, mean, seen = load8(state, at.X + j), load8(state, at.MEAN + j), load8(state, at.SEEN + j)
        finite = choose8(fma8(zero, value, one), one, zero)
        away = choose8(finite, sub8(value, mean), zero)
        seen = fma8(finite, choose8(fma8(away, away, seen), one, zero), seen)
        share = div8(one, choose8(seen, seen, one))
        share = mul8(finite, choose8(sub8(share, slowest), share, slowest))
        rest = sub8(one, share)
        mean = fma8(share, away, mean)
        variance = mul8(rest, fma8(share, mul8(away, away), load8(state, at.VARIANCE + j)))
        varies = fma8(dust, mul8(mean, mean), variance)
        score = choose8(varies, div8(mul8(rest, away), sqrt8(variance)), zero)
        score = choose8(sub8(score, top), top, score)
        store8(state, at.X + j, choose8(sub8(bottom, score), bottom, score))
        store8(state, at.MEAN + j, mean)
        store8(state, at.VARIANCE + j, variance)
        store8(state, at.SEEN + j, seen)
    state[at.X + at.INTERCEPT] = 1.0
    state[at.X + at.INTERCEPT + 1] = 0.0
