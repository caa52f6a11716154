"""Probability of backtest overfitting: how often the best in one half of the days is poor in the other.

Combinatorially symmetric cross-validation. Source: Bailey, Borwein, López de Prado & Zhu (2017), "The Probability of
Backtest Overfitting", Journal of Computational Finance 20(4).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rung.domain.errors import UserError
from rung.lab.statistics.series import ROUNDING, Floats, matrix_of

BLOCKS = 16
MAX_BLOCKS = 20
MIN_DAYS_PER_BLOCK = 2
_CELLS_AT_ONCE = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Overfitting:
    """What became of the in-sample winners, over all ways to halve the days.

    probability : share of halvings whose winner was not above the median out of sample.   logits : (halvings,) of
    the winner's relative rank out of sample; negative is below the median.   slope, intercept : of the winner's
    Sharpe ratio out of sample on that in sample (per period); a negative slope means that the better it looked, the
    worse it was; None when the winners' ratios in sample are all alike.   loss : share of halvings whose winner lost
    out of sample.   days : those used; left_out : the oldest, which fill no block.
    """

    probability: float
    logits: Floats
    slope: float | None
    intercept: float | None
    loss: float
    blocks: int
    strategies: int
    days: int
    left_out: int


def overfitting(returns: ArrayLike, blocks: int = BLOCKS) -> Overfitting:
    """Judge a choice among strategies by their daily Sharpe ratios.

    returns : (days, strategies ≥ 2) fractions, every configuration that was tried, same days; finite.
    blocks : even, 4 … 20; their number of halvings is C(blocks, blocks ÷ 2).   Ties share their rank. A strategy that
    does not vary within a half has the ratio zero there: it showed nothing.
    UserError: too few days or strategies. Deterministic.
    """
    matrix = matrix_of(returns)
    _check(matrix, blocks)
    per_block, left_out = len(matrix) // blocks, len(matrix) % blocks
    parts = matrix[left_out:].reshape(blocks, per_block, -1)
    half = per_block * blocks // 2
    sums, squares = parts.sum(axis=1), (parts**2).sum(axis=1)
    chosen_in, chosen_out, logits = [], [], []
    for masks in _halvings(blocks, matrix.shape[1]):
        inside = _ratios(masks @ sums, masks @ squares, half)
        outside = _ratios((1.0 - masks) @ sums, (1.0 - masks) @ squares, half)
        winner = inside.argmax(axis=1)[:, None]
        theirs = np.take_along_axis(outside, winner, axis=1)
        below, level = (outside < theirs).sum(axis=1), (outside == theirs).sum(axis=1)
        rank = (below + (level + 1) / 2.0) / (outside.shape[1] + 1)
        logits.append(np.log(rank / (1.0 - rank)))
        chosen_in.append(np.take_along_axis(inside, winner, axis=1)[:, 0])
        chosen_out.append(theirs[:, 0])
    logit, ins, outs = np.concatenate(logits), np.concatenate(chosen_in), np.concatenate(chosen_out)
    slope, intercept = _line(ins, outs)
    return Overfitting(
        probability=float(np.mean(logit <= 0.0)),
        logits=logit,
        slope=slope,
        intercept=intercept,
        loss=float(np.mean(outs < 0.0)),
        blocks=blocks,
        strategies=matrix.shape[1],
        days=len(matrix) - left_out,
        left_out=left_out,
    )


def _check(matrix: Floats, blocks: int) -> None:
    days, strategies = matrix.shape
    if blocks % 2 or not 4 <= blocks <= MAX_BLOCKS:
        raise UserError(f"{blocks} blocks cannot be halved as needed", where="blocks", remedy="give 4, 6 … 20")
    if strategies < 2:
        raise UserError("one strategy is no choice", where="returns", remedy="give every configuration that was tried")
    if days < blocks * MIN_DAYS_PER_BLOCK:
        needed = blocks * MIN_DAYS_PER_BLOCK
        raise UserError(f"too short ({days} days, needs {needed})", where="returns", remedy="give fewer blocks")


def _halvings(blocks: int, strategies: int) -> list[Floats]:
    """Every choice of half the blocks as rows of zeros and ones, in portions that fit into memory."""
    chosen = np.array(list(combinations(range(blocks), blocks // 2)), dtype=np.intp)
    masks = np.zeros((comb(blocks, blocks // 2), blocks))
    np.put_along_axis(masks, chosen, 1.0, axis=1)
    portions: NDArray[np.intp] = np.arange(0, len(masks), max(1, _CELLS_AT_ONCE // strategies))[1:]
    return np.split(masks, portions)


def _ratios(sums: Floats, squares: Floats, days: int) -> Floats:
    """Sharpe ratios per period from sums over `days`; zero where nothing varies beyond rounding."""
    mean = sums / days
    variance = (squares - days * mean**2) / (days - 1)
    varies = variance > ROUNDING * squares / days
    return np.divide(
        mean, np.sqrt(variance, where=varies, out=np.ones_like(mean)), out=np.zeros_like(mean), where=varies
    )


def _line(x: Floats, y: Floats) -> tuple[float | None, float | None]:
    """Least squares y = slope × x + intercept."""
    away = x - x.mean()
    power = float(away @ away)
    if power <= ROUNDING * float(x @ x):
        return None, None
    slope = float(away @ y) / power
    return slope, float(y.mean() - slope * x.mean())
