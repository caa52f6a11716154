"""The tapes of a folder, by symbol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from rung.domain.errors import UserError
from rung.market.calendar import DEFAULT_CACHE_DIR
from rung.market.importers import read_tape, symbol_of
from rung.market.reading import SUFFIXES
from rung.market.tape import Tape
from rung.market.tape_cache import TapeCache


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file of bars. `instead_of` lists further files of the same symbol that are not used."""

    symbol: str
    path: Path
    instead_of: tuple[Path, ...] = ()


@dataclass(slots=True)
class Catalogue:
    """Finds `<SYM>_1m.parquet`, `<SYM>_5m.parquet`, `<SYM>.parquet`, `<SYM>_RTH_NH.csv[.gz]`, `<SYM>_*.csv[.gz]`.

    The symbol is what stands before the first underscore. Of several files of one symbol Parquet goes before CSV,
    then the shorter name. Names that start with `_` or `.` are not tapes. `root` is only ever read;
    the memory-mapped copies live in `cache_dir` (None: no cache).
    """

    root: Path
    cache_dir: Path | None = DEFAULT_CACHE_DIR
    _entries: dict[str, Entry] = field(init=False)

    def __post_init__(self) -> None:
        if not self.root.is_dir():
            raise UserError(
                "there is no such folder",
                where=str(self.root),
                remedy="give --data DIR, or make one: `rung data synth --output DIR`",
            )
        self._entries = _discover(self.root)

    def symbols(self) -> tuple[str, ...]:
        """Every symbol with a file, in alphabetical order."""
        return tuple(self._entries)

    def entries(self) -> tuple[Entry, ...]:
        """Every file that is used, in the order of `symbols`."""
        return tuple(self._entries.values())

    def entry(self, symbol: str) -> Entry:
        """The file of a symbol. Raises UserError with the nearest names when there is none."""
        found = self._entries.get(symbol.upper())
        if found is not None:
            return found
        likely = get_close_matches(symbol.upper(), self._entries, n=1)
        remedy = f"did you mean {likely[0]}? " if likely else ""
        raise UserError(
            f"no tape for {symbol}",
            where=str(self.root),
            remedy=f"{remedy}it has {', '.join(self._entries) or 'no tapes at all'}",
        )

    def tape(self, symbol: str) -> Tape:
        """The tape of a symbol, from the cache when its file has not changed."""
        path = self.entry(symbol).path
        if self.cache_dir is None:
            return read_tape(path)
        cache = TapeCache(self.cache_dir)
        found = cache.find(path)
        if found is None:
            found = read_tape(path)
            cache.keep(path, found)
        return found

    def tapes(self, symbols: Sequence[str] = ()) -> tuple[Tape, ...]:
        """The tapes of the given symbols in the given order; of all of them when none is given."""
        return tuple(self.tape(symbol) for symbol in (symbols or self.symbols()))


def _discover(root: Path) -> dict[str, Entry]:
    files: dict[str, list[Path]] = {}
    for path in sorted(root.iterdir(), key=_preference):
        if path.name.startswith((".", "_")) or not path.name.lower().endswith(SUFFIXES) or not path.is_file():
            continue
        files.setdefault(symbol_of(path), []).append(path)
    return {
        symbol: Entry(symbol=symbol, path=paths[0], instead_of=tuple(paths[1:]))
        for symbol, paths in sorted(files.items())
    }


def _preference(path: Path) -> tuple[bool, int, str]:
    return not path.name.lower().endswith(".parquet"), len(path.name), path.name
