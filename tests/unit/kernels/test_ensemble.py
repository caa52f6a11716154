"""The ensemble's one call: a row per symbol, no row touches another, saving is copying."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from tests.unit.kernels.features.tapes import same_bits
from tests.unit.kernels.learner.slices import Slices, made_slices, run

from rung.kernels.ensemble import N_OUT, STATE_SIZE, ensemble_step, new_ensemble_state
from rung.kernels.learner.params import LearnerParams
from rung.kernels.learner.state import pack_params

PARAMS = LearnerParams(ewrls_lambda=0.99, ridge=10.0, warmup_samples=20)
SLICES = made_slices(3, symbols=3, sessions=3, minutes=100, missing=0.15)


def test_the_batch_is_the_step_in_a_loop() -> None:
    state, out = new_ensemble_state(3, PARAMS), np.zeros((3, N_OUT))
    batch_state = new_ensemble_state(3, PARAMS)
    batch = run(SLICES, PARAMS, batch_state)
    for t, clock in enumerate(SLICES.clocks):
        ensemble_step(state, SLICES.bars[t], SLICES.present[t], clock, pack_params(PARAMS), out)
        assert same_bits(out, batch[t])
    assert same_bits(state, batch_state)


@pytest.mark.parametrize("cut", [0, 1, 7, 95, 99, 100, 101, 187])
def test_a_saved_state_continues_bit_for_bit(cut: int) -> None:
    whole_state = new_ensemble_state(3, PARAMS)
    whole = run(SLICES, PARAMS, whole_state)
    first = new_ensemble_state(3, PARAMS)
    run(SLICES[:cut], PARAMS, first)
    saved = np.frombuffer(first.tobytes()).reshape(first.shape)
    second = new_ensemble_state(3, PARAMS)
    second[:] = saved
    assert same_bits(run(SLICES[cut:], PARAMS, second), whole[cut:])
    assert same_bits(second, whole_state)


def test_no_symbol_sees_another() -> None:
    together = run(SLICES, PARAMS)
    for i in range(3):
        assert same_bits(run(SLICES.symbol(i), PARAMS)[:, 0], together[:, i])


def test_threads_change_no_bit() -> None:
    with ThreadPoolExecutor(3) as pool:
        apart = list(pool.map(lambda i: run(SLICES.symbol(i), PARAMS), range(3)))
    assert same_bits(np.concatenate(apart, axis=1), run(SLICES, PARAMS))


def test_where_in_memory_the_state_lies_changes_no_bit() -> None:
    store = np.zeros(3 * STATE_SIZE + 3)
    askew = store[3:].reshape(3, STATE_SIZE)
    askew[:] = new_ensemble_state(3, PARAMS)
    assert same_bits(run(SLICES, PARAMS, askew), run(SLICES, PARAMS))


def test_new_rows_lie_on_cache_lines() -> None:
    state = new_ensemble_state(2, PARAMS)
    assert state.ctypes.data % 64 == 0
    assert STATE_SIZE % 8 == 0
    assert state.flags.c_contiguous


@pytest.mark.parametrize("column", range(5))
@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf, -1.0])
def test_an_unusable_bar_is_an_absent_bar(column: int, wrong: float) -> None:
    for t in (0, 50, 100, 140):  # 0 and 100 open a session
        bars, present = SLICES.bars.copy(), SLICES.present.copy()
        present[t], bars[t] = True, 40.0
        bars[t, 1, column] = wrong
        absent = present.copy()
        absent[t, 1] = False
        poisoned = run(Slices(bars, present, SLICES.clocks), PARAMS)
        assert same_bits(poisoned, run(Slices(bars, absent, SLICES.clocks), PARAMS))
        assert np.isfinite(poisoned).all()


def test_a_price_of_zero_is_unusable_a_volume_of_zero_is_not() -> None:
    bars = SLICES.bars.copy()
    bars[60, :, 4] = 0.0
    assert not same_bits(run(Slices(bars, SLICES.present, SLICES.clocks), PARAMS), run(SLICES, PARAMS))
    bars[60, :, 2] = 0.0
    absent = SLICES.present.copy()
    absent[60] = False
    zero_price = run(Slices(bars, SLICES.present, SLICES.clocks), PARAMS)
    assert same_bits(zero_price, run(Slices(bars, absent, SLICES.clocks), PARAMS))


def test_an_empty_tape_and_an_empty_universe_are_fine() -> None:
    assert run(SLICES[:0], PARAMS).shape == (0, 3, N_OUT)
    nobody = Slices(np.zeros((4, 0, 5)), np.zeros((4, 0), dtype=np.bool_), SLICES.clocks[:4])
    assert run(nobody, PARAMS).shape == (4, 0, N_OUT)
