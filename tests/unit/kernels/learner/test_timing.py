"""When a target is known, when a sample may be learned, and that no session reaches into another."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from tests.unit.kernels.learner.slices import Array, Slices, follow, made_slices, run, run_reference

from rung.kernels.ensemble import N_OUT, ensemble_step, new_ensemble_state
from rung.kernels.learner import layout as at
from rung.kernels.learner.params import HORIZONS, LearnerParams
from rung.kernels.learner.skill import forward_returns
from rung.kernels.learner.state import pack_params

PARAMS = LearnerParams(ewrls_lambda=0.99, ridge=10.0, warmup_samples=5)
LENGTH = 60


def session(minutes: list[int], ordinal: int = 1, seed: int = 0, length: int = LENGTH) -> Slices:
    """One symbol with bars at these minutes only."""
    full = made_slices(seed, symbols=1, sessions=1, minutes=length, missing=0.0)
    clocks = full.clocks.copy()
    clocks[:, 4] = ordinal
    present = np.isin(clocks[:, 0], minutes)[:, None]
    return Slices(np.where(present[:, :, None], full.bars, np.nan), present, clocks)


def targets_learned(slices: Slices) -> list[list[float]]:
    """Per horizon, every target in the order the twin learned it."""
    _, learner = run_reference(slices, PARAMS)
    return [[s.targets[h] for s in learner.samples[: learner.matured[h]]] for h in range(len(HORIZONS))]


def both_learn(slices: Slices) -> list[list[float]]:
    """The twin's targets, once the kernel has been seen to say the same with them."""
    slow, _ = run_reference(slices, PARAMS)
    fast = run(slices, PARAMS)[:, 0]
    told = [c for c in range(N_OUT) if c not in (at.COVARIANCE_MAX, at.COVARIANCE_MIN)]
    assert fast[:, told] == pytest.approx(slow[:, told], rel=1e-9, abs=1e-15)
    return targets_learned(slices)


def closes(slices: Slices) -> dict[int, float]:
    return {int(m): float(c) for m, c in zip(slices.clocks[:, 0], slices.bars[:, 0, 3], strict=True)}


def test_a_target_is_the_simple_return_to_the_close_so_many_minutes_later() -> None:
    slices = session(list(range(LENGTH)))
    close = closes(slices)
    for h, horizon in enumerate(HORIZONS):
        learned = both_learn(slices)[h]
        assert learned == [close[m + horizon] / close[m] - 1.0 for m in range(len(learned))]
    assert [len(learned) for learned in both_learn(slices)] == [50, 50, 50]


def test_a_missing_minute_matures_at_the_last_close_that_stands() -> None:
    slices = session([m for m in range(LENGTH) if m not in (20, 21, 22)])
    close = closes(slices)
    ones, fives, _ = both_learn(slices)
    bars = [m for m in range(50) if m not in (20, 21, 22)]
    assert ones[bars.index(19)] == 0.0
    assert fives[bars.index(16)] == close[19] / close[16] - 1.0
    assert fives[bars.index(18)] == close[23] / close[18] - 1.0


def test_a_halted_symbol_matures_while_it_is_silent() -> None:
    slices = session(list(range(20)))
    learned = both_learn(slices[:40])
    assert [len(targets) for targets in learned] == [20, 20, 20]
    assert learned[0][19] == 0.0


def test_when_nothing_at_all_is_heard_the_last_close_stands_too() -> None:
    """The slices themselves are missing: a halt of the whole market."""
    slices = session(list(range(LENGTH)))
    heard = np.r_[0:20, 40:LENGTH]
    quiet = Slices(slices.bars[heard], slices.present[heard], slices.clocks[heard])
    close = closes(slices)
    ones, _, tens = both_learn(quiet)
    assert ones[19] == 0.0
    assert tens[15] == close[19] / close[15] - 1.0
    assert tens[19] == close[19] / close[19] - 1.0


def test_the_last_ten_minutes_are_predicted_but_not_learned() -> None:
    out = run(session(list(range(LENGTH))), PARAMS)[:, 0]
    assert (out[-10:, at.FRESH] == 1.0).all()
    assert (np.diff(out[-10:, at.ENSEMBLE]) != 0.0).all()
    assert follow(session(list(range(LENGTH))), PARAMS).rows == list(range(50))


def test_an_early_close_moves_that_limit() -> None:
    assert follow(session(list(range(30)), length=30), PARAMS).rows == list(range(20))


def test_a_session_too_short_for_the_longest_horizon_teaches_nothing() -> None:
    assert follow(session(list(range(10)), length=10), PARAMS).rows == []


def test_the_first_bar_of_a_session_may_come_late() -> None:
    late = session(list(range(25, LENGTH)), ordinal=2, seed=1)
    slices = session(list(range(LENGTH))).then(late)
    assert follow(slices, PARAMS).rows == [*range(50), *range(LENGTH + 25, LENGTH + 50)]
    both_learn(slices)


def test_what_is_pending_when_a_tape_breaks_off_matures_at_its_last_close_not_at_the_next_open() -> None:
    broken = session(list(range(30)))[:30]
    slices = broken.then(session(list(range(LENGTH)), ordinal=2, seed=1))
    close = closes(broken)
    for targets, horizon in zip(both_learn(slices), HORIZONS, strict=True):
        assert targets[:30] == [close[min(m + horizon, 29)] / close[m] - 1.0 for m in range(30)]


def test_no_target_crosses_a_session() -> None:
    """Tomorrow's prices a thousand times higher: no learned target notices."""
    calm = made_slices(5, symbols=1, sessions=4, minutes=LENGTH)
    factor = 1000.0 ** (calm.clocks[:, 4] - 1)
    risen = Slices(
        calm.bars * np.column_stack([factor] * 4 + [np.ones_like(factor)])[:, None, :], calm.present, calm.clocks
    )
    for ours, theirs in zip(both_learn(risen), both_learn(calm), strict=True):
        assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-15)
        assert max(map(abs, ours)) < 0.2


def test_targets_recomputed_from_the_tape_are_the_ones_that_were_learned() -> None:
    slices = made_slices(9, symbols=1, sessions=3, minutes=LENGTH, missing=0.3)
    known = np.flatnonzero(slices.present[:, 0])
    clocks = slices.clocks[known]
    counted = clocks[:, 0] + 11 <= clocks[:, 1]
    for h, horizon in enumerate(HORIZONS):
        expected = forward_returns(slices.bars[known, 0, 3], clocks, horizon)[counted]
        learned = both_learn(slices)[h]
        assert learned == expected[: len(learned)].tolist()
        assert len(learned) > 90


def test_a_prediction_uses_the_target_that_matured_with_its_own_bar_and_none_later() -> None:
    slices = session(list(range(LENGTH)))
    for t in (12, 30, 45):
        seen = run(slices[: t + 1], PARAMS)[t, 0]
        assert seen[at.PREDICTION] != pytest.approx(run(_with_close(slices, t, 1.01), PARAMS)[t, 0, at.PREDICTION])
        assert (seen == run(_with_close(slices, t + 1, 1.01), PARAMS)[t, 0]).all()


def _with_close(slices: Slices, t: int, factor: float) -> Slices:
    bars = slices.bars.copy()
    bars[t:, 0, :4] *= factor
    return Slices(bars, slices.present, slices.clocks)


@pytest.mark.parametrize(
    ("what", "expected"),
    [(lambda row: row[at.VALID], [1.0, 0.0, 1.0]), (lambda row: row[at.FRESH], [1.0, 0.0, 1.0])],
    ids=["valid", "fresh"],
)
def test_a_symbol_is_void_from_the_open_until_its_first_bar(
    what: Callable[[Array], float], expected: list[float]
) -> None:
    slices = session(list(range(LENGTH))).then(session(list(range(5, LENGTH)), ordinal=2, seed=1))
    out = run(slices, PARAMS)[:, 0]
    assert [what(out[LENGTH - 1]), what(out[LENGTH + 4]), what(out[LENGTH + 5])] == expected


def test_a_silent_symbol_repeats_its_last_results_and_says_so() -> None:
    out = run(session([m for m in range(LENGTH) if m != 40]), PARAMS)[:, 0]
    repeated = [c for c in range(N_OUT) if c != at.FRESH]
    assert (out[40, repeated] == out[39, repeated]).all()
    assert out[39:42, at.FRESH].tolist() == [1.0, 0.0, 1.0]
    assert out[39:42, at.VALID].tolist() == [1.0, 1.0, 1.0]


def test_nothing_is_valid_before_every_horizon_has_learned_the_warm_up() -> None:
    out = run(session(list(range(LENGTH))), PARAMS)[:, 0]
    first = int(np.argmax(out[:, at.VALID]))
    assert first == 10 + PARAMS.warmup_samples - 1
    assert out[first, at.SAMPLES] == PARAMS.warmup_samples


def test_before_its_first_bar_ever_a_symbol_says_nothing_and_says_so() -> None:
    out = np.full((1, N_OUT), np.nan)
    state = new_ensemble_state(1, PARAMS)
    clock = np.array([0.0, 390.0, 0.0, 1.0, 0.0])
    ensemble_step(state, np.zeros((1, 5)), np.array([False]), clock, pack_params(PARAMS), out)
    assert np.isfinite(out).all()
    assert (out[0, at.VALID], out[0, at.FRESH], out[0, at.PROBABILITY], out[0, at.CONFIDENCE]) == (0.0, 0.0, 0.5, 0.0)


def test_a_minute_that_comes_over_and_over_overwrites_no_pending_sample() -> None:
    """Not allowed, and harmless: what does not fit is predicted, not learned."""
    slices = session(list(range(LENGTH)))
    rows = np.r_[0:20, np.full(40, 20), 21:LENGTH]
    stuttering = Slices(slices.bars[rows], slices.present[rows], slices.clocks[rows])
    state = new_ensemble_state(1, PARAMS)
    for t in range(len(rows)):
        run(stuttering[t : t + 1], PARAMS, state)
        pending = state[0, at.APPENDED] - state[0, at.MATURED : at.MATURED + 3]
        assert (pending >= 0).all()
        assert (pending <= at.N_PENDING).all()
    assert np.isfinite(state).all()
    assert state[0, at.APPENDED] < len(rows) - 10
