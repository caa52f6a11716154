"""Overfitting: about a coin's toss on noise, nothing where one strategy is truly good, and the plain definition."""

from __future__ import annotations

from itertools import combinations
from math import comb, log

import numpy as np
import pytest

from rung.domain.errors import UserError
from rung.lab.statistics import pbo
from rung.lab.statistics.pbo import overfitting


def noise(seed: int, days: int, strategies: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0, 0.01, (days, strategies))


def plainly(matrix: np.ndarray, blocks: int) -> tuple[list[float], list[float], list[float]]:
    """Every halving, one at a time, as the paper tells it."""
    parts = np.split(matrix, blocks)
    logits, ins, outs = [], [], []
    for chosen in combinations(range(blocks), blocks // 2):
        inside = np.concatenate([parts[b] for b in chosen])
        outside = np.concatenate([parts[b] for b in range(blocks) if b not in chosen])
        here = inside.mean(axis=0) / inside.std(axis=0, ddof=1)
        there = outside.mean(axis=0) / outside.std(axis=0, ddof=1)
        best = int(here.argmax())
        rank = (1 + int((there < there[best]).sum())) / (matrix.shape[1] + 1)
        logits.append(log(rank / (1 - rank)))
        ins.append(here[best])
        outs.append(there[best])
    return logits, ins, outs


@pytest.mark.parametrize("portion", [7, 2_000_000])
def test_it_is_the_plain_definition_whatever_fits_into_memory(portion: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pbo, "_CELLS_AT_ONCE", portion)
    matrix = noise(1, 60, 7)
    found = overfitting(matrix, blocks=6)
    logits, ins, outs = plainly(matrix, 6)
    assert found.logits == pytest.approx(logits)
    assert found.probability == np.mean(np.array(logits) <= 0)
    assert (found.slope, found.intercept) == pytest.approx(tuple(np.polyfit(ins, outs, 1)))
    assert found.loss == np.mean(np.array(outs) < 0)
    assert len(found.logits) == comb(6, 3)


def test_on_noise_the_winner_is_below_the_median_half_of_the_time() -> None:
    found = [overfitting(noise(seed, 320, 20), blocks=8).probability for seed in range(150)]
    assert np.mean(found) == pytest.approx(0.5, abs=0.06)


def test_on_noise_the_better_it_looked_the_worse_it_was() -> None:
    slopes = [overfitting(noise(seed, 320, 20), blocks=8).slope for seed in range(30)]
    assert np.median([s for s in slopes if s is not None]) < -0.3


def test_one_truly_good_strategy_among_noise_is_no_overfitting() -> None:
    matrix = noise(3, 1_000, 50)
    matrix[:, 17] += 0.003
    found = overfitting(matrix)
    assert found.probability < 0.01
    assert found.loss < 0.01
    assert len(found.logits) == comb(16, 8)


def test_the_oldest_days_are_left_out_when_they_fill_no_block() -> None:
    matrix = noise(4, 67, 3)
    found = overfitting(matrix, blocks=8)
    assert (found.days, found.left_out) == (64, 3)
    assert found.logits == pytest.approx(overfitting(matrix[3:], blocks=8).logits)


def test_strategies_that_are_all_alike_share_the_middle() -> None:
    found = overfitting(np.repeat(noise(5, 80, 1), 4, axis=1), blocks=4)
    assert found.logits == pytest.approx(np.zeros(6))
    assert found.probability == 1.0


def test_a_strategy_that_never_traded_showed_nothing() -> None:
    matrix = np.column_stack((np.zeros(80), noise(6, 80, 1)[:, 0] - 0.02))
    found = overfitting(matrix, blocks=4)
    assert found.loss == 0.0
    assert found.slope is None
    assert found.probability == 0.0


@pytest.mark.parametrize(
    ("days", "strategies", "blocks", "said"),
    [(100, 1, 8, "no choice"), (100, 3, 7, "halved"), (100, 3, 22, "halved"), (15, 3, 8, "15 days, needs 16")],
)
def test_what_cannot_be_halved_is_refused(days: int, strategies: int, blocks: int, said: str) -> None:
    with pytest.raises(UserError, match=said):
        overfitting(noise(1, days, strategies), blocks)
