"""`rung check` as people read it, to the letter: a planted leak, and a strategy without one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from rung.apps.check_words import print_report
from rung.lab import invented_tapes
from rung.lab.lookahead import CheckRequest, run_check
from rung.market.tape_file import write_tape

Golden = Callable[[str, str], None]
LEAK = Path(__file__).resolve().parents[1] / "integration" / "leaks" / "full_sample_zscore.py"


@pytest.fixture(autouse=True)
def _tapes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tapes").mkdir()
    (tape,) = invented_tapes("COINUSDT", days=1)
    write_tape(tape, tmp_path / "tapes" / "COINUSDT_1m.parquet")
    shutil.copy(LEAK, tmp_path / LEAK.name)


@pytest.mark.parametrize(
    ("strategy", "name"), [(LEAK.name, "check_leak.txt"), ("crossover", "check_clean.txt")], ids=["leak", "clean"]
)
def test_the_page(strategy: str, name: str, golden: Golden, capsys: pytest.CaptureFixture[str]) -> None:
    request = CheckRequest(strategy=strategy, symbols=("COINUSDT",), data="tapes", every=240, cache=None)
    print_report(run_check(request))
    golden(name, capsys.readouterr().out)
