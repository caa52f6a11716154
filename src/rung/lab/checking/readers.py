"""Files that a strategy reads by itself: while it is checked they are copies with the same other future.

A strategy file may open the tapes on its own, at import, in `start` or in `decide`; that is how a future gets in. So
during a check whatever below the folder of tapes is opened by Python's `open`, polars, pandas, numpy or pyarrow — by
whatever spelling of the path, a pattern included — is a copy whose bars after the cut are changed like the tapes of
the run. What is no tape, or lies elsewhere, is read as it is and noted: nothing is known about it.
"""

from __future__ import annotations

import glob
import importlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from types import FrameType
from typing import Any
from unittest.mock import patch

from rung.domain.errors import UserError
from rung.lab.checking.futures import Future, changed, seed_of
from rung.market.importers import Reading, read_raw
from rung.market.reading import SUFFIXES
from rung.market.tape import COLUMNS
from rung.market.tape_cache import TapeCache

_TABLES = ("read_parquet", "scan_parquet", "read_csv", "scan_csv", "read_ipc", "scan_ipc", "read_ndjson", "scan_ndjson")
READERS: dict[str, tuple[str, ...]] = {
    "builtins": ("open",),
    "io": ("open",),
    "polars": _TABLES,
    "pandas": ("read_parquet", "read_csv", "read_table", "read_feather", "read_json"),
    "numpy": ("load", "loadtxt", "genfromtxt", "fromfile", "memmap"),
    "pyarrow.parquet": ("read_table", "ParquetFile"),
}
_PATH_WORDS = ("source", "file", "path", "filepath_or_buffer", "fname", "filename", "where")
_WRITES = set("wax+")


@dataclass(slots=True)
class Reads:
    """What a run read by itself. tapes : (file, line of the author's file).   others : files nothing is known about."""

    tapes: dict[str, str] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Copies:
    """Changed copies of the tapes of a folder, made when they are asked for.

    root : the folder of tapes, None when they are objects.   authors : folder of the author's files.
    scratch : where copies go; emptied by whoever made it.   future : None reads what is there.
    """

    root: Path | None
    authors: Path | None
    scratch: Path
    known_ns: int = 0
    future: Future | None = None
    reads: Reads = field(default_factory=Reads)
    _made: dict[tuple[Path, int, Future], Path] = field(default_factory=dict)
    _raw: dict[Path, Reading | None] = field(default_factory=dict)
    _count: int = 0
    busy: bool = False
    """True while a copy is being made: what that reads is the file itself, through whichever reader."""

    def instead_of(self, asked: Any) -> Any:
        """What is read when `asked` is asked for: the same thing, or its changed copy."""
        if isinstance(asked, list):
            return [self.instead_of(each) for each in asked]
        if not isinstance(asked, str | os.PathLike) or isinstance(asked, bytes):
            return asked
        text = os.fspath(asked)
        if isinstance(text, str) and ("*" in text or os.path.isdir(text)) and self._inside(Path(text)):
            pattern = os.path.join(text, "*") if os.path.isdir(text) else text
            return [self.instead_of(each) for each in sorted(glob.glob(pattern))]
        return self._file(asked)

    def _inside(self, path: Path) -> bool:
        return self.root is not None and Path(os.path.abspath(path)).is_relative_to(self.root)

    def _file(self, asked: Any) -> Any:
        path = Path(os.path.realpath(asked))
        line = self._line()
        if not (self._inside(path) or self._inside(Path(asked))) or not path.name.lower().endswith(SUFFIXES):
            if line and path.suffix not in (".py", ".pyc") and path.is_file():
                self.reads.others.setdefault(str(asked), line)
            return asked
        if not path.is_file():
            return asked
        self.reads.tapes.setdefault(path.name, line)
        return asked if self.future is None else self._copy(path, self.future) or asked

    def _line(self) -> str:
        """`file:line` of the author's code that asks; "" when the author does not."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            name = frame.f_code.co_filename
            if (
                self.authors is not None
                and not name.startswith("<")
                and Path(os.path.abspath(name)).parent == self.authors
            ):
                return f"{name}:{frame.f_lineno}"
            frame = frame.f_back
        return ""

    def _copy(self, path: Path, future: Future) -> Path | None:
        key = (path, self.known_ns, future)
        if key not in self._made:
            if path not in self._raw:
                self._raw[path] = _raw_or_none(path)
            reading = self._raw[path]
            if reading is None:
                self.reads.others.setdefault(str(path), self._line())
                return None
            self._count += 1
            target = self.scratch / str(self._count) / path.name
            target.parent.mkdir()
            _write_changed(reading, target, self.known_ns, future)
            self._made[key] = target
        return self._made[key]

    def forget_copies(self) -> None:
        """Delete what was copied; a year of minutes takes some 30 MB a copy."""
        for copy in self._made.values():
            copy.unlink(missing_ok=True)
            copy.parent.rmdir()
        self._made.clear()


def _raw_or_none(path: Path) -> Reading | None:
    try:
        return read_raw(path)
    except UserError:
        return None


def _write_changed(reading: Reading, target: Path, known_ns: int, future: Future) -> None:
    """The file as it was, its columns, types and stamps included, with other bars after the cut."""
    import polars as pl

    raw, label = reading.raw, reading.label
    is_future = raw.open_ns + label.interval_ns > known_ns
    other = changed(raw, is_future, future, seed_of(label.symbol, known_ns))
    frame = reading.table.frame
    if future is Future.REMOVED:
        frame = frame.filter(~pl.Series(is_future))
    frame = frame.with_columns(
        pl.Series(name, getattr(other, name)).cast(frame.schema[name], strict=False) for name in COLUMNS
    )
    if target.name.lower().endswith(".parquet"):
        frame.write_parquet(target, compression="uncompressed", metadata=reading.table.metadata or None)
    elif target.name.lower().endswith(".gz"):
        import gzip

        target.write_bytes(gzip.compress(frame.write_csv().encode()))
    else:
        frame.write_csv(target)


@contextmanager
def reading_through(copies: Copies) -> Iterator[None]:
    """While it lasts the usual readers read through `copies`, and the cache of tapes is passed by."""
    with ExitStack() as stack:
        stack.enter_context(patch.object(TapeCache, "find", lambda self, source: None))
        stack.enter_context(patch.object(TapeCache, "keep", lambda self, source, tape: None))
        for module_name, names in READERS.items():
            module = sys.modules.get(module_name)
            if module is None and module_name in ("polars", "numpy"):
                module = importlib.import_module(module_name)
            for name in names if module is not None else ():
                if hasattr(module, name):
                    stack.enter_context(patch.object(module, name, _through(getattr(module, name), copies)))
        yield


def _through(read: Callable[..., Any], copies: Copies) -> Callable[..., Any]:
    @wraps(read, updated=())
    def instead(*args: Any, **words: Any) -> Any:
        if copies.busy or (read.__name__ == "open" and _writes(args, words)):
            return read(*args, **words)
        copies.busy = True
        try:
            if args:
                args = (copies.instead_of(args[0]), *args[1:])
            words = {name: copies.instead_of(value) if name in _PATH_WORDS else value for name, value in words.items()}
        finally:
            copies.busy = False
        return read(*args, **words)

    return instead


def _writes(args: tuple[Any, ...], words: dict[str, Any]) -> bool:
    mode = words.get("mode", args[1] if len(args) > 1 else "r")
    return isinstance(mode, str) and bool(_WRITES & set(mode))
