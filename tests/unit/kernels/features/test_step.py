"""The compiled step: one row in, one row out, live and batch the same, and nothing it cannot digest."""

from __future__ import annotations

import numba as nb
import numpy as np
import pytest
from tests.unit.kernels.features.tapes import Array, Tape, made, run, same_bits

from rung.kernels.features.registry import N_FEATURES, REGISTRY
from rung.kernels.features.step import STATE_SIZE, feature_step, new_state

NAMES = [spec.name for spec in REGISTRY]


def column(table: Array, name: str) -> Array:
    return table[:, NAMES.index(name)]


def streamed(tape: Tape, state: Array) -> Array:
    rows = []
    for i in range(len(tape.bars)):
        out = np.full(N_FEATURES, np.nan)
        feature_step(state, tape.bars[i], tape.clocks[i], bool(tape.opens[i]), out)
        rows.append(out)
    return np.array(rows)


def test_a_batch_is_the_live_step_in_a_loop() -> None:
    tape = made(1)
    assert same_bits(run(tape), streamed(tape, new_state(1)[0]))


def test_a_saved_state_goes_on_as_if_nothing_had_happened() -> None:
    tape = made(2)
    whole = run(tape)
    for cut in (1, 77, 389, 390, 391, 700):
        state = new_state(1)[0]
        run(tape[:cut], state)
        saved = state.tobytes()
        restored = np.frombuffer(saved, dtype=np.float64).copy()
        assert same_bits(run(tape[cut:], restored), whole[cut:])


def test_symbols_do_not_share_a_memory() -> None:
    a, b = made(3), made(4)
    state = new_state(2)
    assert state.shape == (2, STATE_SIZE)
    mixed: tuple[list[Array], list[Array]] = ([], [])
    for i in range(len(a.bars)):
        for tape, row, rows in ((a, state[0], mixed[0]), (b, state[1], mixed[1])):
            rows.append(run(tape[i : i + 1], row)[0])
    assert same_bits(np.array(mixed[0]), run(a))
    assert same_bits(np.array(mixed[1]), run(b))


def test_another_kernel_may_call_the_step() -> None:
    @nb.njit
    def last_row(state: Array, bars: Array, clocks: Array, opens: Array, out: Array) -> None:
        for i in range(len(bars)):
            feature_step(state, bars[i], clocks[i], opens[i], out)

    tape, out = made(5), np.zeros(N_FEATURES)
    last_row(new_state(1)[0], tape.bars, tape.clocks, tape.opens, out)
    assert same_bits(out, run(tape)[-1])


def test_nothing_is_said_before_its_warm_up_and_everything_soon_after() -> None:
    table = run(made(6))
    for j, spec in enumerate(REGISTRY):
        assert not table[: spec.warmup_bars - 1, j].any(), spec.name
        first = slice(390, 400) if spec.memory == "overnight" else slice(spec.warmup_bars - 1, spec.warmup_bars + 200)
        assert table[first, j].any(), spec.name


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 0.0, -1.0])
@pytest.mark.parametrize("where", [0, 1, 2, 3])
def test_an_unusable_price_is_as_if_the_bar_had_never_come(where: int, value: float) -> None:
    tape = made(7)
    state = new_state(1)[0]
    run(tape[:200], state)
    before = state.copy()
    bars = tape.bars[200:201].copy()
    bars[0, where] = value
    assert not run(tape[200:201].with_bars(bars), state).any()
    assert same_bits(state, before)


@pytest.mark.parametrize("value", [np.nan, np.inf, -1.0])
def test_an_unusable_volume_is_as_if_the_bar_had_never_come(value: float) -> None:
    tape = made(7)
    state = new_state(1)[0]
    run(tape[:200], state)
    before = state.copy()
    bars = tape.bars[200:201].copy()
    bars[0, 4] = value
    assert not run(tape[200:201].with_bars(bars), state).any()
    assert same_bits(state, before)


def test_when_the_first_bar_of_a_session_is_unusable_the_next_one_opens_it() -> None:
    tape = made(8)
    broken = tape.bars.copy()
    broken[390, 3] = np.nan
    kept = np.arange(len(tape.bars)) != 390
    opens = tape.opens.copy()
    opens[391] = True
    without = Tape(tape.bars[kept], tape.clocks[kept], opens[kept])
    assert same_bits(run(tape.with_bars(broken))[391:], run(without)[390:])


def test_the_first_bar_ever_opens_a_session_whatever_the_caller_says() -> None:
    tape = made(9)
    opens = tape.opens.copy()
    opens[0] = False
    assert same_bits(run(Tape(tape.bars, tape.clocks, opens)), run(tape))


def test_an_outage_of_flat_empty_bars_is_neutral() -> None:
    tape = made(10, sessions=1)
    bars = tape.bars.copy()
    bars[100:] = [bars[99, 3]] * 4 + [0.0]
    table = run(tape.with_bars(bars))
    assert np.isfinite(table).all()
    for name in (
        "volume_ratio_20", "obv_slope_20", "obv_slope_60", "vwma_20", "volume_body", "volume_trend", "money_flow_20",
        "range", "return_in_rms", "sigma_20", "sigma_60_annual", "skew_20", "kurtosis_20", "bollinger_position_20",
        "z_score_50", "trend_20", "cci_20", "price_volume_20", "autocorrelation_1", "hurst_100", "mfi_14",
        "stochastic_k_14", "donchian_position_20", "williams_28", "aroon_25", "ultimate_28", "doji", "inside_bar",
    ):  # fmt: skip
        assert np.abs(column(table, name)[230:]).max() < 1e-9, name


def test_a_spike_leaves_nothing_behind_in_the_windows_it_has_left() -> None:
    """Power-of-two sums only add: the rounding of a huge value goes when the value goes."""
    tape = made(11, sessions=2)
    spiked = tape.bars.copy()
    spiked[150, 1:4] *= [1e6, 1.0, 1e6]
    spiked[150, 4] *= 1e9
    clean, after = run(tape), run(tape.with_bars(spiked))
    for name in (
        "sma_20", "sma_200", "sigma_20", "skew_20", "kurtosis_20", "sigma_60_annual", "autocorrelation_1", "z_score_50",
        "trend_20", "price_volume_20", "obv_slope_60", "volume_trend", "vwma_20", "cci_20", "mfi_14", "hurst_100",
        "bollinger_width_20", "parkinson_20", "donchian_position_20", "ultimate_28",
    ):  # fmt: skip
        np.testing.assert_allclose(column(after, name)[360:], column(clean, name)[360:], rtol=1e-9, atol=1e-12)


def test_time_features_follow_the_clock_alone() -> None:
    tape = made(12)
    other = tape.with_bars(made(13).bars)
    assert same_bits(run(tape)[:, :8], run(other)[:, :8])


@pytest.mark.parametrize("length", [210.0, 390.0, 391.0, 1440.0])
def test_the_session_wave_tells_the_open_from_the_close(length: float) -> None:
    minutes = np.arange(length)
    bars = np.tile([10.0, 11.0, 9.0, 10.5, 100.0], (len(minutes), 1))
    clocks = np.column_stack(
        [minutes, np.full(len(minutes), length), np.full(len(minutes), 2), np.full(len(minutes), 9)]
    )
    table = run(Tape(bars, clocks.astype(np.float64), minutes == 0))
    angle = (2.0 if length >= 1440.0 else 1.0) * np.pi * minutes / length
    np.testing.assert_allclose(column(table, "session_sin"), np.sin(angle), atol=1e-12)
    np.testing.assert_allclose(column(table, "session_cos"), np.cos(angle), atol=1e-12)
    assert len(np.unique(np.round(table[:, :2], 9), axis=0)) == len(minutes)
