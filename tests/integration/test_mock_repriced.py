"""Every fill, fee, profit and the equity of a run on real days, recomputed from the bars by independent code."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from tests.integration.mock_runs import OLD_SIX, PROJECT, SIX, mock
from tests.integration.reprice import Terms, read_costs, read_lines, read_tape, recount, reprice

CAPITAL = Decimal(100_000)
MAX_POSITIONS = 3
MINIMUM_HOLD_MS = 5 * 60_000
PERIODS = {
    "ordinary days, all six": ("2025-09-22", "2025-09-24", SIX),
    "false prints": ("2025-04-22", "2025-04-24", OLD_SIX),
    "halts and gaps": ("2025-04-07", "2025-04-09", OLD_SIX),
    "early close": ("2025-07-02", "2025-07-07", OLD_SIX),
}


def flagged(data: Path, symbols: str) -> dict[str, frozenset[int]]:
    """The bars with false prints, as `rung data verify` would mark them: an input of the simulator, not its output."""
    from rung.market.calendar import xnys
    from rung.market.catalogue import Catalogue
    from rung.market.checks import check_tape

    tapes = Catalogue(data, None).tapes(symbols.split(","))
    reports = [check_tape(tape, xnys(None)) for tape in tapes]
    return {r.symbol: frozenset(ns // 1_000_000 for ns in r.flagged_minutes) for r in reports}


@pytest.mark.data
@pytest.mark.parametrize("period", PERIODS, ids=lambda name: name.replace(" ", "_"))
def test_an_independent_repricing_reproduces_the_run_to_the_cent(real_data: Path, tmp_path: Path, period: str) -> None:
    start, end, symbols = PERIODS[period]
    data = real_data / "equities"
    mock(data, tmp_path, start, end, "--symbols", symbols, "--shuffles", "0")
    trades, decisions, snapshots = (
        read_lines(sorted(tmp_path.glob(f"{kind}_*.jsonl"))) for kind in ("trades", "decisions", "positions")
    )
    first = int(datetime.fromisoformat(start).replace(tzinfo=UTC).timestamp() * 1000)
    last = int(datetime.fromisoformat(end).replace(tzinfo=UTC).timestamp() * 1000) + 86_400_000
    tapes = {s: read_tape(data / f"{s}_1m.parquet", first, last) for s in symbols.split(",")}
    terms = Terms(
        capital=CAPITAL,
        stop_frac=Decimal("0.015"),
        take_profit_frac=Decimal("0.03"),
        flagged=flagged(data, symbols),
        target_after_ms=MINIMUM_HOLD_MS,
    )
    costs = read_costs(PROJECT / "config" / "costs.toml")
    result = reprice(trades, tapes, costs, terms, decisions)
    assert result.mismatches == []
    assert recount(trades, result.known_ms, snapshots, tapes, CAPITAL) == []
    assert len(trades) > 50
    assert min(line["cash"] for line in snapshots) >= 0, "the desk borrowed money"
    assert max(len(line["positions"]) for line in snapshots) <= MAX_POSITIONS
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["synthetic"] is False
