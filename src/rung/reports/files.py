"""Writing for people: whole lines, atomic renames, and one clear sentence when the disk refuses."""

from __future__ import annotations

import os
from pathlib import Path

from rung.domain.errors import UserError

PARTIAL = ".partial"
PROBE = "rung_may_write"
REMEDY = "choose a writable folder with --out, or free some space"
BUFFER_BYTES = 256 * 1024


def unwritable(path: Path, error: OSError) -> UserError:
    """The error of a person whose output cannot be written."""
    if isinstance(error, FileExistsError | NotADirectoryError):
        return UserError(
            "a folder is wanted, and a file is in its place", where=str(path), remedy="name a folder with --out"
        )
    return UserError(f"cannot write: {error.strerror or error}", where=str(path), remedy=REMEDY)


def make_folder(path: Path) -> None:
    """Create the folder and its parents; a file in its place or missing rights raise UserError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(path, error) from error


def writable_folder(path: Path) -> None:
    """As `make_folder`, and a file was written there and removed: told before long work, not after it."""
    make_folder(path)
    probe = path / f".{PROBE}{PARTIAL}"
    try:
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise unwritable(path, error) from error


def write_atomically(path: Path, content: bytes) -> None:
    """All of it or nothing: written beside, then renamed over."""
    beside = path.with_name(path.name + PARTIAL)
    try:
        try:
            beside.write_bytes(content)
            beside.replace(path)
        except OSError:
            beside.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise unwritable(path, error) from error


class LineFile:
    """A file of whole lines, named `*.partial` until it is complete.

    After a failed write the file is cut back to its last whole line, so that what is there can always be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._partial = path.with_name(path.name + PARTIAL)
        self._buffer = bytearray()
        self._size = 0
        try:
            self._descriptor = os.open(self._partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        except OSError as error:
            raise unwritable(self._partial, error) from error

    def add(self, lines: bytes) -> None:
        """Take in lines that end with a newline; they may wait in memory until `flush`."""
        self._buffer += lines
        if len(self._buffer) > BUFFER_BYTES:
            self.flush()

    def flush(self) -> None:
        """Hand every waiting line to the operating system."""
        waiting = bytes(self._buffer)
        self._buffer.clear()
        written = 0
        try:
            while written < len(waiting):
                written += os.write(self._descriptor, waiting[written:])
        except OSError as error:
            self._size += waiting.rfind(b"\n", 0, written) + 1
            os.ftruncate(self._descriptor, self._size)
            os.lseek(self._descriptor, self._size, os.SEEK_SET)
            raise unwritable(self._partial, error) from error
        self._size += written

    def close(self, *, complete: bool) -> None:
        """Write what waits; rename to the final name only when the content is complete."""
        try:
            self.flush()
        finally:
            os.close(self._descriptor)
        if complete:
            try:
                self._path.unlink(missing_ok=True)  # renaming over a file makes ext4 flush: 8 ms each, every session
                self._partial.replace(self._path)
            except OSError as error:
                raise unwritable(self._path, error) from error
