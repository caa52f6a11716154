"""Journals as JSON lines: for people, `jq` and archives. Written from a store, verifiable like one.

One entry a line: `{"seq":…,"at_ns":…,"kind":…,"payload":…,"prev_hash":"hex","hash":"hex"}`, the payload being the very
bytes that were hashed. The last line notes the head, `{"end_seq":…,"end_hash":"hex"}`, so that a file cut at the end of
a line is found; exports of earlier versions lack it.
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
_LONGEST_END = 200


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    seq: int
    at_ns: int
    kind: str
    payload: msgspec.Raw
    prev_hash: str
    hash: str


class _End(msgspec.Struct, forbid_unknown_fields=True):
    end_seq: int
    end_hash: str


class _Named(msgspec.Struct, forbid_unknown_fields=True):
    """A line of an export by name, which nobody can verify."""

    seq: int
    at_ns: int
    kind: str
    payload: msgspec.Raw
    hash: str


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Line).decode
_decode_end = msgspec.json.Decoder(_End).decode
_decode_named = msgspec.json.Decoder(_Named).decode
END = b'{"end_seq":'
"""How the line begins that notes the head."""


def line_of(entry: Entry) -> bytes:
    """The entry as one line with its newline."""
    seq, at_ns, kind, payload, prev_hash, digest = entry
    return _encode(_Line(seq, at_ns, kind, msgspec.Raw(payload), prev_hash.hex(), digest.hex())) + b"\n"


def end_line_of(head: Head | None) -> bytes:
    """The line behind the last entry."""
    seq, digest = (0, b"") if head is None else head
    return _encode(_End(seq, digest.hex())) + b"\n"


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
    """Write a new file that is whole or absent; returns the number of entries. UserError when it exists.

    by_name : every field by its name, and no note of the head: such a file is for reading only.
    """
    if target.exists():
        raise UserError("the file exists already", where=str(target), remedy="name a new file")
    partial = target.with_name(target.name + ".partial")
    written, head = 0, None
    spell = named_line_of if by_name else line_of
    try:
        with partial.open("wb") as out:
            for entry in entries:
                out.write(spell(entry))
                written, head = written + 1, Head(entry.seq, entry.hash)
            if not by_name:
                out.write(end_line_of(head))
        partial.replace(target)
    except OSError as error:
        raise UserError(f"cannot write: {error.strerror}", where=str(target)) from None
    finally:
        partial.unlink(missing_ok=True)
    return written


class JsonlReader:
    """Looks into an exported journal.

    noted_end : whether the file says where it ends; without that, missing lines at its end cannot be told.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise UserError("no such journal", where=str(path), remedy="name an existing file")
        if path.stat().st_size == 0:
            raise UserError("the file is empty: no journal was exported to it", where=str(path))
        self.path = path
        self.noted_end = _last_line(path).startswith(END)

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
        for thing in self._lines():
            if isinstance(thing, Entry):
                yield thing

    def _lines(self) -> Iterator[Entry | Head]:
        """The entries, and the noted head when there is one."""
        end: Head | None = None
        with self.path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if not line.endswith(b"\n"):
                    raise UserError(
                        f"line {number} is cut short: {'the end is' if line.startswith(END) else 'its entry is'} lost",
                        where=str(self.path),
                        remedy="run `rung journal recover` on it",
                    )
                if end is not None:
                    raise Tampered(f"line {number} was added behind the noted end of the file")
                thing = parse_line(number, line)
                end = thing if isinstance(thing, Head) else None
                yield thing

    def head(self) -> Head | None:
        """The last entry. Raises Tampered when the file notes another end, as one does whose last lines are gone."""
        last, noted = None, None
        for thing in self._lines():
            if isinstance(thing, Head):
                noted = thing
            else:
                last = Head(thing.seq, thing.hash)
        if noted is not None and noted != (last or Head(0, b"")):
            raise Tampered(_wrong_end(noted, 0 if last is None else last.seq), where=str(self.path))
        return last

    def close(self) -> None:
        """Nothing is held open between reads."""


def parse_line(number: int, line: bytes) -> Entry | Head:
    """The entry, or the noted head. Raises Tampered for a line that is whole but neither.

    A line must be what an export writes, to the byte: of a name that comes twice, readers believe either one.
    """
    try:
        if line.startswith(END):
            end = _decode_end(line)
            head = Head(end.end_seq, bytes.fromhex(end.end_hash))
            if end_line_of(head) == line:
                return head
        seq, at_ns, kind, payload, prev_hash, digest = msgspec.structs.astuple(_decode(line))
        if FIRST <= seq <= LAST and FIRST <= at_ns <= LAST:
            entry = Entry(seq, at_ns, kind, bytes(payload), bytes.fromhex(prev_hash), bytes.fromhex(digest))
            if line_of(entry) == line:
                return entry
    except (msgspec.DecodeError, ValueError):
        if number == 1:
            _refuse_named(line)
    raise Tampered(f"line {number} was edited: it is not an entry")


def _refuse_named(line: bytes) -> None:
    try:
        _decode_named(line)
    except (msgspec.DecodeError, ValueError):
        return
    raise UserError(
        "this file was exported by name: it does not hold what was hashed and cannot be verified",
        remedy="export the journal without --by-name",
    )


def _wrong_end(noted: Head, last_seq: int) -> str:
    if noted.seq > last_seq:
        return f"the end was cut off: entry {last_seq + 1} is missing, and the file notes its end at entry {noted.seq}"
    return f"entry {last_seq} is not the end the file notes (entry {noted.seq}): it was inserted or edited"


def _last_line(path: Path) -> bytes:
    """The last line; nothing when it is longer than any note of an end."""
    with path.open("rb") as file:
        before = max(0, path.stat().st_size - _LONGEST_END)
        file.seek(before)
        _, newline, last = file.read().rstrip(b"\n").rpartition(b"\n")
    return last if newline or before == 0 else b""


def whole_lines(source: BinaryIO) -> Iterator[bytes]:
    """Lines that end; a torn last one is left out."""
    for line in source:
        if line.endswith(b"\n"):
            yield line
