"""Entries out of the pages of a torn SQLite file, where SQLite itself cannot find its way any more.

SQLite finds rows through a tree. When the disk took a page near the root, everything below is out of reach though it
is there. Rows lie in the leaves, which say what they are: this reads every leaf of the file, in any order
(https://www.sqlite.org/fileformat2.html). Nothing here is trusted: whoever reads checks the chain.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from rung.journal.entry import Entry

_LEAF = 0x0D
_HEADER = 100
_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
"""Bytes of a number by its serial type."""
_COLUMNS = 6
_LONGEST_VARINT = 9


class _Cell(NamedTuple):
    """Where a row lies: `start` of its content in page `number`, and how long it is."""

    number: int
    start: int
    size: int


class Pages:
    """The leaves of one file. Memory grows with the number of rows, by some hundred bytes each, not with their size."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as file:
            header = file.read(_HEADER)
            page = int.from_bytes(header[16:18], "big")
            self._page_size = 65536 if page == 1 else page
            self._usable = self._page_size - header[20]

    def entries_after(self, seq: int) -> Iterator[list[Entry]]:
        """What could be the entry after `seq`, then the one after that, until there is none.

        Mostly one each; more where a page lies in the file twice, the older one forgotten.
        """
        with self._path.open("rb") as file:
            places = self._places(file)
            while cells := places.get(seq + 1):
                seq += 1
                found = (self._entry(file, seq, cell) for cell in cells)
                yield [entry for entry in found if entry is not None]

    def _places(self, file: BinaryIO) -> dict[int, list[_Cell]]:
        places: dict[int, list[_Cell]] = {}
        for number in range(1, self._path.stat().st_size // self._page_size + 1):
            page = self._page(file, number)
            begins = _HEADER if number == 1 else 0
            if page[begins] != _LEAF:
                continue
            for n in range(int.from_bytes(page[begins + 3 : begins + 5], "big")):
                at = begins + 8 + 2 * n
                place = int.from_bytes(page[at : at + 2], "big")
                size, place = _varint(page, place)
                row, place = _varint(page, place)
                if place < self._usable:
                    places.setdefault(row, []).append(_Cell(number, place, size))
        return places

    def _page(self, file: BinaryIO, number: int) -> bytes:
        file.seek((number - 1) * self._page_size)
        return file.read(self._page_size).ljust(self._page_size, b"\x00")

    def _entry(self, file: BinaryIO, seq: int, cell: _Cell) -> Entry | None:
        content = self._content(file, cell)
        values = None if content is None else _values(content)
        if values is None:
            return None
        _, at_ns, kind, payload, prev_hash, digest = values
        if not (isinstance(at_ns, int) and isinstance(kind, str) and isinstance(payload, bytes)):
            return None
        if not (isinstance(prev_hash, bytes) and isinstance(digest, bytes)):
            return None
        return Entry(seq, at_ns, kind, payload, prev_hash, digest)

    def _content(self, file: BinaryIO, cell: _Cell) -> bytes | None:
        """The row's bytes, those on overflow pages included; None when some are gone."""
        page, most = self._page(file, cell.number), self._usable - 35
        here = cell.size
        if cell.size > most:
            least = (self._usable - 12) * 32 // 255 - 23
            here = least + (cell.size - least) % (self._usable - 4)
            here = here if here <= most else least
        parts, missing = [page[cell.start : cell.start + here]], cell.size - here
        following = int.from_bytes(page[cell.start + here : cell.start + here + 4], "big")
        while missing > 0:
            if following == 0:
                return None
            page = self._page(file, following)
            parts.append(page[4 : 4 + min(missing, self._usable - 4)])
            missing -= len(parts[-1])
            following = int.from_bytes(page[:4], "big")
        return b"".join(parts)


def _values(content: bytes) -> list[object] | None:
    """The columns of a row; None when it is not one of six of ours."""
    length, place = _varint(content, 0)
    types = []
    while place < length:
        kind, place = _varint(content, place)
        types.append(kind)
    if place != length or len(types) != _COLUMNS:
        return None
    values: list[object] = []
    for kind in types:
        value, size = _value(content[place:], kind)
        values.append(value)
        place += size
    return values if place == len(content) else None


def _value(content: bytes, kind: int) -> tuple[object, int]:
    """(value, bytes it takes). Kinds no journal holds are None."""
    if kind in _INTEGERS:
        size = _INTEGERS[kind]
        return int.from_bytes(content[:size], "big", signed=True), size
    if kind in (8, 9):
        return kind - 8, 0
    size = (kind - 12) // 2 if kind >= 12 else 0
    blob = content[:size]
    if kind >= 12 and kind % 2 == 0:
        return blob, size
    if kind >= 13:
        return blob.decode("utf-8", "replace"), size
    return None, 8 if kind == 7 else 0


def _varint(content: bytes, place: int) -> tuple[int, int]:
    """(number, place behind it). Beyond the end it is 0."""
    number = 0
    for n in range(_LONGEST_VARINT):
        byte = content[place + n] if place + n < len(content) else 0
        if n == _LONGEST_VARINT - 1:
            return number << 8 | byte, place + n + 1
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            return number, place + n + 1
    raise AssertionError("a varint ends")
