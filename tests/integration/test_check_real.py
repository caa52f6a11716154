"""Every built-in strategy and the example, checked on real minutes. The rotation: test_mock_causality.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rung.lab.checking.report import Verdict
from rung.lab.lookahead import CheckRequest, run_check
from rung.lab.strategy_files import BUILT_IN

ROOT = Path(__file__).resolve().parents[2]
DAY = "2025-05-12"
ASKED: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "crossover": (("XRPUSDT",), {"every": 5}),
    "momentum": (("BTCUSDT",), {"lookback": 120, "volatility_period": 120, "every": 10}),
    "mean_reversion": (("ETHUSDT",), {"entry": 2.0}),
    "stat_arb": (
        ("SOLUSDT", "ETHUSDT"),
        {"period": 120, "warm_up": 240, "memory_bars": 2000, "entry": 1.5, "max_half_life": 100_000},
    ),
    str(ROOT / "examples" / "my_first_strategy.py"): (("BTCUSDT",), {}),
}

pytestmark = pytest.mark.data


def test_every_built_in_strategy_is_asked() -> None:
    assert set(BUILT_IN) <= set(ASKED)


@pytest.mark.parametrize("name", ASKED, ids=lambda name: Path(name).stem)
def test_nothing_that_comes_with_rung_knows_the_future(
    real_data: Path, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    symbols, settings = ASKED[name]
    report = run_check(
        CheckRequest(
            strategy=name, symbols=symbols, start=DAY, end=DAY, settings=settings, in_fresh_process=False, every=480,
            data=real_data / "crypto" / "binance_perp_1m_2025",
        )
    )  # fmt: skip
    said = {answer.name: answer for answer in report.answers}
    assert report.clean, said
    assert said["look-ahead"].verdict is Verdict.PASSED
    assert report.bars == 1440
    fills = int(said["same-bar fill"].what.split()[1].replace(",", ""))
    assert fills > 4, "a strategy that does not trade shows little"
