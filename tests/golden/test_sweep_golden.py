"""`rung sweep` on an invented tape, as people read it, to the letter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rung.apps.sweep_words import print_sweep
from rung.lab import invented_tapes, sweep


def test_the_tables_and_the_honest_lines(
    golden: Callable[[str, str], None], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    tapes = invented_tapes("COINUSDT", days=10)
    grid = {"ma": "20:80:20", "threshold_pct": "0.05,0.1,0.2"}
    print_sweep(sweep("crossover", grid, data=tapes, trials=tmp_path / "trials.sqlite"))
    golden("sweep_small.txt", capsys.readouterr().out)
