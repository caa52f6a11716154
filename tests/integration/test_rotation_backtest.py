"""`rung backtest rotation` on real minutes: the desk of `rung mock`, counted and shown as any backtest."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from rung.apps.cli.main import main
from rung.apps.mock import run_mock
from rung.apps.mock_request import MockRequest
from rung.apps.places import COSTS_FILE, LIMITS_FILE, ROTATION_FILE, config_file
from rung.config.document import parse_text
from rung.lab.trial_count import DEFAULT_BOOK, book_at

pytestmark = pytest.mark.data
FOUR = ("TQQQ", "SQQQ", "SDS", "UVXY")
TWO_DAYS = ("2025-09-02", "2025-09-03")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def words(real_data: Path, *more: str) -> tuple[str, ...]:
    period = ("--from", TWO_DAYS[0], "--to", TWO_DAYS[1])
    return ("backtest", "rotation", "--symbol", ",".join(FOUR), *period, "--data", str(real_data / "equities"), *more)


def test_a_backtest_of_the_rotation_is_the_run_of_rung_mock(real_data: Path, tmp_path: Path) -> None:
    assert main(words(real_data, "--out", "tested")) == 0
    report = json.loads((tmp_path / "tested" / "report.json").read_text("utf-8"))
    request = MockRequest(
        start=TWO_DAYS[0], end=TWO_DAYS[1], data_dir=real_data / "equities", out_dir=tmp_path / "mock", symbols=FOUR,
        config_path=config_file(ROTATION_FILE), costs_path=config_file(COSTS_FILE),
        limits_paths=(config_file(LIMITS_FILE),), shuffles=0,
    )  # fmt: skip
    days = run_mock(request, lambda what, done, total: None).record.days
    daily = pl.read_parquet(tmp_path / "tested" / "daily.parquet")["return_frac"].to_list()
    assert daily == [float(day.end_equity_quote / day.start_equity_quote - 1) for day in days]
    assert Decimal(str(report["figures"]["end_equity_quote"])) == days[-1].end_equity_quote
    assert report["figures"]["trades"] > 10
    assert report["identity"]["parameters"]["buy_threshold"] == 0.53


def test_other_values_are_another_try_and_the_same_ones_are_not(
    real_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words(real_data)) == 0
    assert "the only try" in capsys.readouterr().out
    assert main(words(real_data, "--set", "buy_threshold=0.53")) == 0
    assert "the only try" in capsys.readouterr().out
    assert main(words(real_data, "--set", "buy_threshold=0.57")) == 0
    assert "the 2nd try" in capsys.readouterr().out
    assert book_at(DEFAULT_BOOK).tally("rotation").count == 2


def test_another_learner_in_the_file_is_another_try(real_data: Path, tmp_path: Path) -> None:
    document: Any = parse_text(config_file(ROTATION_FILE).read_text("utf-8"), ROTATION_FILE).value
    document["oes_config"]["ewrls_lambda"] = 0.99
    other = tmp_path / "other.json"
    other.write_text(json.dumps(document, default=float), "utf-8")
    assert main(words(real_data)) == 0
    assert main(words(real_data, "--config", str(other))) == 0
    assert book_at(DEFAULT_BOOK).tally("rotation").count == 2
