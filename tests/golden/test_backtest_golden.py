"""`rung backtest` on an invented tape, as people and programs read it, to the letter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import rung
from rung.apps.backtest_words import print_result
from rung.apps.tearsheet import tearsheet
from rung.domain.clock import ManualClock
from rung.lab import invented_tapes
from rung.lab.backtesting import run_backtest
from rung.lab.bench import BacktestRequest
from rung.lab.result import BacktestResult
from rung.lab.trial_count import Counting, book_at
from rung.reports.sheet.plain import sheet_json
from rung.reports.sheet.text import sheet_text

Golden = Callable[[str, str], None]
REQUEST = BacktestRequest(strategy="crossover", data=invented_tapes("COINUSDT", days=7), settings={"every": 15})


def run() -> BacktestResult:
    """With the hash of the strategy's file, which changes with every edit of it, made up: figures pin the rules."""
    result = run_backtest(REQUEST, counting=Counting(book_at(Path("trials.sqlite")), ManualClock()))
    return replace(result, identity=replace(result.identity, strategy_id="hash-of-file"))


@pytest.fixture(autouse=True)
def _anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_table(golden: Golden, capsys: pytest.CaptureFixture[str]) -> None:
    print_result(run())
    golden("backtest_small.txt", capsys.readouterr().out)


def test_the_sheet_as_text_and_as_json_and_the_trades(golden: Golden) -> None:
    result = run()
    sheet = tearsheet(result)
    golden("backtest_small_report.txt", sheet_text(sheet).replace(rung.__version__, "VERSION"))
    golden("backtest_small.json", sheet_json(sheet).decode())
    golden("backtest_small_trades.csv", result.trades.head(20).write_csv())
