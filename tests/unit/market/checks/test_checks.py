"""The checks find what was put in, say where, and stay silent on a calm tape."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from tests.unit.market.made import (
    NS_PER_DAY,
    OPEN_NS,
    calendar,
    changed,
    csv_rows,
    iso_utc,
    joined,
    raw_bars,
    same_bars,
    tape,
    write,
)

from rung.domain.clock import NS_PER_MINUTE
from rung.market.calendar import AlwaysOpen
from rung.market.catalogue import Catalogue
from rung.market.checks import CheckParams, Finding, FindingKind, Severity, TapeReport, check_tape
from rung.market.checks.files import check_symbol
from rung.market.checks.findings import by_kind, summary
from rung.market.checks.prices import split_ratio
from rung.market.tape import RawBars

K = FindingKind


def days(count: int, minutes: int = 390, gap: float = 1.0) -> RawBars:
    """Calm days; each starts `gap` × the price of the day before."""
    parts = [raw_bars(minutes, open_ns=OPEN_NS + d * NS_PER_DAY, price=50.0 * gap**d) for d in range(count)]
    return joined(*parts)


def found(report: TapeReport, kind: FindingKind) -> list[Finding]:
    return [finding for finding in report.findings if finding.kind is kind]


def only(report: TapeReport) -> Finding:
    assert len(report.findings) == 1, report.findings
    return report.findings[0]


def test_a_calm_complete_tape_has_no_findings() -> None:
    report = check_tape(tape(raw=days(5)), calendar())
    assert (report.findings, report.flagged_minutes, report.warnings) == ((), frozenset(), ())
    assert (report.sessions, report.bars, report.expected_bars, report.missing_frac) == (5, 1950, 1950, 0.0)
    assert (report.first_date, report.last_date, report.zone) == ("2025-09-16", "2025-09-20", "New York")


def test_checking_changes_nothing() -> None:
    made = tape(raw=changed(days(2), 100, {"high": 60.0}))
    before = made.content_id
    check_tape(made, calendar())
    assert tape(raw=changed(days(2), 100, {"high": 60.0})).content_id == before == made.content_id


@pytest.mark.parametrize(("column", "price"), [("high", 51.2), ("low", 48.8)])
def test_a_lone_print_away_from_the_market_is_false(column: str, price: float) -> None:
    raw = changed(days(2), 500, {column: price})
    report = check_tape(tape(raw=raw), calendar())
    finding = only(report)
    assert (finding.kind, finding.date, finding.first, finding.count) == (K.FALSE_PRINT, "2025-09-17", "11:20", 1)
    assert f"1 {column}, worst {price}" in finding.detail
    assert report.flagged_minutes == {int(raw.open_ns[500])}
    assert report.warnings == ("false print: 1 on 1 day (2025-09-17)",)


def test_a_false_print_is_not_told_again_as_a_spike() -> None:
    raw = changed(days(1), 270, {"high": 54.0})
    report = check_tape(tape(raw=raw), calendar())
    assert only(report).kind is K.FALSE_PRINT


def test_a_run_that_keeps_its_price_is_no_false_print() -> None:
    raw = days(1)
    for row in range(200, 390):
        step = {name: float(getattr(raw, name)[row]) + 1.5 for name in ("open", "high", "low", "close")}
        raw = changed(raw, row, step)
    raw = changed(raw, 200, {"open": 50.0, "low": 49.9})
    assert check_tape(tape(raw=raw), calendar()).flagged_minutes == frozenset()


def test_a_whipsaw_on_heavy_volume_is_news_not_a_false_print() -> None:
    wick = {"high": 51.2}
    assert check_tape(tape(raw=changed(days(1), 270, wick)), calendar()).flagged_minutes
    assert not check_tape(tape(raw=changed(days(1), 270, {**wick, "volume": 40_000.0})), calendar()).flagged_minutes


def test_a_bar_wild_in_every_direction_is_no_false_print() -> None:
    raw = changed(days(1), 270, {"high": 51.2, "low": 49.0})
    assert check_tape(tape(raw=raw), calendar()).flagged_minutes == frozenset()


def test_flags_do_not_depend_on_later_bars() -> None:
    raw = changed(days(2), 300, {"high": 51.2})
    wild = raw
    for row in range(301, 330):
        wild = changed(wild, row, {"open": 51.1, "high": 51.4, "low": 51.0, "close": 51.2})
    for other in (wild, raw.take(slice(0, 301))):
        assert int(raw.open_ns[300]) in check_tape(tape(raw=other), calendar()).flagged_minutes


def test_a_jump_between_two_minutes_is_a_spike() -> None:
    raw = days(1)
    for row in range(200, 390):
        raw = changed(raw, row, {n: float(getattr(raw, n)[row]) * 1.12 for n in ("open", "high", "low", "close")})
    finding = only(check_tape(tape(raw=raw), calendar()))
    assert (finding.kind, finding.first, finding.count) == (K.SPIKE, "12:50", 1)


def test_a_jump_over_a_hole_is_no_spike_of_one_minute() -> None:
    raw = days(1)
    for row in range(200, 390):
        raw = changed(raw, row, {n: float(getattr(raw, n)[row]) * 1.12 for n in ("open", "high", "low", "close")})
    keep = np.ones(390, dtype=bool)
    keep[195:200] = False
    assert found(check_tape(tape(raw=raw.take(keep)), calendar()), K.SPIKE) == []


def test_a_bar_too_wide_is_a_spike() -> None:
    raw = changed(days(1), 200, {"open": 50.0, "high": 52.0, "low": 49.0, "close": 51.9})
    raw = changed(raw, 201, {"open": 51.9, "high": 52.0, "low": 49.9, "close": 50.0})
    finding = only(check_tape(tape(raw=raw), calendar()))
    assert (finding.kind, finding.count, finding.detail) == (K.SPIKE, 1, "widest bar 5.8% of its close")


def test_impossible_bars_are_errors() -> None:
    raw = changed(changed(days(1), 30, {"high": 49.0}), 31, {"low": 51.0})
    report = check_tape(tape(raw=raw), calendar())
    finding = found(report, K.OHLC)[0]
    assert (finding.count, finding.severity, finding.first, report.has_errors) == (2, Severity.ERROR, "10:00", True)


def test_missing_minutes_are_counted_per_day_with_the_longest_hole() -> None:
    keep = np.ones(780, dtype=bool)
    keep[[5, 9, 400, 401, 402]] = False
    report = check_tape(tape(raw=days(2).take(keep)), calendar())
    told = [(gap.date, gap.count, gap.first, gap.severity) for gap in found(report, K.GAP)]
    assert told == [("2025-09-16", 2, "09:35", Severity.INFO), ("2025-09-17", 3, "09:40", Severity.INFO)]
    assert (report.missing_bars, report.expected_bars) == (5, 780)


def test_a_day_with_much_missing_is_a_warning_and_the_tape_says_how_much() -> None:
    report = check_tape(tape(raw=days(2).take(np.arange(780) % 10 != 3)), calendar())
    assert {gap.severity for gap in found(report, K.GAP)} == {Severity.WARNING}
    assert report.warnings == ("gap: 78 on 2 days (2025-09-16, 2025-09-17)", "78 of 780 bars are missing (10.0%)")


def test_a_hole_in_a_symbol_that_always_trades_is_a_halt() -> None:
    keep = np.ones(390, dtype=bool)
    keep[44:54] = False
    finding = only(check_tape(tape(raw=days(1).take(keep)), calendar()))
    assert (finding.kind, finding.count, finding.first) == (K.HALT, 10, "10:14")


def test_the_same_hole_in_a_sleepy_symbol_is_a_gap() -> None:
    keep = np.arange(390) % 10 != 3
    keep[44:54] = False
    assert {finding.kind for finding in check_tape(tape(raw=days(1).take(keep)), calendar()).findings} == {K.GAP}


def test_a_tape_that_starts_late_or_ends_early_has_a_gap_not_a_halt() -> None:
    report = check_tape(tape(raw=days(1).take(slice(100, 300))), calendar())
    finding = only(report)
    assert (finding.kind, finding.count, finding.first) == (K.GAP, 190, "09:30")


def test_a_session_without_any_bar_is_told() -> None:
    raw = joined(raw_bars(390), raw_bars(390, open_ns=OPEN_NS + 2 * NS_PER_DAY))
    finding = only(check_tape(tape(raw=raw), calendar()))
    assert (finding.kind, finding.date, finding.count, finding.severity) == (
        K.NO_BARS,
        "2025-09-17",
        390,
        Severity.WARNING,
    )


def test_an_early_close_is_told_and_is_no_gap() -> None:
    raw = joined(raw_bars(210), raw_bars(390, open_ns=OPEN_NS + NS_PER_DAY))
    finding = only(check_tape(tape(raw=raw), calendar(lengths={0: 210})))
    assert (finding.kind, finding.date, finding.detail) == (K.EARLY_CLOSE, "2025-09-16", "closes at 13:00, 210 minutes")
    assert finding.severity is Severity.INFO


def test_bars_outside_the_session_are_told() -> None:
    raw = joined(raw_bars(np.arange(-5, 0)), raw_bars(391))
    finding = only(check_tape(tape(raw=raw), calendar()))
    assert (finding.kind, finding.count, finding.first) == (K.OUTSIDE_SESSION, 6, "09:25")


def test_flat_bars_without_volume_for_ten_minutes_are_an_outage() -> None:
    def flat(raw: RawBars, rows: range) -> RawBars:
        for row in rows:
            raw = changed(raw, row, {"open": 50.0, "high": 50.0, "low": 50.0, "close": 50.0, "volume": 0.0})
        return raw

    down = only(check_tape(tape(raw=flat(days(1), range(100, 112))), calendar()))
    assert (down.kind, down.count, down.first, down.severity) == (K.OUTAGE, 12, "11:10", Severity.WARNING)
    idle = only(check_tape(tape(raw=flat(days(1), range(100, 105))), calendar()))
    assert (idle.kind, idle.count, idle.severity) == (K.ZERO_VOLUME, 5, Severity.INFO)


def test_a_market_that_never_closes_is_told_in_utc_and_has_no_nights() -> None:
    raw = raw_bars(2880, open_ns=OPEN_NS - OPEN_NS % NS_PER_DAY)
    keep = np.ones(2880, dtype=bool)
    keep[1500:1520] = False
    report = check_tape(tape("BTCUSDT", raw.take(keep)), AlwaysOpen())
    finding = only(report)
    assert (report.zone, finding.kind, finding.date, finding.first) == ("UTC", K.HALT, "2025-09-17", "01:00")


@pytest.mark.parametrize(("gap", "ratio"), [(0.5, "1:2"), (0.2, "1:5"), (3.0, "3:1"), (1.5, "3:2"), (1 / 1.5, "2:3")])
def test_an_overnight_ratio_near_a_split_is_asked_about(gap: float, ratio: str) -> None:
    report = check_tape(tape(raw=days(2, gap=gap)), calendar())
    finding = found(report, K.SPLIT)[0]
    assert ratio in finding.detail
    assert (finding.date, finding.severity) == ("2025-09-17", Severity.WARNING)


def test_split_ratios_are_near_or_nothing() -> None:
    assert [split_ratio(ratio, 0.02) for ratio in (1.0, 0.78, 1.25, 0.51, 0.53, 4.9)] == ["", "", "", "1:2", "", "5:1"]


def test_an_unusual_night_is_worth_a_line_and_a_usual_one_is_not() -> None:
    raw = joined(days(4), raw_bars(390, open_ns=OPEN_NS + 4 * NS_PER_DAY, price=46.0))
    finding = only(check_tape(tape(raw=raw), calendar()))
    assert (finding.kind, finding.date, finding.severity) == (K.OVERNIGHT_GAP, "2025-09-20", Severity.INFO)
    assert "-8.0%" in finding.detail


def test_a_period_limits_what_is_told_but_not_what_is_known() -> None:
    raw = changed(changed(days(3), 100, {"high": 51.2}), 500, {"high": 51.2})
    second = (OPEN_NS + NS_PER_DAY, OPEN_NS + NS_PER_DAY + 390 * NS_PER_MINUTE)
    report = check_tape(tape(raw=raw), calendar(), *second)
    assert (report.sessions, report.bars, report.expected_bars) == (1, 390, 390)
    assert report.flagged_minutes == {int(raw.open_ns[500])}
    assert only(report).date == "2025-09-17"


def test_a_period_without_bars_is_an_empty_report() -> None:
    report = check_tape(tape(raw=days(1)), calendar(), OPEN_NS + 2 * NS_PER_DAY, OPEN_NS + 3 * NS_PER_DAY)
    assert (report.bars, report.sessions, report.findings) == (0, 0, ())


def test_thresholds_are_parameters() -> None:
    raw = changed(days(1), 200, {"high": 50.6})
    assert check_tape(tape(raw=raw), calendar()).flagged_minutes
    assert not check_tape(tape(raw=raw), calendar(), params=CheckParams(print_floor_frac=0.05)).flagged_minutes


def test_a_synthetic_tape_says_so_in_its_warnings() -> None:
    made = dataclasses.replace(tape(raw=days(1)), synthetic=True)
    assert check_tape(made, calendar()).warnings == ("synthetic: invented bars, no evidence about any market",)


def test_kinds_are_grouped_in_a_fixed_order_and_told_in_one_sentence() -> None:
    raw = changed(days(5), 100, {"high": 51.2})
    for day in range(4):
        raw = changed(raw, 390 * day + 50, {"low": 48.8})
    groups = by_kind(check_tape(tape(raw=raw), calendar()).findings)
    assert [kind for kind, _ in groups] == [K.FALSE_PRINT]
    assert summary(*groups[0]) == "false print: 5 on 4 days (2025-09-16 to 2025-09-19)"


def broken(folder: Path, raw: RawBars) -> TapeReport:
    stamps = [f"{iso_utc(int(ns))}Z" for ns in raw.open_ns]
    write(folder / "TQQQ_RTH_NH.csv", csv_rows(raw, stamps))
    return check_symbol(Catalogue(folder, None), "TQQQ", None)


def test_a_file_that_is_no_tape_is_reported_with_all_its_flaws(tmp_path: Path) -> None:
    raw = joined(raw_bars(30), raw_bars(np.array([28, 29, 30])))
    raw = changed(raw, 4, {"close": -2.0})
    report = broken(tmp_path, raw)
    told = {finding.kind: (finding.count, finding.detail) for finding in report.findings}
    assert told[K.OUT_OF_ORDER][0] == 1
    assert told[K.DUPLICATE][0] == 2
    assert told[K.BAD_VALUE] == (
        1,
        f"close is not a possible value, first -2 at {tmp_path}/TQQQ_RTH_NH.csv, line 6, column close",
    )
    assert report.has_errors
    assert report.bars == 33


def test_a_file_that_cannot_be_read_is_one_finding(tmp_path: Path) -> None:
    write(tmp_path / "TQQQ_1m.parquet", "garbage")
    report = check_symbol(Catalogue(tmp_path, None), "TQQQ", None)
    finding = only(report)
    assert (finding.kind, finding.severity, report.bars) == (K.UNREADABLE, Severity.ERROR, 0)
    assert "is not a whole Parquet file" in report.warnings[0]


def test_a_sound_file_is_checked_under_the_calendar_its_bars_suggest(tmp_path: Path) -> None:
    raw = raw_bars(5 * 1440, open_ns=OPEN_NS - OPEN_NS % NS_PER_DAY)
    report = broken(tmp_path, raw)
    assert (report.zone, report.bars, report.findings) == ("UTC", 7200, ())
    assert same_bars(raw, Catalogue(tmp_path, None).tape("TQQQ"))
