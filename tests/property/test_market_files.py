"""Whatever is written reads back bit for bit, through every form, and every spoilt byte is noticed or harmless."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.market.made import OPEN_NS, csv_rows, iso_utc, same_bars, tape, write

from rung.domain.clock import NS_PER_MINUTE
from rung.domain.errors import UserError
from rung.market.catalogue import Catalogue
from rung.market.importers import read_tape
from rung.market.tape import RawBars, Tape
from rung.market.tape_file import write_tape

WRITES_FILES = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def sound_bars(draw: st.DrawFn) -> RawBars:
    count = draw(st.integers(min_value=2, max_value=40))
    minutes = np.cumsum(draw(st.lists(st.integers(1, 40), min_size=count, max_size=count)))
    minutes[1] = minutes[0] + 1  # at least one usual step, so that the interval can be told
    minutes[2:] += max(0, int(minutes[1]) - int(minutes[2]) + 1) if count > 2 else 0
    price = st.floats(min_value=1e-6, max_value=1e7, allow_subnormal=False)
    columns = [np.array(draw(st.lists(price, min_size=count, max_size=count))) for _ in range(4)]
    volume = np.array(draw(st.lists(st.floats(0, 1e12), min_size=count, max_size=count)))
    open_, high, low, close = columns
    stamps = OPEN_NS + minutes.astype(np.int64) * NS_PER_MINUTE
    return RawBars(open_ns=stamps, open=open_, high=high, low=low, close=close, volume=volume)


@WRITES_FILES
@given(sound_bars())
def test_parquet_and_cache_give_the_bars_back_bit_for_bit(tmp_path: Path, raw: RawBars) -> None:
    made = tape("X", raw.shifted(3 * 86_400_000_000_000 + 7 * 3_600_000_000_000))  # at night: no session to settle
    write_tape(made, tmp_path / "X_1m.parquet")
    cold = Catalogue(tmp_path, tmp_path / "cache").tape("X")
    warm = Catalogue(tmp_path, tmp_path / "cache").tape("X")
    assert cold.content_id == warm.content_id == made.content_id
    assert same_bars(cold, made)
    assert same_bars(warm, made)


@WRITES_FILES
@given(sound_bars(), st.sampled_from(["offset", "epoch", "ms", "gz"]))
def test_every_csv_form_gives_the_bars_back_bit_for_bit(tmp_path: Path, raw: RawBars, form: str) -> None:
    made = raw.shifted(3 * 86_400_000_000_000 + 7 * 3_600_000_000_000)
    seconds = [int(ns) // 10**9 for ns in made.open_ns]
    if form == "epoch":
        text = csv_rows(made, [str(s) for s in seconds], first="ts_nyt_epoch")
    elif form == "ms":
        text = csv_rows(made, [str(s * 1000) for s in seconds], first="timestamp_ms")
    else:
        text = csv_rows(made, [f"{iso_utc(int(ns) + 5 * 3600 * 10**9)}+05:00" for ns in made.open_ns])
    if form == "gz":
        path = tmp_path / "X_1m.csv.gz"
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path = write(tmp_path / "X_1m.csv", text)
    assert same_bars(read_tape(path), made)


def kept_of(path: Path) -> Tape | None:
    """The tape, or None when it was refused; any other exception fails the test."""
    try:
        return read_tape(path)
    except UserError:
        return None


@WRITES_FILES
@given(sound_bars(), st.data())
def test_a_cut_csv_is_shorter_or_refused_and_never_something_else(
    tmp_path: Path, raw: RawBars, data: st.DataObject
) -> None:
    made = raw.shifted(3 * 86_400_000_000_000 + 7 * 3_600_000_000_000)
    text = csv_rows(made, [f"{iso_utc(int(ns))}Z" for ns in made.open_ns])
    at = data.draw(st.integers(0, len(text) - 1))
    path = write(tmp_path / "X_1m.csv", text[:at])
    back = kept_of(path)
    if back is None:
        return
    count = len(back)
    assert count <= len(made)
    assert np.array_equal(back.open_ns, made.open_ns[:count])
    assert np.array_equal(back.close, made.close[:count])
