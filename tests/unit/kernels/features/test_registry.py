"""The registry: 126 names in the families of the source, honest about window, memory and warm-up."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from rung.kernels.features.registry import N_FEATURES, REGISTRY, WARMUP_BARS, registry_table, slots

ROOT = Path(__file__).parents[4]
FAMILIES = {
    "time": 8,
    "price": 12,
    "averages": 16,
    "momentum": 20,
    "volatility": 15,
    "volume": 12,
    "statistics": 10,
    "patterns": 8,
    "price lags": 10,
    "return lags": 15,
}
MODULES = {"time": "clock"} | {
    family: family for family in FAMILIES if family not in ("time", "price lags", "return lags")
}


def test_there_are_126_features_in_the_families_of_the_source() -> None:
    assert N_FEATURES == len(REGISTRY) == 126
    assert Counter(spec.family for spec in REGISTRY) == FAMILIES


def test_every_name_is_its_own_and_every_formula_is_given() -> None:
    assert len({spec.name for spec in REGISTRY}) == 126
    assert all(spec.formula and spec.source for spec in REGISTRY)


def test_only_the_gap_remembers_the_night() -> None:
    assert [spec.name for spec in REGISTRY if spec.memory == "overnight"] == ["overnight_gap"]


def test_the_longest_warm_up_is_the_longest_return_lag() -> None:
    assert WARMUP_BARS == 520
    assert max(REGISTRY, key=lambda spec: spec.warmup_bars).name == "return_lag_500"


@pytest.mark.parametrize(("family", "module"), MODULES.items())
def test_the_kernels_write_each_feature_into_its_own_column(family: str, module: str) -> None:
    kernels = importlib.import_module(f"rung.kernels.features.{module}")
    for slot in slots(family):
        assert getattr(kernels, REGISTRY[slot].name.upper()) == slot


def test_the_registry_needs_no_compiler() -> None:
    code = "import sys, rung.kernels.features.registry; sys.exit('numba' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_documentation_shows_the_registry_as_it_is() -> None:
    assert registry_table() in (ROOT / "docs" / "concepts" / "features.md").read_text("utf-8")
