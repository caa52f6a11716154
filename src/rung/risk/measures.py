"""Measures of portfolio risk, on the tail where the losses are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence


def value_at_risk(returns: Sequence[float], level: float) -> float:
    """Loss, as a positive fraction, that a share `level` of the returns does not exceed; 0 when none loses that much.

    returns : fractions, gains positive, oldest first, ≥ 2, finite (else ValueError).   level : e.g. 0.95.
    The empirical quantile of the *lower* tail, taken at the worse neighbour: the ceil((1 − level)·n)-th worst.
    """
    return max(0.0, -_worst(returns, level)[-1])


def expected_shortfall(returns: Sequence[float], level: float) -> float:
    """Mean loss, as a positive fraction, over the worst (1 − level) of the returns; never below the VaR."""
    tail = _worst(returns, level)
    return max(0.0, -math.fsum(tail) / len(tail))


def capital_shares(values: Mapping[str, float], equity: float) -> dict[str, float]:
    """|value| of each position over the capital it belongs to: equity, or gross value where that is more.

    Cash diversifies: a third of the equity in one symbol is a share of 1/3, not of 1. Sums to at most 1.
    """
    gross = math.fsum(abs(value) for value in values.values())
    capital = max(gross, equity)
    return {symbol: abs(value) / capital for symbol, value in values.items()} if capital > 0.0 else {}


def concentration(shares: Mapping[str, float]) -> float:
    """Herfindahl-Hirschman index: the sum of the squared shares, in [0, 1]; 1 when everything is in one symbol."""
    return math.fsum(share * share for share in shares.values())


def mean_correlation(series: Mapping[str, Sequence[float]]) -> float | None:
    """Mean pairwise correlation, in [-1, 1]; None with fewer than two series that vary.

    series : equally long, aligned, finite returns, each with the sign of its position: what moves together then
    loses together.
    """
    units = [unit for values in series.values() if (unit := _unit(values)) is not None]
    pairs = [
        math.fsum(x * y for x, y in zip(units[i], units[j], strict=True)) for i in range(len(units)) for j in range(i)
    ]
    return math.fsum(pairs) / len(pairs) if pairs else None


def deviation(values: Sequence[float]) -> float:
    """Root mean square around the mean, population form; 0 for fewer than two."""
    if len(values) < 2:
        return 0.0
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values))


def _worst(returns: Sequence[float], level: float) -> list[float]:
    if len(returns) < 2 or not all(math.isfinite(value) for value in returns):
        raise ValueError("needs at least two finite returns")
    if not 0.5 <= level < 1.0:
        raise ValueError(f"level {level} is not within [0.5, 1)")
    count = max(1, math.ceil(round((1.0 - level) * len(returns), 9)))
    return sorted(returns)[:count]


def _unit(values: Sequence[float]) -> list[float] | None:
    mean = math.fsum(values) / len(values) if values else 0.0
    centred = [value - mean for value in values]
    length = math.sqrt(math.fsum(value * value for value in centred))
    return [value / length for value in centred] if length > 0.0 else None
