"""Journals as JSON lines: for people, `jq` and archives. Written from a store, verifiable like one.

One entry a line: `{"seq":…,"at_ns":…,"kind":…,"payload":…,"prev_hash":"hex","hash":"hex"}`, the payload being the very
bytes that were hashed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from rung.domain.errors import Tampered, UserError
from rung.journal.codec import decode
from rung.journal.entry import Entry, Head
from rung.journal.store import FIRST, LAST, Row

_BATCH = 2_000


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    seq: int
    at_ns: int
    kind: str
    payload: msgspec.Raw
    prev_hash: str
    hash: str


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Line).decode


def line_of(entry: Entry) -> bytes:
    """The entry as one line with its newline."""
    seq, at_ns, kind, payload, prev_hash, digest = entry
    return _encode(_Line(seq, at_ns, kind, msgspec.Raw(payload), prev_hash.hex(), digest.hex())) + b"\n"


def named_line_of(entry: Entry) -> bytes:
    """The entry with every field of its payload by name: comfortable, but not what was hashed."""
    return _encode(named(entry)) + b"\n"


def named(entry: Entry) -> dict[str, Any]:
    """The entry as plain values with every field by name."""
    return {
        "seq": entry.seq,
        "at_ns": entry.at_ns,
        "kind": entry.kind,
        "payload": msgspec.to_builtins(decode(entry.payload)),
        "hash": entry.hash.hex(),
    }


def export(entries: Iterable[Entry], target: Path, *, by_name: bool = False) -> int:
    """Write a new file that is whole or absent; returns the number of entries. UserError when it exists."""
    if target.exists():
        raise UserError("the file exists already", where=str(target), remedy="name a new file")
    partial = target.with_name(target.name + ".partial")
    written = 0
    spell = named_line_of if by_name else line_of
    try:
        with partial.open("wb") as out:
            for entry in entries:
                out.write(spell(entry))
                written += 1
        partial.replace(target)
    except OSError as error:
        raise UserError(f"cannot write: {error.strerror}", where=str(target)) from None
    finally:
        partial.unlink(missing_ok=True)
    return written


class JsonlReader:
    """Looks into an exported journal."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise UserError("no such journal", where=str(path), remedy="name an existing file")
        self.path = path

    def read(self, from_seq: int = 1, to_seq: int | None = None) -> Iterator[Entry]:
        for entry in self._entries():
            if to_seq is not None and entry.seq > to_seq:
                return
            if entry.seq >= from_seq:
                yield entry

    def batches(self, from_seq: int, to_seq: int) -> Iterator[Sequence[Row]]:
        rows = self.read(from_seq, to_seq)
        while batch := list(islice(rows, _BATCH)):
            yield batch

    def _entries(self) -> Iterator[Entry]:
        with self.path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                yield self._parse(number, line)

    def _parse(self, number: int, line: bytes) -> Entry:
        if not line.endswith(b"\n"):
            raise UserError(
                f"line {number} is cut short: its entry is lost",
                where=str(self.path),
                remedy="run `rung journal recover` on it",
            )
        return parse_line(number, line)

    def head(self) -> Head | None:
        """The last entry, as the file has it: lines cannot tell that their end is missing, anchors can."""
        last = None
        for entry in self._entries():
            last = entry
        return None if last is None else Head(last.seq, last.hash)

    def close(self) -> None:
        """Nothing is held open between reads."""


def parse_line(number: int, line: bytes) -> Entry:
    """Raises Tampered for a line that is whole but no entry."""
    try:
        seq, at_ns, kind, payload, prev_hash, digest = msgspec.structs.astuple(_decode(line))
        if FIRST <= seq <= LAST and FIRST <= at_ns <= LAST:
            return Entry(seq, at_ns, kind, bytes(payload), bytes.fromhex(prev_hash), bytes.fromhex(digest))
    except (msgspec.DecodeError, ValueError):
        pass
    raise Tampered(f"line {number} was edited: it is not an entry")


def whole_lines(source: BinaryIO) -> Iterator[bytes]:
    """Lines that end; a torn last one is left out."""
    for line in source:
        if line.endswith(b"\n"):
            yield line
