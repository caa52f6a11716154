"""P12 on real tapes: whatever comes after a bar, every feature of that bar keeps every bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.unit.kernels.features.tapes import Tape, real, run, same_bits

from rung.kernels.features.registry import REGISTRY

WARM, SESSIONS = 2, 2


def days(real_data: Path, symbol: str, first: int) -> tuple[Tape, int]:
    """Two sessions to warm up, then two to cut at every bar; and where those two begin."""
    tape = real(real_data, symbol)
    starts = tape.starts
    begin, end = starts[first], starts[first + WARM + SESSIONS]
    return tape[begin:end], int(starts[first + WARM] - begin)


@pytest.mark.data
@pytest.mark.parametrize(("symbol", "first"), [("TQQQ", 2), ("UVXY", 4), ("SDS", 12)])
def test_truncating_the_tape_at_any_bar_leaves_every_feature_as_it_was(
    symbol: str, first: int, real_data: Path
) -> None:
    tape, begin = days(real_data, symbol, first)
    whole = run(tape)
    assert (whole[begin:].std(axis=0) > 0).sum() > 115  # the columns compared are alive
    for cut in range(begin + 1, len(tape.bars) + 1):
        assert same_bits(run(tape[:cut])[-1], whole[cut - 1]), f"bar {cut - 1}"


@pytest.mark.data
@pytest.mark.parametrize(("symbol", "first"), [("TQQQ", 2), ("UVXY", 4), ("SDS", 12)])
def test_scrambling_everything_after_any_bar_leaves_every_feature_as_it_was(
    symbol: str, first: int, real_data: Path
) -> None:
    tape, begin = days(real_data, symbol, first)
    whole = run(tape)
    rng = np.random.default_rng(12)
    for cut in range(begin + 1, len(tape.bars)):
        bars, clocks, opens = tape.bars.copy(), tape.clocks.copy(), tape.opens.copy()
        later = len(bars) - cut
        bars[cut:] = rng.permutation(bars[cut:]) * np.exp(rng.normal(0.0, 0.5, (later, 5)))
        clocks[cut:, :2] = rng.integers(0, 390, (later, 2)) + 1.0
        opens[cut:] = rng.random(later) < 0.01
        scrambled = run(Tape(bars[: cut + 40], clocks[: cut + 40], opens[: cut + 40]))
        assert same_bits(scrambled[:cut], whole[:cut]), f"bar {cut - 1}"


@pytest.mark.data
def test_every_feature_does_react_to_its_own_past(real_data: Path) -> None:
    """The two tests above would also pass on constants."""
    tape, begin = days(real_data, "TQQQ", 2)
    rng = np.random.default_rng(13)
    bars = tape.bars * np.exp(rng.normal(0.0, 1e-3, tape.bars.shape))
    clocks = tape.clocks + np.array([1.0, 0.0, 1.0, 1.0])
    changed = (run(Tape(bars, clocks, tape.opens)) != run(tape))[begin:].any(axis=0)
    assert [spec.name for spec, moved in zip(REGISTRY, changed, strict=True) if not moved] == []
