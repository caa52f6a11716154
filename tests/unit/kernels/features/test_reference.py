"""The step against its plain twin, and every column alive on real tapes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.unit.kernels.features.tapes import apart, made, real, run

from rung.kernels.features.reference import reference_features
from rung.kernels.features.registry import REGISTRY, WARMUP_BARS

SYMBOLS = ("TQQQ", "SQQQ", "SDS", "UVXY", "SSO", "SVIX", "SPXL", "SVXY")


@pytest.mark.data
@pytest.mark.parametrize("symbol", SYMBOLS)
def test_every_feature_equals_its_plain_twin_on_real_bars(symbol: str, real_data: Path) -> None:
    tape = real(real_data, symbol)[:12_000]  # April 2025: halts, false prints, gap days
    plain = reference_features(tape.bars, tape.clocks, tape.opens)
    gaps = apart(run(tape), plain)
    assert {spec.name: gap for spec, gap in zip(REGISTRY, gaps, strict=True) if gap > 1e-7} == {}


def test_every_feature_equals_its_plain_twin_when_minutes_are_missing() -> None:
    tape = made(30, sessions=6, tick=0.01, missing=0.15)
    gaps = apart(run(tape), reference_features(tape.bars, tape.clocks, tape.opens))
    assert {spec.name: gap for spec, gap in zip(REGISTRY, gaps, strict=True) if gap > 1e-7} == {}


@pytest.mark.data
@pytest.mark.parametrize("symbol", SYMBOLS)
def test_every_column_varies_on_real_bars(symbol: str, real_data: Path) -> None:
    table = run(real(real_data, symbol))
    assert np.isfinite(table).all()
    deviations = table[WARMUP_BARS:].std(axis=0)
    assert [spec.name for spec, d in zip(REGISTRY, deviations, strict=True) if d < 1e-6] == []


@pytest.mark.data
@pytest.mark.parametrize("symbol", SYMBOLS)
def test_no_column_is_another_one_or_a_sum_of_others(symbol: str, real_data: Path) -> None:
    table = run(real(real_data, symbol))[WARMUP_BARS:]
    correlations = np.corrcoef(table.T)
    pairs = np.argwhere(np.triu(np.abs(correlations) > 0.9999, 1))
    assert [(REGISTRY[i].name, REGISTRY[j].name) for i, j in pairs] == []
    assert np.linalg.cond(correlations) < 1e9
