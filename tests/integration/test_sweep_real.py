"""The source's optimiser on real bars: the twin is the desk; a cluster and processes give what one process gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.integration.clusters import Cluster

from rung.lab import sweep
from rung.lab.backtesting import backtest
from rung.lab.bench import BacktestRequest, prepare
from rung.lab.sweep_rows import desk_row
from rung.lab.sweep_twin import twin_rows

SYMBOLS = ("XRPUSDT", "BTCUSDT", "ETHUSDT")
FOLDER = "crypto/binance_perp_1m_2025"
GRID = {"ma": "20:80:20", "threshold_pct": "0.05,0.1,0.2,0.5"}
pytestmark = pytest.mark.data


def test_sampled_combinations_of_a_real_sweep_are_the_desks(real_data: Path, tmp_path: Path) -> None:
    """Trades, fees and final equity within 1e-6; with the shipped costs, funding, and the gates on the desk."""
    period = {"start": "2025-05-06", "end": "2025-05-08"}
    result = sweep(
        "crossover", GRID, symbols=SYMBOLS, data=real_data / FOLDER, book=tmp_path / "t.sqlite",
        start=period["start"], end=period["end"],
    )  # fmt: skip
    assert len(result.rows) == 48
    assert result.plan.engines == ("twin", "twin", "twin")
    assert result.rows["engine"].to_list().count("twin") == 47  # of one an order still works at the next decision
    assert all(check.same for check in result.checks)
    rows = result.rows.to_dicts()
    for row in [rows[i] for i in np.random.default_rng(5).choice(48, 9, replace=False)]:
        settings = {"period": row["period"], "band": row["band"]}
        alone = backtest(
            "crossover", symbols=row["symbol"], data=real_data / FOLDER, settings=settings,
            start=period["start"], end=period["end"], book=None,
        ).figures  # fmt: skip
        assert row["trades"] == alone.trades > 0
        assert row["fees_quote"] == pytest.approx(float(alone.fees_quote), abs=1e-6)
        assert row["end_equity_quote"] == pytest.approx(float(alone.end_equity_quote), abs=1e-6)
        assert row["max_drawdown_frac"] == pytest.approx(alone.max_drawdown_frac, abs=1e-9)
        if alone.sharpe is not None:
            assert row["sharpe"] == pytest.approx(alone.sharpe, abs=1e-6)


def test_trailing_stops_swept_on_real_minutes_are_the_desks(real_data: Path, tmp_path: Path) -> None:
    period = {"start": "2025-05-06", "end": "2025-05-07"}
    result = sweep(
        "crossover", {"trail": "0,0.005,0.01"}, symbols="ETHUSDT", data=real_data / FOLDER,
        book=tmp_path / "t.sqlite", **period,
    )  # fmt: skip
    assert set(result.rows["engine"]) == {"twin"}
    assert result.rows["end_equity_quote"].n_unique() == 3
    for row in result.rows.to_dicts():
        alone = backtest(
            "crossover", symbols="ETHUSDT", data=real_data / FOLDER, settings={"trail": row["trail"]}, book=None,
            **period,
        ).figures  # fmt: skip
        assert row["trades"] == alone.trades > 0
        assert row["end_equity_quote"] == pytest.approx(float(alone.end_equity_quote), abs=1e-6)


@pytest.mark.parametrize("every", [1, 5])
@pytest.mark.parametrize("extra", [{}, {"include_current": True}, {"target": 0.0, "stop": 0.005}, {"trail": 0.003}])
def test_what_the_twin_cannot_vouch_for_it_hands_to_the_desk(
    real_data: Path, every: int, extra: dict[str, object]
) -> None:
    """Deciding each minute, an order often still works when the next decision comes."""
    request = BacktestRequest(
        strategy="crossover", symbols=("XRPUSDT",), start="2025-05-06", end="2025-05-06", data=real_data / FOLDER,
        settings={"every": every, "period": 20, **extra},
    )  # fmt: skip
    bench = prepare(request)
    (fast,) = twin_rows(bench, [bench.values], with_days=True)
    slow = desk_row(bench)
    assert fast.figures[1] == slow.figures[1]
    assert fast.figures[7] == pytest.approx(slow.figures[7], abs=1e-6)


def tiny(real_data: Path, out: Path, **more: Any) -> pl.DataFrame:
    return sweep(
        "crossover", {"period": [20, 60], "band": [0.001, 0.002]}, symbols=("BTCUSDT", "XRPUSDT"),
        start="2025-05-06", end="2025-05-07", data=real_data / FOLDER, book=out / "trials.sqlite", **more,
    ).rows  # fmt: skip


def test_two_processes_give_what_one_gives(real_data: Path, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    assert tiny(real_data, tmp_path, workers=2).equals(tiny(real_data, tmp_path / "a"))


def test_a_cluster_of_two_gives_what_one_process_gives(real_data: Path, tmp_path: Path, cluster: Cluster) -> None:
    (tmp_path / "a").mkdir()
    far = tiny(real_data, tmp_path, cluster=cluster.address)
    assert far.equals(tiny(real_data, tmp_path / "a"))
