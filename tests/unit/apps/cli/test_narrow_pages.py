"""Pages of walks, searches, sweeps and backtests on narrow terminals: no line too long, no number torn apart."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rung.apps.cli.main import main
from rung.lab import invented_tapes
from rung.market.tape_file import write_tape

COIN = ("crossover", "--symbol", "COINUSDT", "--data", "tapes")
GRID = ("--grid", "period=30,60", "--grid", "band=0.001,0.004", "--workers", "1")
PAGES = {
    "walk": ("walk-forward", *COIN, *GRID, "--train-days", "3", "--test-days", "1"),
    "cpcv": ("walk-forward", *COIN, *GRID, "--scheme", "cpcv", "--groups", "5"),
    "tune": ("tune", *COIN, *GRID, "--trials", "2", "--train-days", "1", "--test-days", "1", "--holdout-days", "1"),
    "sweep": ("sweep", *COIN, *GRID),
    "backtest": ("backtest", *COIN),
}
WHOLE = re.compile(r"-?\d[\d,]*\.\d+%|\d{4}-\d\d-\d\d|period=\d+|[+-]\d+\.\d+")
"""Percentages, dates, parameters and signed figures: what a reader must find in one piece."""


@pytest.mark.parametrize("page_of", PAGES)
@pytest.mark.parametrize("width", [80, 60])
def test_a_page_fits_and_tears_nothing(
    page_of: str, width: int, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tape,) = invented_tapes("COINUSDT", days=5)
    (tmp_path / "tapes").mkdir()
    write_tape(tape, tmp_path / "tapes" / "COINUSDT_1m.parquet")
    pages = []
    for columns in (300, width):
        monkeypatch.setenv("COLUMNS", str(columns))
        assert main(PAGES[page_of]) == 0
        page = capsys.readouterr().out
        pages.append(page[: page.index("Honestly:")].replace("+/-", ""))
        if columns == width:
            body = [line for line in page.splitlines() if not line.startswith("written")]
            assert max(len(line.rstrip()) for line in body) <= width
        (tmp_path / ".rung" / "trials.sqlite").unlink()
    wide, narrow = (set(WHOLE.findall(page)) for page in pages)
    assert len(wide) > 5
    assert wide <= narrow
