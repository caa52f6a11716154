"""Writes a tape as Parquet, labels included."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from rung.domain.errors import UserError
from rung.market.atomic import told_to_the_user, written_whole
from rung.market.importers import SOURCE_KEY, SYNTHETIC_KEY, read_tape
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


class Placed(StrEnum):
    """What became of a tape that was to be put into a folder."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"
    """The same bars were there already."""


def place_tape(tape: Tape, folder: Path, *, replace: bool = False) -> tuple[Path, Placed]:
    """Put a tape into a folder under its usual name.

    A file with other bars is only replaced when `replace` says so; synthetic bars never replace real ones.
    Raises UserError when something is in the way.
    """
    path = folder / tape_file_name(tape)
    if path.exists():
        present = _tape_or_none(path)
        if present is not None and present.content_id == tape.content_id and present.synthetic == tape.synthetic:
            return path, Placed.UNCHANGED
        if tape.synthetic and not (present is not None and present.synthetic):
            raise UserError(
                "synthetic bars must not replace what may be real ones", where=str(path), remedy="choose another folder"
            )
        if not replace and not tape.synthetic:
            raise UserError("is there already, with other bars", where=str(path), remedy="say --force to replace it")
    write_tape(tape, path)
    return path, Placed.WRITTEN


def _tape_or_none(path: Path) -> Tape | None:
    try:
        return read_tape(path)
    except UserError:
        return None
