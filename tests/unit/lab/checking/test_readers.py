"""Readers read through copies: every way of naming the file, and nothing else."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from rung.lab import invented_tapes
from rung.lab.checking.futures import Future
from rung.lab.checking.readers import Copies, reading_through
from rung.market.catalogue import Catalogue
from rung.market.tape_file import write_tape

(TAPE,) = invented_tapes("COINUSDT", days=1)
CUT = 500


@pytest.fixture
def copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Copies]:
    """A folder `tapes` with one tape as Parquet, CSV and gzipped CSV; the future is raised after the first 500 bars."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tapes").mkdir()
    (tmp_path / "scratch").mkdir()
    write_tape(TAPE, tmp_path / "tapes" / "COINUSDT_1m.parquet")
    stamps = pl.col("timestamp").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    text = pl.read_parquet("tapes/COINUSDT_1m.parquet").with_columns(stamps).write_csv()
    Path("tapes/COINUSDT_1m.csv").write_text(text, "utf-8")
    Path("tapes/COINUSDT_1m.csv.gz").write_bytes(gzip.compress(text.encode()))
    known_ns = int(TAPE.open_ns[CUT])
    made = Copies(
        root=tmp_path / "tapes", authors=Path(__file__).resolve().parent, scratch=tmp_path / "scratch",
        known_ns=known_ns, future=Future.RAISED,
    )  # fmt: skip
    with reading_through(made):
        yield made


def is_changed(closes: list[float]) -> bool:
    """The first 500 as they are, the rest raised by exactly 7 %, once."""
    np.testing.assert_array_equal(closes[:CUT], TAPE.close[:CUT])
    np.testing.assert_allclose(closes[CUT:], TAPE.close[CUT:] * 1.07, rtol=1e-12)
    return True


def from_lines(lines: list[str]) -> list[float]:
    return [float(row["close"]) for row in csv.DictReader(lines)]


def test_every_reader_and_every_spelling_gets_the_copy(copies: Copies, tmp_path: Path) -> None:
    for path in ("tapes/COINUSDT_1m.parquet", tmp_path / "tapes" / "COINUSDT_1m.parquet", "tapes/*.parquet"):
        assert is_changed(pl.read_parquet(path)["close"].to_list())
        assert is_changed(pl.scan_parquet(path).collect()["close"].to_list())
    with open("tapes/../tapes/COINUSDT_1m.csv") as file:
        assert is_changed(from_lines(file.read().splitlines()))
    assert is_changed(from_lines(Path("tapes/COINUSDT_1m.csv").read_text().splitlines()))
    with gzip.open("tapes/COINUSDT_1m.csv.gz", "rt") as packed:
        assert is_changed(from_lines(packed.read().splitlines()))
    assert is_changed(pl.read_csv(source="tapes/COINUSDT_1m.csv")["close"].to_list())
    assert is_changed(Catalogue(tmp_path / "tapes", tmp_path / "cache").tape("COINUSDT").close.tolist())
    assert set(copies.reads.tapes) >= {"COINUSDT_1m.parquet", "COINUSDT_1m.csv", "COINUSDT_1m.csv.gz"}


def test_a_copy_keeps_columns_types_and_stamps(copies: Copies) -> None:
    copies.future = Future.REMOVED
    copy = pl.read_parquet("tapes/COINUSDT_1m.parquet")
    copies.future = None
    original = pl.read_parquet("tapes/COINUSDT_1m.parquet")
    assert copy.schema == original.schema
    assert copy.equals(original.head(CUT))


def test_the_line_that_reads_is_noted_and_files_elsewhere_are_named(copies: Copies, tmp_path: Path) -> None:
    pl.read_parquet("tapes/COINUSDT_1m.parquet")
    assert copies.reads.tapes["COINUSDT_1m.parquet"].startswith(f"{__file__}:")
    (tmp_path / "model.json").write_text("{}", "utf-8")
    assert (tmp_path / "model.json").read_text("utf-8") == "{}"
    assert list(copies.reads.others) == [str(tmp_path / "model.json")]


def test_writing_is_left_alone_and_copies_are_deleted(copies: Copies, tmp_path: Path) -> None:
    with open("tapes/COINUSDT_1m.csv", "a") as file:
        file.write("")
    pl.read_parquet("tapes/COINUSDT_1m.parquet")
    assert list((tmp_path / "scratch").rglob("*.parquet"))
    copies.forget_copies()
    assert list((tmp_path / "scratch").iterdir()) == []
