"""Walking and tuning on real minutes: the rotation's runs are those of `rung mock`, tuned files load, pools agree."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from rung.adapters.pools.processes import ProcessPool
from rung.apps.cli.main import main
from rung.apps.compose import load_rotation_files
from rung.apps.limit_files import load_limits
from rung.apps.mock import run_mock
from rung.apps.mock_request import MockRequest
from rung.apps.places import COSTS_FILE, LIMITS_FILE, ROTATION_FILE, config_file
from rung.apps.rotation_subject import RotationRun, subject_of, tuned_document, with_values
from rung.lab import backtest, walk_forward
from rung.lab.cross_validating import CrossPlan
from rung.lab.walking import Plan

pytestmark = pytest.mark.data
SIX = ("TQQQ", "SQQQ", "SDS", "UVXY", "SSO", "SVIX")
TWO_DAYS = ("2025-09-02", "2025-09-03")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def rotation(real_data: Path) -> RotationRun:
    return RotationRun(
        data_dir=real_data / "equities", config_path=config_file(ROTATION_FILE), costs_path=config_file(COSTS_FILE),
        limits_paths=(config_file(LIMITS_FILE),), symbols=SIX, capital_quote=Decimal(100_000),
    )  # fmt: skip


def test_a_tuned_run_of_the_rotation_is_what_rung_mock_does_with_the_tuned_file(
    real_data: Path, tmp_path: Path
) -> None:
    """Predictions are repeated, not made again: not a cent may differ."""
    run = rotation(real_data)
    values = {"buy_threshold": 0.56, "minimum_hold_bars": 40, "stop_loss_pct": 0.01, "min_strength_to_enter": 0.016}
    subject = subject_of(run, TWO_DAYS)
    outcome = subject.work(subject.task(values, TWO_DAYS).payload)
    tuned = tmp_path / "optimized_params.json"
    tuned.write_text(json.dumps(tuned_document(run, values, {"trials": 1})), "utf-8")
    loaded = load_rotation_files(tuned, run.costs_path, load_limits(run.limits_paths, None), ()).rotation
    assert loaded.notes["_notes"]["config_id"] == loaded.id  # type: ignore[index]
    assert loaded.value == with_values(run.files().rotation.value, values)
    request = MockRequest(
        start=TWO_DAYS[0], end=TWO_DAYS[1], data_dir=run.data_dir, out_dir=tmp_path / "mock", config_path=tuned,
        costs_path=run.costs_path, limits_paths=run.limits_paths, shuffles=0,
    )  # fmt: skip
    days = run_mock(request, lambda what, done, total: None).record.days
    expected = [float(day.end_equity_quote / day.start_equity_quote - 1) for day in days]
    assert outcome["returns"] == expected
    assert len(outcome["trades"]) > 0


def test_tuning_the_rotation_leaves_the_live_file_alone(real_data: Path, tmp_path: Path) -> None:
    live = tmp_path / "config" / ROTATION_FILE
    live.parent.mkdir()
    live.write_bytes(config_file(ROTATION_FILE).read_bytes())
    before = live.read_bytes()
    words = ("tune", "rotation", "--symbol", ",".join(SIX), "--start-date", "2025-08-25", "--end-date", "2025-08-29",
             "--data", str(real_data / "equities"), "--trials", "2", "--train-days", "1", "--test-days", "3",
             "--holdout-days", "1", "--workers", "1")  # fmt: skip
    assert main(words) == 0
    assert live.read_bytes() == before
    notes = json.loads((tmp_path / "config" / "optimized_params.json").read_text("utf-8"))["_notes"]
    assert notes["trials"] == notes["trials_counted"] == 2
    assert (notes["tuned_on"], notes["held_out"]) == (["2025-08-26", "2025-08-28"], ["2025-08-29", "2025-08-29"])
    (tmp_path / "config" / "linked.json").symlink_to(live)
    assert main((*words, "--write", "config/linked.json")) == 2
    assert live.read_bytes() == before


def test_processes_walk_as_one_process_does(real_data: Path) -> None:
    options = {
        "symbols": "BTCUSDT", "start": "2025-05-10", "end": "2025-05-13",
        "data": real_data / "crypto" / "binance_perp_1m_2025",
    }  # fmt: skip
    plan = Plan(train_days=3, test_days=1)
    alone = walk_forward("crossover", ["period=60,720"], plan, **options)  # type: ignore[arg-type]
    many = walk_forward("crossover", ["period=60,720"], plan, pool=ProcessPool(2), **options)  # type: ignore[arg-type]
    assert alone.chosen == many.chosen
    np.testing.assert_array_equal(alone.out_of_sample, many.out_of_sample)
    assert alone.monte_carlo == many.monte_carlo


def test_a_cross_validation_of_real_minutes_is_stitched_from_backtests_of_its_groups(real_data: Path) -> None:
    options = {"symbols": "BTCUSDT", "data": real_data / "crypto" / "binance_perp_1m_2025"}
    plan = CrossPlan(groups=3, test_groups=1, select="return")
    days = {"start": "2025-05-10", "end": "2025-05-15"}
    result = walk_forward("crossover", ["period=240,720"], plan, **options, **days)  # type: ignore[call-overload]
    assert result.groups == (("2025-05-10", "2025-05-11"), ("2025-05-12", "2025-05-13"), ("2025-05-14", "2025-05-15"))
    (path,) = result.histories
    for number, (first, last) in enumerate(result.groups):
        values = result.judged[number].values
        same = backtest("crossover", **options, start=first, end=last, settings=values)  # type: ignore[arg-type]
        stitched = float(np.prod(1.0 + path[2 * number : 2 * number + 2]) - 1.0)
        open_frac = same.equity["gross"][-1] / 100_000
        assert stitched == pytest.approx(same.figures.total_return_frac - open_frac * 0.0008, abs=1e-5)
        assert same.figures.trades > 0
