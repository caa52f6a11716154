"""`rung sweep` on an invented tape, as people read it, to the letter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from rung.apps.sweep_words import print_sweep
from rung.lab import invented_tapes, sweep
from rung.lab.costs import load_costs
from rung.simulation.params import BorrowParams, CryptoCostParams

SHIPPED = load_costs(Path(__file__).resolve().parents[2] / "config" / "costs_crypto.toml").value


def test_the_tables_and_the_honest_lines(
    golden: Callable[[str, str], None], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    tapes = invented_tapes("COINUSDT", days=10)
    grid = {"ma": "20:80:20", "threshold_pct": "0.05,0.1,0.2"}
    assert isinstance(SHIPPED, CryptoCostParams)
    no_loans = replace(SHIPPED, borrow=BorrowParams(annual_bps=Decimal(0)))  # loans would send it to the desk
    print_sweep(sweep("crossover", grid, data=tapes, costs=no_loans, book=tmp_path / "trials.sqlite"))
    golden("sweep_small.txt", capsys.readouterr().out)
