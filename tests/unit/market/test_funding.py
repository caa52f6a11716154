"""Reading funding histories: rates as written, mark prices where they are known, holes where there are holes."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from rung.domain.errors import UserError
from rung.domain.funding import FundingHistory, FundingInstant
from rung.market.funding import find_funding, read_funding

D = Decimal
HOUR_NS = 3_600_000_000_000
EIGHT = 8 * HOUR_NS
START = datetime(2025, 9, 16, tzinfo=UTC)
START_NS = int(START.timestamp()) * 1_000_000_000


def written(
    folder: Path, hours: list[int], rates: list[float | None], name: str = "bybit_perp_BTCUSDT_funding.parquet"
) -> Path:
    stamps = [datetime.fromtimestamp(START.timestamp() + h * 3600, tz=UTC) for h in hours]
    path = folder / name
    frame = pl.DataFrame({"timestamp": stamps, "funding_rate": rates}, schema_overrides={"funding_rate": pl.Float64})
    frame.write_parquet(path)
    return path


def test_rates_come_as_the_decimals_a_person_reads(tmp_path: Path) -> None:
    history = read_funding(written(tmp_path, [0, 8, 16], [0.0001, -1.412e-05, 0.0]), "BTCUSDT", EIGHT)
    assert [i.rate for i in history.instants] == [D("0.0001"), D("-0.00001412"), D(0)]
    assert [i.at_ns for i in history.instants] == [START_NS, START_NS + EIGHT, START_NS + 2 * EIGHT]
    assert history.source == "bybit_perp_BTCUSDT_funding.parquet"


def test_a_mark_price_is_the_open_of_the_bar_that_starts_at_the_instant(tmp_path: Path) -> None:
    written(tmp_path, [0, 8], [0.0001, 0.0002])
    stamps = [datetime.fromtimestamp(START.timestamp() + h * 3600, tz=UTC) for h in (7, 8, 9)]
    marks = pl.DataFrame({"timestamp": stamps, "open": [1.0, 60_123.4, 3.0]})
    marks.write_parquet(tmp_path / "bybit_perp_BTCUSDT_mark_1h.parquet")
    history = find_funding(tmp_path, "bybit", "BTCUSDT", EIGHT)
    assert [i.mark_price for i in history.instants] == [None, D("60123.4")]


def test_a_csv_reads_the_same(tmp_path: Path) -> None:
    path = tmp_path / "rates.csv"
    path.write_text("timestamp,funding_rate\n2025-09-16T00:00:00Z,0.0001\n2025-09-16T08:00:00Z,-0.0002\n", "utf-8")
    history = read_funding(path, "BTCUSDT", EIGHT)
    assert [(i.at_ns, i.rate) for i in history.instants] == [(START_NS, D("0.0001")), (START_NS + EIGHT, D("-0.0002"))]


def test_the_holes_of_a_history_are_known() -> None:
    whole = [FundingInstant(at_ns=START_NS + n * EIGHT, rate=D(0)) for n in (0, 1, 2, 5, 6)]
    history = FundingHistory(symbol="BTCUSDT", interval_ns=EIGHT, instants=tuple(whole), source="a test")
    at = [START_NS + n * EIGHT for n in range(10)]
    assert history.missing_from(at[0], at[3]) is None
    assert history.missing_from(at[0], at[3] + 1) == at[3]
    assert history.missing_from(at[4], at[5]) == at[4]
    assert history.missing_from(at[5], at[7]) is None
    assert history.missing_from(at[5], at[7] + 1) == at[7]
    assert history.missing_from(at[0] - 1, at[0]) == at[0] - 1
    assert history.missing_from(at[0] - 1, at[0] - 1) is None


def test_a_history_nobody_has_is_an_error_that_names_those_there_are(tmp_path: Path) -> None:
    written(tmp_path, [0], [0.0])
    with pytest.raises(UserError, match="it has BTCUSDT"):
        find_funding(tmp_path, "bybit", "XRPUSDT", EIGHT)
    with pytest.raises(UserError, match="none of that venue"):
        find_funding(tmp_path, "binance", "BTCUSDT", EIGHT)


@pytest.mark.parametrize(
    ("hours", "rates", "match"),
    [
        ([0, 8], [0.0001, None], "rate of None.*"),
        ([0, 8], [0.0001, float("nan")], "rate of nan"),
        ([0, 8], [0.0001, 0.5], "rate of 0.5"),
        ([0, 0], [0.0001, 0.0001], "row 2"),
        ([8, 0], [0.0001, 0.0001], "row 2"),
        ([], [], "no rows"),
    ],
)
def test_what_is_no_history_is_refused_with_its_place(
    tmp_path: Path, hours: list[int], rates: list[float | None], match: str
) -> None:
    with pytest.raises(UserError, match=match):
        read_funding(written(tmp_path, hours, rates), "BTCUSDT", EIGHT)


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        read_funding(tmp_path / "none.parquet", "BTCUSDT", EIGHT)
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"not parquet")
    with pytest.raises(UserError, match="cannot be read"):
        read_funding(broken, "BTCUSDT", EIGHT)
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n", "utf-8")
    with pytest.raises(UserError, match="lacks the column 'timestamp'"):
        read_funding(other, "BTCUSDT", EIGHT)
    textual = tmp_path / "textual.csv"
    textual.write_text("timestamp,funding_rate\nyesterday,0.1\n", "utf-8")
    with pytest.raises(UserError, match="does not hold times"):
        read_funding(textual, "BTCUSDT", EIGHT)
