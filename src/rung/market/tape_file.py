"""Writes a tape as Parquet, labels included."""

from __future__ import annotations

from pathlib import Path

from rung.market.atomic import told_to_the_user, written_whole
from rung.market.importers import SOURCE_KEY, SYNTHETIC_KEY
from rung.market.tape import COLUMNS, Tape


def tape_file_name(tape: Tape) -> str:
    """`TQQQ_1m.parquet`."""
    return f"{tape.symbol}_{interval_text(tape.interval_ns)}.parquet"


def interval_text(interval_ns: int) -> str:
    """`1m`, `5m`, `1h`; seconds when it is not whole minutes."""
    seconds = interval_ns // 1_000_000_000
    if seconds % 3600 == 0:
        return f"{seconds // 3600}h"
    return f"{seconds // 60}m" if seconds % 60 == 0 else f"{seconds}s"


def write_tape(tape: Tape, path: Path) -> None:
    """The tape as Parquet (zstd): `timestamp` in UTC, then the five columns; source and the synthetic label inside.

    The file is whole or not there. Raises UserError when the disk refuses.
    """
    import polars as pl

    stamps = pl.Series("timestamp", tape.open_ns).cast(pl.Datetime("ns", "UTC")).dt.cast_time_unit("us")
    frame = pl.DataFrame([stamps, *(pl.Series(name, getattr(tape, name)) for name in COLUMNS)])
    labels = {SOURCE_KEY: tape.source, SYNTHETIC_KEY: "true" if tape.synthetic else "false"}
    with told_to_the_user(path), written_whole(path) as draft:
        frame.write_parquet(draft, compression="zstd", metadata=labels)
