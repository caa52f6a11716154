"""P12 for the whole desk: cutting or scrambling the tape after minute t changes nothing said or done up to t."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.integration.mock_runs import LINES, OLD_SIX, SIX, mock

from rung.reports.sessions import session_file

CUTS = {
    "an ordinary day, 13:00": (SIX, datetime(2025, 9, 18, 17, 0, tzinfo=UTC)),
    "inside the halts of April": (OLD_SIX, datetime(2025, 4, 7, 14, 13, tzinfo=UTC)),
    "among false prints": (OLD_SIX, datetime(2025, 4, 23, 15, 31, tzinfo=UTC)),
    "an early close, 11:30": (OLD_SIX, datetime(2025, 7, 3, 15, 30, tzinfo=UTC)),
}
PRICES = ["open", "high", "low", "close"]


def tapes(source: Path, symbols: str, cut: datetime) -> dict[str, pl.DataFrame]:
    """The bars of the four calendar days before the cut and of its own."""
    start, stop = cut.replace(hour=0, minute=0) - timedelta(days=4), cut.replace(hour=0, minute=0) + timedelta(days=1)
    frames = {}
    for symbol in symbols.split(","):
        frame = pl.read_parquet(source / f"{symbol}_1m.parquet")
        stamp = pl.col("timestamp").cast(pl.Datetime("ns", "UTC"))
        frames[symbol] = frame.filter(stamp.is_between(start, stop, closed="left"))
    return frames


def is_past(cut: datetime) -> pl.Expr:
    return pl.col("timestamp").cast(pl.Datetime("ns", "UTC")) < cut


def scrambled(frame: pl.DataFrame, cut: datetime, seed: int) -> pl.DataFrame:
    """Every bar from the cut on gets another price level and another volume."""
    chance = np.random.default_rng(seed)
    factors = pl.Series("factor", np.exp(chance.normal(0.0, 0.01, len(frame)).cumsum()))
    lots = pl.Series("lots", chance.integers(1, 9, len(frame)))
    return (
        frame.with_columns(factors, lots)
        .with_columns(
            *(pl.when(is_past(cut)).then(pl.col(c)).otherwise(pl.col(c) * pl.col("factor")).alias(c) for c in PRICES),
            pl.when(is_past(cut))
            .then(pl.col("volume"))
            .otherwise((pl.col("volume") * pl.col("lots")).cast(frame.schema["volume"]))
            .alias("volume"),
        )
        .drop("factor", "lots")
    )


def said_until_cut(out: Path, cut: datetime) -> dict[str, list[str]]:
    """Lines up to the cut. A trade stamped exactly then may be at the open of the first bar after it: left out here,
    while a fill inside the last bar before the cut still shows in the cash and equity of the positions."""
    limit, day = int(cut.timestamp() * 1000), cut.date().isoformat()
    lines = {kind: session_file(out, kind, day).read_text().splitlines() for kind in LINES}
    last = {kind: limit - 1 if kind == "trades" else limit for kind in LINES}
    return {kind: [line for line in lines[kind] if json.loads(line)["timestamp_ms"] <= last[kind]] for kind in LINES}


def run(frames: dict[str, pl.DataFrame], cut: datetime, folder: Path) -> dict[str, list[str]]:
    data, out = folder / "data", folder / "out"
    data.mkdir(parents=True)
    for symbol, frame in frames.items():
        frame.write_parquet(data / f"{symbol}_1m.parquet")
    day = cut.date().isoformat()
    mock(data, out, day, day, "--shuffles", "0", "--symbols", ",".join(frames))
    return said_until_cut(out, cut)


def first_difference(one: dict[str, list[str]], other: dict[str, list[str]]) -> tuple[str, str, str] | None:
    """(file, line here, line there) where two runs first part; the end of a file counts as an empty line."""
    for kind in LINES:
        for here, there in zip_longest(one[kind], other[kind], fillvalue=""):
            if here != there:
                return kind, here, there
    return None


@pytest.mark.data
@pytest.mark.parametrize("name", CUTS, ids=lambda name: name.replace(" ", "_"))
def test_nothing_up_to_minute_t_depends_on_the_tape_after_it(real_data: Path, tmp_path: Path, name: str) -> None:
    symbols, cut = CUTS[name]
    frames = tapes(real_data / "equities", symbols, cut)
    whole = run(frames, cut, tmp_path / "whole")
    ended = run({s: f.filter(is_past(cut)) for s, f in frames.items()}, cut, tmp_path / "ended")
    mixed = run({s: scrambled(f, cut, n) for n, (s, f) in enumerate(frames.items())}, cut, tmp_path / "scrambled")
    assert first_difference(whole, ended) is None
    assert first_difference(whole, mixed) is None
    assert len(whole["signals"]) > 100
    assert whole["trades"], "a day without a trade before the cut shows nothing"
