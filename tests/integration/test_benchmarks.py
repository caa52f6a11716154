"""The peers' benchmark programs of Rung itself still run, and still do the same work."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

PEERS = Path(__file__).parents[2] / "benchmarks" / "peers"
BARS = 2_000


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bars") / "bars.npy"
    subprocess.run([sys.executable, str(PEERS / "path.py"), str(path), "--bars", str(BARS)], check=True)
    return path


def told(script: str, *words: str) -> dict[str, Any]:
    run = subprocess.run(
        [sys.executable, str(PEERS / script), *words], check=True, capture_output=True, text=True, timeout=300
    )
    line: dict[str, Any] = json.loads(run.stdout)
    return line


@pytest.mark.parametrize("stops", [(), ("--stops",)], ids=["no stops", "stops"])
def test_the_truth_engine_and_the_twin_of_work_1_make_the_same_round_trips(
    bars: Path, tmp_path: Path, stops: tuple[str, ...]
) -> None:
    truth = told("rung_truth.py", str(bars), *stops, "--out", str(tmp_path / "truth.npy"))
    twin = told("rung_kernel.py", str(bars), *stops, "--once", "--out", str(tmp_path / "twin.npy"))
    assert truth["bars"] == twin["bars"] == BARS
    assert truth["trades"] > 50
    assert truth["equity"] == pytest.approx(twin["equity"], abs=1e-4)
    np.testing.assert_array_equal(np.load(tmp_path / "truth.npy"), np.load(tmp_path / "twin.npy"))
