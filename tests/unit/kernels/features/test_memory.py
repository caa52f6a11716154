"""What each feature may remember: today only, earlier sessions without the gap, or the gap itself."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.kernels.features.tapes import Array, Tape, apart, made, run, same_bits

from rung.kernels.features.registry import REGISTRY

NAMES = [spec.name for spec in REGISTRY]
GAP = NAMES.index("overnight_gap")
SESSION = [j for j, spec in enumerate(REGISTRY) if spec.memory == "session"]
CARRIED = [j for j, spec in enumerate(REGISTRY) if spec.memory == "carried"]
RECURSIVE = (
    "ema_", "rsi_", "macd_", "atr_", "adx_", "direction_", "trix_", "dema_", "kama_", "momentum_", "ewma_", "keltner_",
    "squeeze_", "chaikin_", "force_", "ease_", "slope_",
)  # fmt: skip


def gapped(tape: Tape, factors: tuple[float, ...]) -> Tape:
    """The same days, each multiplied by its own factor."""
    bars = tape.bars.copy()
    bars[:, :4] *= np.array(factors)[np.cumsum(tape.opens) - 1, None]
    return tape.with_bars(bars)


@pytest.mark.parametrize("factors", [(1.0, 1.25, 0.5), (1.0, 0.01, 5.0), (7.0, 7.7, 7.1)])
def test_an_overnight_gap_of_any_size_changes_the_gap_feature_and_no_other(factors: tuple[float, ...]) -> None:
    tape = made(20)
    plain, moved = run(tape), run(gapped(tape, factors))
    others = np.arange(len(REGISTRY)) != GAP
    assert apart(moved, plain)[others].max() < 1e-7
    assert apart(moved, plain)[GAP] > 0.1


def test_the_gap_is_the_open_against_the_last_close_and_stays_all_session() -> None:
    tape = made(21)
    gap = run(tape)[:, GAP]
    assert not gap[:390].any()
    for start in (390, 780):
        expected = tape.bars[start, 0] / tape.bars[start - 1, 3] - 1.0
        np.testing.assert_allclose(gap[start : start + 390], expected, rtol=1e-12)


def test_session_features_do_not_know_yesterday() -> None:
    tape = made(22)
    strange = tape.bars.copy()
    strange[:780] = made(23).bars[:780] * [3.0, 3.0, 3.0, 3.0, 17.0]
    a, b = run(tape)[780:], run(tape.with_bars(strange))[780:]
    assert same_bits(a[:, SESSION], b[:, SESSION])


def test_carried_features_do_know_yesterday() -> None:
    changed = np.zeros(len(REGISTRY), dtype=bool)
    for seed in range(40, 60):
        tape, other = made(seed, sessions=2, minutes=60), made(seed + 100, sessions=2, minutes=60)
        bars = tape.bars.copy()
        bars[:60] = other.bars[:60]
        changed |= (run(tape) != run(tape.with_bars(bars)))[60:].any(axis=0)
    long_ones = {spec.name for spec in REGISTRY if spec.warmup_bars > 120}
    assert [REGISTRY[j].name for j in CARRIED if not changed[j] and REGISTRY[j].name not in long_ones] == []
    tape, other = made(60), made(61)
    bars = tape.bars.copy()
    bars[:780] = other.bars[:780]
    changed = (run(tape) != run(tape.with_bars(bars)))[780:].any(axis=0)
    assert [name for name in long_ones if not changed[NAMES.index(name)]] == []


def test_a_window_holds_no_more_than_it_says() -> None:
    tape, other = made(24), made(25)
    table = run(tape)
    late = 900
    for window in sorted({spec.window_bars for spec in REGISTRY}):
        columns = [
            j
            for j, spec in enumerate(REGISTRY)
            if spec.window_bars == window and spec.memory == "carried" and not spec.name.startswith(RECURSIVE)
        ]
        bars = tape.bars.copy()
        bars[: late - window] = other.bars[: late - window]  # rows late−window … late are shared
        assert_same_row(run(tape.with_bars(bars))[late], table[late], columns)


def assert_same_row(a: Array, b: Array, columns: list[int]) -> None:
    for j in columns:
        assert a[j] == pytest.approx(b[j], rel=1e-9, abs=1e-12), REGISTRY[j].name


def test_recursive_averages_forget_exponentially() -> None:
    tape, other = made(26, sessions=14), made(27, sessions=14)
    bars = tape.bars.copy()
    bars[:780] = other.bars[:780]
    a, b = run(tape)[-390:], run(tape.with_bars(bars))[-390:]
    assert apart(a, b).max() < 1e-7


@pytest.mark.parametrize("factor", [2e3, 1e-4])
def test_a_jump_too_large_for_a_gap_starts_the_stream_anew(factor: float) -> None:
    tape = made(28)
    bars = tape.bars.copy()
    bars[390:, :4] *= factor
    assert same_bits(run(tape.with_bars(bars))[390:], run(tape[390:].with_bars(bars[390:])))
