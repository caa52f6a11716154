"""On the real tapes: exact after tens of thousands of bars, and no worse than predicting nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.unit.kernels.learner.slices import Array, Diary, Slices, follow, real_slices, run

from rung.kernels.learner import layout as at
from rung.kernels.learner.params import HORIZONS, SOURCE, LearnerParams
from rung.kernels.learner.reference import batch_weights
from rung.kernels.learner.skill import SkillRow, forward_returns, measure_skill

pytestmark = pytest.mark.data
LONG = ("TQQQ", "SQQQ", "SDS", "UVXY", "SSO", "SVIX")
SHORT = ("TQQQ", "SQQQ", "SPXL", "SDS", "UVXY", "SVXY")
FIFTEEN_DAYS = 15


@pytest.fixture(scope="module")
def long_tape(real_data: Path) -> Slices:
    return real_slices(real_data, *LONG)


@pytest.fixture(scope="module")
def short_tape(real_data: Path) -> Slices:
    return real_slices(real_data, *SHORT, since=FIFTEEN_DAYS)


@pytest.fixture(scope="module")
def said(long_tape: Slices) -> dict[str, Array]:
    """What both settings say of the six symbols over all days."""
    return {"source": run(long_tape, SOURCE), "default": run(long_tape, LearnerParams())}


def skill(tape: Slices, symbols: tuple[str, ...], out: Array) -> list[SkillRow]:
    return measure_skill(symbols, tape.bars[:, :, 3], tape.present, tape.clocks, out)


def error_against_batch(tape: Slices, diary: Diary, params: LearnerParams, h: int) -> float:
    """Largest weight error in units of the largest weight, against one solve over the tape's own targets."""
    n = diary.matured(h)
    targets = np.full(len(tape.clocks), np.nan)
    known = np.flatnonzero(tape.present[:, 0])
    targets[known] = forward_returns(tape.bars[known, 0, 3], tape.clocks[known], HORIZONS[h])
    exact = batch_weights(np.array(diary.xs[:n]), targets[diary.rows[:n]], params, diary.first)
    return float(np.abs(diary.weights(h) - exact).max() / np.abs(exact).max())


@pytest.mark.parametrize(
    ("symbol", "params"),
    [(3, SOURCE), (5, LearnerParams())],
    ids=["source setting on UVXY with its halts", "default on SVIX with its missing minutes"],
)
def test_after_a_whole_tape_the_weights_are_the_closed_form_solution(
    long_tape: Slices, symbol: int, params: LearnerParams
) -> None:
    tape = long_tape.symbol(symbol)
    diary = follow(tape, params)
    assert diary.matured(0) > 45_000
    assert max(error_against_batch(tape, diary, params, h) for h in range(3)) < 1e-9


def test_every_admissible_bar_is_learned_and_only_those(long_tape: Slices) -> None:
    tape = long_tape.symbol(5)
    clocks = tape.clocks[tape.present[:, 0]]
    admissible = int((clocks[:, 0] + 11 <= clocks[:, 1]).sum())
    assert len(follow(tape, LearnerParams()).rows) == admissible


def test_the_shipped_default_is_never_much_worse_than_predicting_nothing(
    long_tape: Slices, short_tape: Slices, said: dict[str, Array]
) -> None:
    rows = skill(long_tape, LONG, said["default"]) + skill(short_tape, SHORT, run(short_tape, LearnerParams()))
    assert len(rows) == 36
    assert [row for row in rows if not row.ratio <= 1.05] == []
    assert min(row.n_samples for row in rows) > 4_000


def test_the_sources_raw_setting_is_far_worse_than_predicting_nothing(
    long_tape: Slices, said: dict[str, Array]
) -> None:
    assert min(row.ratio for row in skill(long_tape, LONG, said["source"])) > 1.5


def test_the_skill_the_learner_states_is_the_skill_it_has(long_tape: Slices) -> None:
    """With endless memory its own running ratio is the whole tape's."""
    tape = long_tape.symbol(3)
    out = run(tape, LearnerParams(skill_memory_samples=1e9, warmup_samples=0))
    measured = [row.ratio for row in skill(tape, LONG[3:4], out)]
    assert out[-1, 0, at.SKILL : at.SKILL + 3] == pytest.approx(measured, rel=2e-3)


def test_confidence_is_low_where_skill_is_missing(said: dict[str, Array]) -> None:
    assert np.median(said["source"][1_000:, :, at.CONFIDENCE]) < 0.01
    assert np.median(said["default"][1_000:, :, at.CONFIDENCE]) > 0.5


def test_false_prints_halts_and_gaps_leave_everything_finite_and_bounded(said: dict[str, Array]) -> None:
    for name, params in (("source", SOURCE), ("default", LearnerParams())):
        assert np.isfinite(said[name]).all()
        assert said[name][:, :, at.COVARIANCE_MAX].max() <= params.covariance_bound * (1 + 1e-9)
        assert said[name][:, :, at.COVARIANCE_MIN].min() > 0.0
