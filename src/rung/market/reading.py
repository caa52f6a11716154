"""Files of bars as tables of text or typed columns, with the place of everything that is wrong."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from rung.domain.errors import UserError
from rung.market.tape import COLUMNS

if TYPE_CHECKING:
    import polars as pl

TIME_COLUMNS = ("ts_nyt_epoch", "timestamp_ms", "timestamp", "ts_utc")
"""Columns that can hold the time, the most trustworthy first."""
OTHER_COLUMNS = ("bar_id", "symbol", "ticker", "vwap", "vw", "transactions", "n", "trade_count")
"""Columns that may be there and are not needed (bar_id is looked at)."""

SUFFIXES = (".parquet", ".csv", ".csv.gz")
FORMS = "timestamp,open,high,low,close,volume[,bar_id] or ts_utc,ts_nyt_epoch,open,… or timestamp_ms,open,…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A file's columns. CSV cells are text, Parquet cells keep their type.

    text : the decoded CSV, from which line numbers are counted when something is wrong; empty for Parquet.
    metadata : the labels of a Parquet file.
    """

    path: Path
    frame: pl.DataFrame
    text: str
    metadata: dict[str, str]

    def place(self, row: int, column: str) -> str:
        """`file.csv, line 17, column close` for a 0-based row."""
        if self.text:
            return f"{self.path}, line {_line_of(self.text, row)}, column {column}"
        return f"{self.path}, row {row + 1}, column {column}"


def read_table(path: Path) -> Table:
    """A `.csv`, `.csv.gz` or `.parquet` file. Raises UserError when it cannot be read or has not the right columns."""
    if not path.is_file():
        raise UserError("there is no such file", where=str(path), remedy="check the path")
    kind = next((suffix for suffix in SUFFIXES if path.name.lower().endswith(suffix)), None)
    if kind is None:
        raise UserError("is neither .csv, .csv.gz nor .parquet", where=str(path), remedy="convert it to one of them")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror or error}", where=str(path)) from None
    if not content:
        raise UserError("is empty", where=str(path), remedy="fetch it again")
    table = _parquet(path, content) if kind == ".parquet" else _csv(path, content, packed=kind == ".csv.gz")
    _check_header(table)
    if table.frame.is_empty():
        raise UserError("has a header but no bars", where=str(path), remedy="fetch it again")
    return table


def _parquet(path: Path, content: bytes) -> Table:
    import polars as pl

    try:
        frame = pl.read_parquet(io.BytesIO(content))
        metadata = pl.read_parquet_metadata(io.BytesIO(content))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise UserError(
            f"is not a whole Parquet file ({_first_line(error)})", where=str(path), remedy="fetch it again"
        ) from None
    return Table(path=path, frame=_lower(frame), text="", metadata=metadata)


def _csv(path: Path, content: bytes, *, packed: bool) -> Table:
    import polars as pl

    text = _decoded(path, _unpacked(path, content) if packed else content)
    if not text.strip():
        raise UserError("is empty", where=str(path), remedy="fetch it again")
    _check_rows(path, text)
    try:
        frame = pl.read_csv(io.BytesIO(_without_blank_lines(text).encode()), infer_schema=False)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise UserError(f"cannot be read as CSV ({_first_line(error)})", where=str(path)) from None
    return Table(path=path, frame=_lower(frame), text=text, metadata={})


def _unpacked(path: Path, content: bytes) -> bytes:
    try:
        return gzip.decompress(content)
    except (EOFError, OSError, zlib.error) as error:
        what = "is cut off" if isinstance(error, EOFError) else f"is not a sound gzip file ({error})"
        raise UserError(what, where=str(path), remedy="fetch it again") from None


def _decoded(path: Path, content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(
            "holds bytes that are not text", where=f"{path}, line {line}", remedy="fetch it again"
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise UserError("holds a NUL byte", where=f"{path}, line {line}", remedy="fetch it again")
    return text


def _without_blank_lines(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if line.strip())


def _check_rows(path: Path, text: str) -> None:
    """Every line has as many cells as the header."""
    lines = text.splitlines()
    wanted = next(line for line in lines if line.strip()).count(",")
    for number, line in enumerate(lines, start=1):
        if line.count(",") != wanted and line.strip() and '"' not in line:
            cells = line.count(",") + 1
            raise UserError(
                f"has {cells} cells where the header has {wanted + 1}",
                where=f"{path}, line {number}, column {cells}",
                remedy="the file may be cut off: fetch it again",
            )


def _check_header(table: Table) -> None:
    names = table.frame.columns
    known = (*TIME_COLUMNS, *COLUMNS, *OTHER_COLUMNS)
    where = f"{table.path}, line 1" if table.text else str(table.path)
    missing = [name for name in COLUMNS if name not in names]
    for position, name in enumerate(names, start=1):
        if name not in known:
            likely = get_close_matches(name, missing or known, n=1, cutoff=0.5) or get_close_matches(name, known, n=1)
            raise UserError(
                f"unknown column {name!r}",
                where=f"{where}, column {position}",
                remedy=f"did you mean {likely[0]!r}?" if likely else f"the header must be {FORMS}",
            )
    if missing or not set(TIME_COLUMNS) & set(names):
        lacking = missing or ["timestamp"]
        raise UserError(f"lacks the column {lacking[0]!r}", where=where, remedy=f"the header must be {FORMS}")


def _line_of(text: str, row: int) -> int:
    """The 1-based line of a data row, blank lines and quoted line breaks counted."""
    reader = csv.reader(io.StringIO(text))
    seen = -1  # the header
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        if seen == row:
            break
        seen += 1
    return reader.line_num


def _lower(frame: pl.DataFrame) -> pl.DataFrame:
    names = [name.strip().lower() for name in frame.columns]
    if len(set(names)) < len(names):
        return frame
    return frame.rename(dict(zip(frame.columns, names, strict=True)))


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
