"""P12 for the whole desk: cutting or scrambling the tape after minute t changes nothing said or done up to t."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.integration.mock_runs import LINES, SIX, mock

from rung.reports.sessions import session_file

DAY = "2025-09-18"
CUT = datetime(2025, 9, 18, 17, 0, tzinfo=UTC)  # 13:00 in New York
PRICES = ["open", "high", "low", "close"]


def tapes(source: Path) -> dict[str, pl.DataFrame]:
    start, stop = datetime(2025, 9, 15, tzinfo=UTC), datetime(2025, 9, 19, tzinfo=UTC)
    frames = {}
    for symbol in SIX.split(","):
        frame = pl.read_parquet(source / f"{symbol}_1m.parquet")
        stamp = pl.col("timestamp").cast(pl.Datetime("ns", "UTC"))
        frames[symbol] = frame.filter(stamp.is_between(start, stop, closed="left"))
    return frames


def is_past() -> pl.Expr:
    return pl.col("timestamp").cast(pl.Datetime("ns", "UTC")) < CUT


def scrambled(frame: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Every bar from the cut on gets another price level and another volume."""
    chance = np.random.default_rng(seed)
    factors = pl.Series("factor", np.exp(chance.normal(0.0, 0.01, len(frame)).cumsum()))
    lots = pl.Series("lots", chance.integers(1, 9, len(frame)))
    return (
        frame.with_columns(factors, lots)
        .with_columns(
            *(pl.when(is_past()).then(pl.col(c)).otherwise(pl.col(c) * pl.col("factor")).alias(c) for c in PRICES),
            pl.when(is_past())
            .then(pl.col("volume"))
            .otherwise((pl.col("volume") * pl.col("lots")).cast(frame.schema["volume"]))
            .alias("volume"),
        )
        .drop("factor", "lots")
    )


def said_until_cut(out: Path) -> dict[str, list[str]]:
    """Lines up to the cut. A trade stamped exactly then may be at the open of the first bar after it: left out here,
    while a fill inside the last bar before the cut still shows in the cash and equity of the positions."""
    limit = int(CUT.timestamp() * 1000)
    lines = {kind: session_file(out, kind, DAY).read_text().splitlines() for kind in LINES}
    last = {kind: limit - 1 if kind == "trades" else limit for kind in LINES}
    return {kind: [line for line in lines[kind] if json.loads(line)["timestamp_ms"] <= last[kind]] for kind in LINES}


def run(frames: dict[str, pl.DataFrame], folder: Path) -> dict[str, list[str]]:
    data, out = folder / "data", folder / "out"
    data.mkdir(parents=True)
    for symbol, frame in frames.items():
        frame.write_parquet(data / f"{symbol}_1m.parquet")
    mock(data, out, DAY, DAY, "--shuffles", "0")
    return said_until_cut(out)


def first_difference(one: dict[str, list[str]], other: dict[str, list[str]]) -> tuple[str, str, str] | None:
    """(file, line here, line there) where two runs first part; the end of a file counts as an empty line."""
    for kind in LINES:
        for here, there in zip_longest(one[kind], other[kind], fillvalue=""):
            if here != there:
                return kind, here, there
    return None


@pytest.mark.data
def test_nothing_up_to_minute_t_depends_on_the_tape_after_it(real_data: Path, tmp_path: Path) -> None:
    frames = tapes(real_data / "equities")
    whole = run(frames, tmp_path / "whole")
    cut = run({s: f.filter(is_past()) for s, f in frames.items()}, tmp_path / "cut")
    mixed = run({s: scrambled(f, n) for n, (s, f) in enumerate(frames.items())}, tmp_path / "scrambled")
    assert first_difference(whole, cut) is None
    assert first_difference(whole, mixed) is None
    assert len(whole["signals"]) > 500
    assert whole["trades"], "a day without a trade before the cut shows nothing"
