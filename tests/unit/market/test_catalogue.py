"""A folder of files becomes tapes by symbol; the cache is fast, invisible and never believed blindly."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.unit.market.made import csv_rows, iso_utc, raw_bars, same_bars, tape, write

from rung.domain.errors import UserError
from rung.market.catalogue import Catalogue
from rung.market.tape_cache import TapeCache
from rung.market.tape_file import Placed, interval_text, place_tape, tape_file_name, write_tape


def csv(path: Path, bars: int = 400) -> Path:
    raw = raw_bars(bars)
    return write(path, csv_rows(raw, [f"{iso_utc(int(ns))}Z" for ns in raw.open_ns]))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "tapes"
    write_tape(tape("TQQQ"), root / "TQQQ_1m.parquet")
    csv(root / "SQQQ_RTH_NH.csv")
    return root


def test_symbols_are_found_by_file_name_and_others_ignored(folder: Path) -> None:
    for name in ("_after_close_bars.parquet", ".hidden.csv", "README.md", "SPY_1m.txt"):
        (folder / name).write_text("not a tape", "utf-8")
    (folder / "sub").mkdir()
    assert Catalogue(folder, None).symbols() == ("SQQQ", "TQQQ")


def test_parquet_goes_before_csv_and_what_is_not_used_is_named(folder: Path) -> None:
    extra = csv(folder / "TQQQ_RTH_NH.csv")
    longer = folder / "TQQQ_1m_2024.parquet"
    write_tape(tape("TQQQ"), longer)
    entry = Catalogue(folder, None).entry("tqqq")
    assert entry.path == folder / "TQQQ_1m.parquet"
    assert entry.instead_of == (longer, extra)


def test_a_missing_symbol_names_the_nearest_and_what_there_is(folder: Path) -> None:
    with pytest.raises(UserError, match=r"no tape for TQQ — did you mean TQQQ\? it has SQQQ, TQQQ"):
        Catalogue(folder, None).tape("TQQ")


def test_a_missing_folder_is_a_clear_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no such folder"):
        Catalogue(tmp_path / "nowhere", None)


def test_tapes_come_in_the_order_asked_for(folder: Path) -> None:
    catalogue = Catalogue(folder, None)
    assert [one.symbol for one in catalogue.tapes(["TQQQ", "SQQQ"])] == ["TQQQ", "SQQQ"]
    assert [one.symbol for one in catalogue.tapes()] == ["SQQQ", "TQQQ"]


def test_a_cached_tape_equals_the_read_one_and_is_mapped(folder: Path, tmp_path: Path) -> None:
    fresh = Catalogue(folder, None).tape("SQQQ")
    cached = Catalogue(folder, tmp_path / "cache")
    cached.tape("SQQQ")
    warm = cached.tape("SQQQ")
    assert same_bars(fresh, warm)
    assert (warm.content_id, warm.source, warm.notes) == (fresh.content_id, fresh.source, fresh.notes)
    assert isinstance(warm.close.base, np.memmap) or isinstance(getattr(warm.close.base, "base", None), np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        warm.close[0] = 1.0


def test_a_warm_cache_does_not_need_polars(folder: Path, tmp_path: Path) -> None:
    Catalogue(folder, tmp_path / "cache").tape("TQQQ")
    code = (
        "import sys; from pathlib import Path; from rung.market.catalogue import Catalogue;"
        "bars = len(Catalogue(Path(sys.argv[1]), Path(sys.argv[2])).tape('TQQQ'));"
        "print(bars, [m for m in ('polars', 'pandas', 'exchange_calendars') if m in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, folder, tmp_path / "cache"], capture_output=True, text=True, timeout=60, check=True
    )
    assert run.stdout == "390 []\n"


def test_a_changed_file_is_read_again_and_its_old_copy_forgotten(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    catalogue = Catalogue(folder, cache)
    assert len(catalogue.tape("TQQQ")) == 390
    write_tape(tape("TQQQ", raw_bars(100)), folder / "TQQQ_1m.parquet")
    os.utime(folder / "TQQQ_1m.parquet", ns=(1, 1))
    assert len(catalogue.tape("TQQQ")) == 100
    assert len(list(cache.glob("TQQQ_1m-*"))) == 2


@pytest.mark.parametrize("spoil", ["flip", "cut", "empty", "no json", "other json", "old json"])
def test_a_spoilt_cache_is_rebuilt(folder: Path, tmp_path: Path, spoil: str) -> None:
    cache = tmp_path / "cache"
    catalogue = Catalogue(folder, cache)
    right = catalogue.tape("TQQQ").content_id
    (block,) = cache.glob("TQQQ*.npy")
    (meta,) = cache.glob("TQQQ*.json")
    content = bytearray(block.read_bytes())
    content[-77] ^= 4
    replaced = {
        "flip": (block, bytes(content)),
        "cut": (block, bytes(content[: len(content) // 2])),
        "empty": (block, b""),
        "no json": (meta, b"{"),
        "other json": (meta, b"[1, 2]"),
        "old json": (meta, b'{"symbol": "TQQQ"}'),
    }
    path, wrong = replaced[spoil]
    path.unlink()  # the mapped file of the first read must not change under it
    path.write_bytes(wrong)
    assert TapeCache(cache).find(folder / "TQQQ_1m.parquet") is None
    assert catalogue.tape("TQQQ").content_id == right
    found = TapeCache(cache).find(folder / "TQQQ_1m.parquet")
    assert found is not None
    assert found.content_id == right


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(folder: Path, tmp_path: Path) -> None:
    blocked = write(tmp_path / "file", "in the way")
    assert len(Catalogue(folder, blocked / "cache").tape("TQQQ")) == 390


def test_reading_never_writes_to_the_folder_of_tapes(folder: Path, tmp_path: Path) -> None:
    before = sorted(path.name for path in folder.rglob("*"))
    Catalogue(folder, tmp_path / "cache").tapes()
    assert sorted(path.name for path in folder.rglob("*")) == before


def test_a_written_tape_reads_back_equal_with_its_labels(tmp_path: Path) -> None:
    made = tape("UVXY")
    path = tmp_path / "new" / tape_file_name(made)
    write_tape(made, path)
    back = Catalogue(path.parent, None).tape("UVXY")
    assert (back.content_id, back.source, back.synthetic) == (made.content_id, "made for a test", False)
    assert [entry.name for entry in path.parent.iterdir()] == ["UVXY_1m.parquet"]


def test_an_unwritable_place_is_a_clear_line_and_leaves_nothing(tmp_path: Path) -> None:
    blocked = write(tmp_path / "file", "in the way")
    with pytest.raises(UserError, match="cannot be written"):
        write_tape(tape(), blocked / "TQQQ_1m.parquet")
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_placing_the_same_bars_twice_changes_nothing(tmp_path: Path) -> None:
    path, first = place_tape(tape(), tmp_path)
    stamp = path.stat().st_mtime_ns
    assert (first, place_tape(tape(), tmp_path)) == (Placed.WRITTEN, (path, Placed.UNCHANGED))
    assert path.stat().st_mtime_ns == stamp


def test_other_bars_are_only_replaced_when_told_so(tmp_path: Path) -> None:
    place_tape(tape(), tmp_path)
    other = tape(raw=raw_bars(10))
    with pytest.raises(UserError, match="is there already, with other bars — say --force"):
        place_tape(other, tmp_path)
    assert place_tape(other, tmp_path, replace=True)[1] is Placed.WRITTEN


@pytest.mark.parametrize(("minutes", "text"), [(1, "1m"), (5, "5m"), (60, "1h"), (240, "4h")])
def test_intervals_are_told_in_the_largest_whole_unit(minutes: int, text: str) -> None:
    assert interval_text(minutes * 60_000_000_000) == text
    assert interval_text(30_000_000_000) == "30s"
