"""Every CSV form, what the stamps mean, and one clear line for everything that cannot be a bar."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.unit.market.made import OPEN_NS, csv_rows, iso_utc, joined, raw_bars, same_bars, write

from rung.domain.clock import NS_PER_MINUTE
from rung.domain.errors import UserError
from rung.market.importers import read_tape, symbol_of
from rung.market.tape import RawBars

FOUR_HOURS_NS = 240 * NS_PER_MINUTE
DAY_NS = 1440 * NS_PER_MINUTE


def ny(raw: RawBars) -> list[str]:
    """September in New York: four hours behind UTC."""
    return [iso_utc(int(ns) - FOUR_HOURS_NS) for ns in raw.open_ns]


def utc(raw: RawBars) -> list[str]:
    return [iso_utc(int(ns)) for ns in raw.open_ns]


def three_days(last: int = 390, first: int = 0) -> RawBars:
    return joined(*(raw_bars(np.arange(first, last), open_ns=OPEN_NS + day * DAY_NS) for day in range(3)))


def refused(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        read_tape(path)
    assert caught.value.exit_code == 2
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("TQQQ_RTH_NH.csv", "TQQQ"),
        ("spy_1m.parquet", "SPY"),
        ("BRK.B_RTH_NH.csv.gz", "BRK.B"),
        ("BTCUSDT.parquet", "BTCUSDT"),
    ],
)
def test_the_symbol_is_what_stands_before_the_first_underscore(name: str, symbol: str) -> None:
    assert symbol_of(Path(name)) == symbol


def test_the_seeds_form_with_offsets_is_read(tmp_path: Path) -> None:
    raw = raw_bars(390)
    stamps = [f"{text}-04:00" for text in ny(raw)]
    path = write(tmp_path / "TQQQ_RTH_NH.csv", csv_rows(raw, stamps, extra=[str(i) for i in range(390)]))
    tape = read_tape(path)
    assert same_bars(tape, raw)
    assert (tape.symbol, tape.interval_ns, tape.source, tape.notes) == ("TQQQ", NS_PER_MINUTE, path.name, ())


def test_a_gzipped_file_reads_like_the_plain_one(tmp_path: Path) -> None:
    raw = raw_bars(390)
    text = csv_rows(raw, [f"{stamp}Z" for stamp in utc(raw)])
    packed = tmp_path / "TQQQ_RTH_NH.csv.gz"
    packed.write_bytes(gzip.compress(text.encode()))
    assert read_tape(packed).content_id == read_tape(write(tmp_path / "TQQQ_RTH_NH.csv", text)).content_id


def test_the_epoch_wins_over_a_text_column_that_is_really_new_york_time(tmp_path: Path) -> None:
    raw = raw_bars(390)
    for zone, said in (("", "really New York time"), ("Z", "really New York time"), ("-04:00", "with its offset")):
        lines = ["ts_utc,ts_nyt_epoch,open,high,low,close,volume"]
        for row, stamp in enumerate(ny(raw)):
            prices = ",".join(str(getattr(raw, c)[row]) for c in ("open", "high", "low", "close", "volume"))
            lines.append(f"{stamp}{zone},{raw.open_ns[row] // 1_000_000_000},{prices}")
        tape = read_tape(write(tmp_path / "TQQQ_RTH_NH.csv", "\n".join(lines)))
        assert same_bars(tape, raw)
        assert said in tape.notes[0]


def test_milliseconds_are_read_and_so_is_every_other_unit(tmp_path: Path) -> None:
    raw = raw_bars(390)
    ids = set()
    for column, unit in (("timestamp_ms", 10**6), ("timestamp", 10**9), ("timestamp", 1), ("timestamp", 10**3)):
        stamps = [str(int(ns) // unit) for ns in raw.open_ns]
        ids.add(read_tape(write(tmp_path / "TQQQ_x.csv", csv_rows(raw, stamps, first=column))).content_id)
    assert len(ids) == 1


def test_a_stamp_in_another_unit_than_its_neighbours_is_refused(tmp_path: Path) -> None:
    raw = raw_bars(30)
    stamps = [str(int(ns) // 10**6) for ns in raw.open_ns]
    stamps[4] = str(int(raw.open_ns[4]) // 10**9)
    text = refused(write(tmp_path / "TQQQ_x.csv", csv_rows(raw, stamps, first="timestamp_ms")))
    assert "line 6, column timestamp_ms" in text
    assert "another unit" in text


def test_new_york_times_without_a_zone_are_found_out_and_said(tmp_path: Path) -> None:
    raw = three_days()
    tape = read_tape(write(tmp_path / "TQQQ_RTH_NH.csv", csv_rows(raw, ny(raw))))
    assert same_bars(tape, raw)
    assert "is New York time, not UTC" in tape.notes[0]


def test_new_york_times_that_claim_to_be_utc_are_found_out_and_said(tmp_path: Path) -> None:
    raw = three_days()
    tape = read_tape(write(tmp_path / "TQQQ_RTH_NH.csv", csv_rows(raw, [f"{text}Z" for text in ny(raw)])))
    assert same_bars(tape, raw)
    assert "is New York time, not UTC" in tape.notes[0]


def test_new_york_times_across_a_clock_change_land_on_the_right_utc_minute(tmp_path: Path) -> None:
    friday, monday = 1_741_357_800_000_000_000, 1_741_613_400_000_000_000  # 2025-03-07 14:30 UTC, 2025-03-10 13:30 UTC
    raw = joined(raw_bars(390, open_ns=friday), raw_bars(390, open_ns=monday))
    stamps = [iso_utc(int(ns) - (5 if ns < monday else 4) * 60 * NS_PER_MINUTE) for ns in raw.open_ns]
    assert same_bars(read_tape(write(tmp_path / "TQQQ_RTH_NH.csv", csv_rows(raw, stamps))), raw)


def test_utc_times_without_a_zone_are_told_apart(tmp_path: Path) -> None:
    raw = three_days()
    tape = read_tape(write(tmp_path / "TQQQ_RTH_NH.csv", csv_rows(raw, utc(raw))))
    assert same_bars(tape, raw)
    assert tape.notes == ("timestamp names no zone; UTC fits the regular session",)


def test_a_market_around_the_clock_without_a_zone_is_utc(tmp_path: Path) -> None:
    raw = raw_bars(2880)
    tape = read_tape(write(tmp_path / "BTCUSDT_1m.csv", csv_rows(raw, utc(raw))))
    assert same_bars(tape, raw)
    assert "around the clock" in tape.notes[0]


def test_a_zone_that_cannot_be_told_is_refused_not_guessed(tmp_path: Path) -> None:
    raw = raw_bars(60)  # 13:30 to 14:30: fits the session as UTC and as New York's afternoon
    text = refused(write(tmp_path / "TQQQ_x.csv", csv_rows(raw, utc(raw))))
    assert "cannot be told whether they are UTC or New York's" in text


def test_a_bar_id_that_counts_epoch_minutes_settles_the_zone(tmp_path: Path) -> None:
    raw = raw_bars(60)
    ids = [str(int(ns) // NS_PER_MINUTE) for ns in raw.open_ns]
    tape = read_tape(write(tmp_path / "TQQQ_x.csv", csv_rows(raw, ny(raw), extra=ids)))
    assert same_bars(tape, raw)
    assert "bar_id" in tape.notes[0]


def test_the_391st_bar_is_left_out_and_said(tmp_path: Path) -> None:
    raw = three_days(last=391)
    tape = read_tape(write(tmp_path / "TQQQ_RTH_NH.csv", csv_rows(raw, [f"{text}Z" for text in utc(raw)])))
    assert same_bars(tape, three_days())
    assert tape.notes == ("left out 3 bars stamped 16:00, after the close",)


def test_close_stamps_are_moved_to_the_open_and_said(tmp_path: Path) -> None:
    raw = three_days()
    stamped = raw.shifted(NS_PER_MINUTE)
    tape = read_tape(write(tmp_path / "TQQQ_RTH_NH.csv", csv_rows(stamped, [f"{text}Z" for text in utc(stamped)])))
    assert same_bars(tape, raw)
    assert tape.notes == ("the bars were stamped with their close (09:31 to 16:00): moved to their open",)


def test_a_sleepy_symbol_whose_first_bar_is_0931_is_not_taken_for_close_stamps(tmp_path: Path) -> None:
    raw = joined(*(raw_bars(np.arange(first, 390), open_ns=OPEN_NS + d * DAY_NS) for d, first in enumerate((1, 1, 0))))
    tape = read_tape(write(tmp_path / "SVXY_RTH_NH.csv", csv_rows(raw, [f"{text}Z" for text in utc(raw)])))
    assert same_bars(tape, raw)


def test_parquet_reads_like_csv_whatever_the_time_type(tmp_path: Path) -> None:
    raw = three_days()
    prices = {name: getattr(raw, name) for name in ("open", "high", "low", "close", "volume")}
    stamps = pl.Series("timestamp", raw.open_ns)
    forms = [
        stamps.cast(pl.Datetime("ns", "UTC")).dt.cast_time_unit("us"),
        stamps.cast(pl.Datetime("ns", "UTC")).dt.convert_time_zone("America/New_York"),
        stamps.cast(pl.Datetime("ns")).dt.cast_time_unit("ms"),
        stamps,
        (stamps // 10**6).alias("timestamp_ms"),
    ]
    path = tmp_path / "TQQQ_1m.parquet"
    for form in forms:
        pl.DataFrame([form, *(pl.Series(name, values) for name, values in prices.items())]).write_parquet(path)
        assert same_bars(read_tape(path), raw)


def test_whole_number_volumes_and_any_order_and_case_of_columns_are_fine(tmp_path: Path) -> None:
    raw = raw_bars(400)
    frame = pl.DataFrame(
        {
            "Volume": raw.volume.astype(np.int64),
            "CLOSE": raw.close,
            "low": raw.low,
            "high": raw.high,
            "open": raw.open,
            "timestamp": pl.Series(raw.open_ns).cast(pl.Datetime("ns", "UTC")),
        }
    )
    frame.write_parquet(tmp_path / "TQQQ.parquet")
    assert same_bars(read_tape(tmp_path / "TQQQ.parquet"), raw)


def test_the_interval_is_read_off_the_bars_and_checked_against_the_name(tmp_path: Path) -> None:
    raw = raw_bars(np.arange(0, 2000, 5))
    text = csv_rows(raw, [f"{stamp}Z" for stamp in utc(raw)])
    assert read_tape(write(tmp_path / "BTCUSDT_5m.csv", text)).interval_ns == 5 * NS_PER_MINUTE
    assert read_tape(write(tmp_path / "BTCUSDT_x.csv", text)).interval_ns == 5 * NS_PER_MINUTE
    message = refused(write(tmp_path / "BTCUSDT_1h.csv", text))
    assert "the name says 1h bars, but they are 5 minutes apart" in message


GOOD = "timestamp,open,high,low,close,volume\n2025-09-16T13:30:00Z,1,2,1,2,5\n2025-09-16T13:31:00Z,1,2,1,2,5\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("timestamp,open,high,low,close,volume\n", "has a header but no bars"),
        (GOOD.replace("close", "clsoe"), "line 1, column 5: unknown column 'clsoe' — did you mean 'close'?"),
        (GOOD.replace("timestamp", "timestmap"), "column 1: unknown column 'timestmap' — did you mean 'timestamp'"),
        (GOOD.replace(",volume", "").replace(",5", ""), "lacks the column 'volume'"),
        (GOOD.replace("timestamp,", "").replace("2025-09-16T13:30:00Z,", "").replace("2025-09-16T13:31:00Z,", ""),
         "lacks the column 'timestamp'"),
        (GOOD + "2025-09-16T13:32:00Z,1,2,x1,2,5\n", "line 4, column low: 'x1' is not a number"),
        (GOOD + "2025-09-16T13:32:00Z,1,2,,2,5\n", "line 4, column low: is empty"),
        (GOOD + "2025-09-16T13:32:00Z,1,2,NaN,2,5\n", "line 4, column low: is not a number"),
        (GOOD + "2025-09-16T13:32:00Z,1,2,-1,2,5\n", "line 4, column low: is -1, and a price cannot be"),
        (GOOD + "2025-09-16T13:32:00Z,1,2,1,2,-5\n", "line 4, column volume: is -5, and a volume cannot be"),
        (GOOD + "2025-09-16T13:31:00Z,1,2,1,2,5\n", "line 4, column timestamp: repeats the time of the bar before"),
        (GOOD + "2025-09-16T13:29:00Z,1,2,1,2,5\n", "line 4, column timestamp: goes back in time"),
        (GOOD + "yesterday,1,2,1,2,5\n", "line 4, column timestamp: 'yesterday' is not a time"),
        (GOOD + "2025-13-45T99:00:00Z,1,2,1,2,5\n", "line 4, column timestamp: '2025-13-45T99:00:00Z' is not a time"),
        (GOOD + "2025-09-16T13:32:00,1,2,1,2,5\n", "line 4, column timestamp: mixes times with and without a zone"),
        (GOOD + "2025-09-16T13:32:00Z,1,2\n", "line 4, column 3: has 3 cells where the header has 6"),
        (GOOD + "2025-09-16T13:32:00Z,1,2,1,2,5,7\n", "line 4, column 7: has 7 cells where the header has 6"),
        (GOOD + "\n\n2025-09-16T13:32:00Z,1,2,-1,2,5\n", "line 6, column low"),
        (GOOD + "2025-09-16T13:32:00Z,1,2,1\0,2,5\n", "line 4: holds a NUL byte"),
    ],
)  # fmt: skip
def test_a_bad_csv_is_one_clear_line_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    message = refused(write(tmp_path / "TQQQ_x.csv", text))
    assert said in message
    assert "TQQQ_x.csv" in message
    assert "\n" not in message


def test_bytes_that_are_no_text_are_located(tmp_path: Path) -> None:
    path = tmp_path / "TQQQ_x.csv"
    path.write_bytes(GOOD.encode() + b"2025-09-16T13:32:00Z,1,\xff\xfe,1,2,5\n")
    assert "line 4: holds bytes that are not text" in refused(path)


def test_a_cut_or_spoilt_gzip_says_so(tmp_path: Path) -> None:
    packed = gzip.compress((GOOD * 50).encode())
    path = tmp_path / "TQQQ_x.csv.gz"
    path.write_bytes(packed[:-9])
    assert "is cut off" in refused(path)
    path.write_bytes(b"not gzip at all")
    assert "is not a sound gzip file" in refused(path)
    path.write_bytes(packed[:20] + b"\x00\xff\x13" + packed[23:])
    assert "gzip" in refused(path)


@pytest.mark.filterwarnings("ignore")
def test_a_cut_or_spoilt_parquet_says_so(tmp_path: Path) -> None:
    raw = raw_bars(390)
    path = tmp_path / "TQQQ_1m.parquet"
    columns = {name: getattr(raw, name) for name in ("open", "high", "low", "close", "volume")}
    pl.DataFrame({"timestamp": pl.Series(raw.open_ns).cast(pl.Datetime("ns", "UTC")), **columns}).write_parquet(path)
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], b"PAR1", b"garbage", whole[:-8]):
        path.write_bytes(content)
        assert "is not a whole Parquet file" in refused(path)
    path.write_bytes(b"")
    assert "is empty" in refused(path)


def test_a_flaw_in_parquet_names_the_row(tmp_path: Path) -> None:
    raw = raw_bars(30)
    columns = {name: np.array(getattr(raw, name)) for name in ("open", "high", "low", "close", "volume")}
    columns["high"][11] = np.nan
    stamps = pl.Series(raw.open_ns).cast(pl.Datetime("ns", "UTC"))
    pl.DataFrame({"timestamp": stamps, **columns}).write_parquet(tmp_path / "TQQQ.parquet")
    assert "row 12, column high: is not a number" in refused(tmp_path / "TQQQ.parquet")


def test_a_missing_file_and_a_strange_kind_are_refused(tmp_path: Path) -> None:
    assert "there is no such file" in refused(tmp_path / "TQQQ.csv")
    assert "neither .csv, .csv.gz nor .parquet" in refused(write(tmp_path / "TQQQ.xlsx", "x"))
