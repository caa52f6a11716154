"""The real tapes: the original CSV equals its Parquet, and the checks find what is known to be in them."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from rung.market.calendar import AlwaysOpen, ExchangeCalendar, xnys
from rung.market.catalogue import Catalogue
from rung.market.checks import FindingKind, Severity, TapeReport, check_tape
from rung.market.checks.params import CheckParams
from rung.market.checks.prices import false_prints
from rung.market.importers import read_tape
from rung.market.replay import TapeFeed
from rung.market.tape import COLUMNS, Label, RawBars, Tape, make_tape
from rung.market.tape_file import place_tape

pytestmark = pytest.mark.data

K = FindingKind
SIX_MONTHS = ("TQQQ", "SQQQ", "SDS", "UVXY", "SSO", "SVIX", "TNA", "TZA", "FAS", "FAZ", "SPY")
ROTATION = ("TQQQ", "SQQQ", "SDS", "UVXY", "SSO", "SVIX")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def nyse(cache: Path) -> ExchangeCalendar:
    return xnys(cache)


@pytest.fixture(scope="module")
def equities(real_data: Path, cache: Path) -> dict[str, Tape]:
    catalogue = Catalogue(real_data / "equities", cache)
    return {tape.symbol: tape for tape in catalogue.tapes()}


@pytest.fixture(scope="module")
def reports(equities: dict[str, Tape], nyse: ExchangeCalendar) -> dict[str, TapeReport]:
    return {symbol: check_tape(tape, nyse) for symbol, tape in equities.items()}


def days(report: TapeReport, kind: FindingKind) -> dict[str, int]:
    return {f.date: f.count for f in report.findings if f.kind is kind}


def test_the_original_csv_equals_the_parquet_of_the_same_days(real_data: Path, equities: dict[str, Tape]) -> None:
    csv = read_tape(real_data / "raw" / "TQQQ_RTH_NH_sample_2025-04-01_2025-04-11.csv")
    parquet = equities["TQQQ"]
    rows = parquet.rows(csv.first_ns, csv.last_ns + csv.interval_ns)
    assert rows == slice(0, 3510)
    for name in ("open_ns", *COLUMNS):
        assert np.array_equal(getattr(csv, name), getattr(parquet, name)[rows])
    assert csv.notes == (
        "ts_utc is New York time with its offset; ts_nyt_epoch was used",
        "left out 9 bars stamped 16:00, after the close",
    )


def test_importing_the_original_gives_a_tape_of_the_same_bars(real_data: Path, tmp_path: Path) -> None:
    csv = read_tape(real_data / "raw" / "TQQQ_RTH_NH_sample_2025-04-01_2025-04-11.csv")
    path, _ = place_tape(csv, tmp_path)
    assert (path.name, read_tape(path).content_id) == ("TQQQ_1m.parquet", csv.content_id)


def test_the_folder_of_equities_has_fourteen_tapes_and_ignores_the_rest(equities: dict[str, Tape]) -> None:
    assert sorted(equities) == sorted([*SIX_MONTHS, "QQQ", "SPXL", "SVXY"])
    assert len(equities["TQQQ"]) == 128 * 390 + 210


def test_false_prints_of_23_april_are_found_in_every_symbol_and_hardly_any_elsewhere(
    reports: dict[str, TapeReport],
) -> None:
    found = {symbol: days(report, K.FALSE_PRINT) for symbol, report in reports.items()}
    assert all(found[symbol].get("2025-04-23", 0) >= 1 for symbol in SIX_MONTHS)
    assert sum(found[symbol]["2025-04-23"] for symbol in SIX_MONTHS) > 350
    elsewhere = {symbol: {d: n for d, n in found[symbol].items() if d != "2025-04-23"} for symbol in found}
    assert {symbol: each for symbol, each in elsewhere.items() if each} == {
        "SPY": {"2025-04-16": 1, "2025-05-27": 1},
        "SQQQ": {"2025-04-07": 1},
        "TQQQ": {"2025-04-30": 1, "2025-05-19": 1},
        "TZA": {"2025-06-02": 1},
    }
    assert {s: len(r.flagged_minutes) for s, r in reports.items()} == {s: sum(found[s].values()) for s in reports}


def test_the_halts_of_april_are_found_and_no_others(reports: dict[str, TapeReport]) -> None:
    halts = {
        symbol: [(f.date, f.first, f.count) for f in report.findings if f.kind is K.HALT]
        for symbol, report in reports.items()
    }
    assert {symbol: each for symbol, each in halts.items() if each} == {
        "UVXY": [("2025-04-07", "10:14", 10), ("2025-04-09", "13:28", 9)],
        "SVIX": [("2025-04-07", "10:12", 9), ("2025-04-09", "13:22", 4), ("2025-04-09", "13:27", 4)],
    }


def test_spikes_are_only_in_the_three_wild_days_of_april_and_one_false_minute(reports: dict[str, TapeReport]) -> None:
    when = {date for report in reports.values() for date in days(report, K.SPIKE)}
    assert when == {"2025-04-07", "2025-04-09", "2025-04-10", "2025-04-23"}


def test_the_early_close_is_found_in_every_tape_that_has_the_day(reports: dict[str, TapeReport]) -> None:
    for symbol in SIX_MONTHS:
        assert days(reports[symbol], K.EARLY_CLOSE) == {"2025-07-03": 1}
        assert "2025-07-03" not in days(reports[symbol], K.NO_BARS)


def test_missing_minutes_add_up(reports: dict[str, TapeReport]) -> None:
    missing = {symbol: round(report.missing_frac, 3) for symbol, report in reports.items()}
    assert (missing["TQQQ"], missing["SDS"], missing["SVXY"]) == (0.0, 0.03, 0.15)
    for report in reports.values():
        gaps = sum(f.count for f in report.findings if f.kind in (K.GAP, K.HALT, K.NO_BARS))
        assert gaps == report.missing_bars


def test_the_nights_of_april_stand_out_and_no_split_is_suspected(reports: dict[str, TapeReport]) -> None:
    april = {"2025-04-03", "2025-04-04", "2025-04-07", "2025-04-08"}
    for symbol in ("TQQQ", "SQQQ", "UVXY", "SDS", "TNA"):
        assert april <= set(days(reports[symbol], K.OVERNIGHT_GAP))
    assert not any(days(report, K.SPLIT) for report in reports.values())


def test_no_bar_of_the_real_tapes_is_impossible(reports: dict[str, TapeReport]) -> None:
    errors = [f for report in reports.values() for f in report.findings if f.severity is Severity.ERROR]
    assert errors == []


def test_the_binance_outages_are_found_as_flat_bars_without_volume(real_data: Path, cache: Path) -> None:
    for tape in Catalogue(real_data / "crypto" / "binance_perp", cache).tapes(["BTCUSDT", "ETHUSDT"]):
        report = check_tape(tape, AlwaysOpen())
        outages = [(f.date, f.first, f.count) for f in report.findings if f.kind is K.OUTAGE]
        assert outages == [("2025-01-29", "01:25", 2), ("2025-08-29", "06:20", 3)]
        assert (report.missing_bars, report.zone) == (0, "UTC")
        assert len(report.flagged_minutes) <= 2


@pytest.mark.parametrize("row", [17_000, 5_900, 6_111, 30_000])
def test_no_flag_of_a_real_tape_depends_on_what_comes_later(equities: dict[str, Tape], row: int) -> None:
    for symbol in ("SPY", "SDS", "UVXY"):
        tape = equities[symbol]
        high, low = false_prints(tape, CheckParams())
        short = RawBars(open_ns=tape.open_ns[:row], **{name: getattr(tape, name)[:row] for name in COLUMNS})
        cut = make_tape(short, Label(symbol=symbol, interval_ns=tape.interval_ns, source="cut"))
        for whole, early in zip((high, low), false_prints(cut, CheckParams()), strict=True):
            assert np.array_equal(whole[:row], early)


def test_six_months_of_six_symbols_replay_whole_and_in_order(equities: dict[str, Tape], nyse: ExchangeCalendar) -> None:
    tapes = [equities[symbol] for symbol in ROTATION]
    feed = TapeFeed(tapes, nyse, "2025-04-01", "2025-10-03")
    last, bars, slices = 0, 0, 0
    for event in feed:
        assert event.at_ns > last
        last = event.at_ns
        bars += len(event.bars)
        slices += 1
    assert (slices, bars) == (len(feed), sum(map(len, tapes)))
    assert (len(feed.sessions), feed.empty_sessions, dict(feed.left_out)) == (129, (), {})


def test_a_warm_tape_opens_in_milliseconds(real_data: Path, equities: dict[str, Tape], cache: Path) -> None:
    catalogue = Catalogue(real_data / "equities", cache)
    took = []
    for _ in range(5):
        start = time.perf_counter()
        assert catalogue.tape("TQQQ").content_id == equities["TQQQ"].content_id
        took.append(time.perf_counter() - start)
    assert min(took) < 0.03  # 1.5 ms where this was measured
