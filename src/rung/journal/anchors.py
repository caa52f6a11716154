"""Anchors: the journal's head, told to somebody outside of it.

A chain shows that an entry was changed; only a head remembered elsewhere shows that the end was cut off, or that the
whole chain was written anew. An anchor file belongs on another disk, another machine or paper.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from rung.domain.errors import UserError
from rung.journal.store import NotDurable

_WORD = "rung-anchor"


class Anchor(NamedTuple):
    """Entry `seq` had this `hash` (32 bytes) when the journal was at `at_ns`."""

    seq: int
    hash: bytes
    at_ns: int


class Announce(Protocol):
    """Tells an anchor to the outside; returns only when it cannot be taken back. `where` names the place."""

    where: str

    def announce(self, anchor: Anchor) -> None: ...


class AnchorFile:
    """An append-only text file, one anchor a line: `rung-anchor 1 SEQ HASH AT_NS`. Synced to disk at every line."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.where = f"file {path.name}"

    def announce(self, anchor: Anchor) -> None:
        """Raises ValueError for a head no entry has: nothing can be compared with it."""
        if anchor.seq < 1:
            raise ValueError("an empty journal has no head to tell")
        line = f"{_WORD} 1 {anchor.seq} {anchor.hash.hex()} {anchor.at_ns}\n"
        try:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                os.write(descriptor, line.encode("ascii"))
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise NotDurable(f"cannot write the anchor file {self.path}: {error.strerror}") from None

    def read(self) -> Sequence[Anchor]:
        """Every anchor in the file, oldest first; at least one. A line that is not an anchor is an error."""
        try:
            text = self.path.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"cannot read the anchor file: {error}", where=str(self.path)) from None
        found = [self._parse(number, line) for number, line in enumerate(text.splitlines(), 1) if line]
        if not found:
            raise UserError(
                "the file holds no anchor", where=str(self.path), remedy="restore it from where it was kept safe"
            )
        return found

    def _parse(self, number: int, line: str) -> Anchor:
        try:
            word, version, seq, digest, at_ns = line.split()
            if (word, version) == (_WORD, "1") and len(digest) == 64 and seq.isdigit() and int(seq) > 0:
                return Anchor(int(seq), bytes.fromhex(digest), int(at_ns))
        except ValueError:
            pass
        raise UserError(
            f"not an anchor: {line[:60]!r}",
            where=f"{self.path}:{number}",
            remedy="restore the file from where it was kept safe",
        )
