"""`rung backtest` on an invented tape, as people and programs read it, to the letter."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from rung.apps.backtest_words import print_result, summary
from rung.lab import invented_tapes
from rung.lab.backtesting import BacktestRequest, run_backtest

Golden = Callable[[str, str], None]
REQUEST = BacktestRequest(strategy="crossover", data=invented_tapes("COINUSDT", days=7), settings={"every": 15})
SOURCE_ID = "strategy_id"
"""Changes with every edit of the strategy's file; the rules it states are pinned by the figures."""


@pytest.fixture(autouse=True)
def _anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_table(golden: Golden, capsys: pytest.CaptureFixture[str]) -> None:
    print_result(run_backtest(REQUEST))
    golden("backtest_small.txt", capsys.readouterr().out)


def test_the_summary_and_the_trades(golden: Golden) -> None:
    result = run_backtest(REQUEST)
    said = summary(result)
    assert isinstance(said, dict)
    del said["identity"][SOURCE_ID]
    trades = result.trades.head(20).write_csv()
    golden("backtest_small.json", json.dumps(said, indent=2, ensure_ascii=False) + "\n")
    golden("backtest_small_trades.csv", trades)
