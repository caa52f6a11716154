"""The store of bullets: every decision of the journals in a folder, ready to be asked about.

    from rung import BulletStore

    store = BulletStore()                                     # logs/mock_trading, else .rung, else logs/demo
    rejected = store.query(tags=["rejected"], since="2025-09-15")

The journals are the truth. The store keeps an index beside them, which it brings up to date when it is opened.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypedDict, Unpack

import msgspec

from rung.adapters.stores.bullet_index import APPLICATION_ID, BulletIndex, Source, Wanted
from rung.adapters.stores.verify_file import file_reader
from rung.apps.bullet_words import instant, regimes, violations, words
from rung.domain.errors import Tampered, UserError
from rung.journal.bullet import Bullet, to_json, utc
from rung.journal.bullets import BulletFold
from rung.journal.codec import decode
from rung.journal.entry import Entry, Head, Kind, genesis
from rung.journal.regimes import BulletParams
from rung.journal.store import FIRST, Reads
from rung.journal.verify import check_key, walk
from rung.market.atomic import told_to_the_user, written_whole

PLACES = (Path("logs/mock_trading"), Path(".rung"), Path("logs/demo"))
JOURNALS = "journal*.sqlite"
SHORTEST_PREFIX = 4
_APPLICATION_ID_AT = 68
"""Where a SQLite file says what it is."""

Progress = Callable[[str, int], None]
"""Told which journal is read and how many of its entries are done."""


class More(TypedDict, total=False):
    """The rarer questions of `query`."""

    violation: str | None
    since: str | int | date | datetime | None
    until: str | int | date | datetime | None
    decision: str | None


class BulletStore:
    """Bullets of a folder of journals, of one journal, or of an index as it lies there."""

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        params: BulletParams | None = None,
        progress: Progress | None = None,
        create: bool = False,
    ) -> None:
        """Open the index and read what the journals hold beyond it, checking their chains on the way.

        path : a folder with journals, a journal, or an index, which is then read as it is; without it the places a
        run writes to.   create : begin an empty index at `path`, for bullets made elsewhere. Where the folder cannot be
        written to, the index is kept in memory and made anew every time.
        UserError: no journal, damaged, of a newer version; Tampered: a journal whose chain does not hold.
        """
        self._params = params if params is not None else BulletParams()
        self._progress = progress
        index, self._journals = (Path(path or PLACES[0] / "bullets.sqlite"), None) if create else self._locate(path)
        self._index = BulletIndex(index)
        if self._journals is not None:
            try:
                self.refresh()
            except BaseException:
                self.close()
                raise

    @property
    def index_path(self) -> Path:
        return self._index.path

    @property
    def in_memory(self) -> bool:
        """Whether the index could not be kept beside the journals."""
        return self._index.in_memory

    def close(self) -> None:
        self._index.close()

    def __enter__(self) -> BulletStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- asking -----------------------------------------------------------------------------------------------

    def load_all(self, limit: int | None = None) -> list[Bullet]:
        """Newest first; all of them without a limit (see `iterate` when they are many)."""
        return self.query(limit=limit)

    def load(self, id: str) -> Bullet:
        """By its id, or by the beginning of it (at least 4 digits) when only one begins so. UserError otherwise."""
        found = self._index.load(id)
        if found is not None:
            return found
        if len(id) < SHORTEST_PREFIX:
            raise UserError(
                f"{id!r} is too short to be meant", remedy=f"give at least {SHORTEST_PREFIX} digits of the id"
            )
        alike = self._index.ids(id.lower())
        if len(alike) == 1:
            return self.load(alike[0])
        if alike:
            raise UserError(f"{id!r} begins several ids", remedy=f"say more of it, as in {alike[0]} or {alike[1]}")
        raise UserError(
            f"there is no bullet {id!r}", where=str(self.index_path), remedy="`rung bullets list` shows the newest ids"
        )

    def query(
        self,
        symbol: str | None = None,
        regime: str | None = None,
        tags: str | Iterable[str] | None = None,
        limit: int | None = None,
        **more: Unpack[More],
    ) -> list[Bullet]:
        """Newest first, everything asked for at once; see `iterate`."""
        return list(self.iterate(symbol, regime, tags, limit, **more))

    def iterate(
        self,
        symbol: str | None = None,
        regime: str | None = None,
        tags: str | Iterable[str] | None = None,
        limit: int | None = None,
        **more: Unpack[More],
    ) -> Iterator[Bullet]:
        """The same, one at a time.

        regime : "low", "up" … of any dimension, or of one: "volatility:low".   tags : any of them.
        violation : its kind, as "missing_stop_loss".   since, until : ISO date or time (UTC), datetime or ns; `until`
        is not included, save a bare date, of which the whole day is.   decision : TRADE or NO_TRADE.
        """
        unknown = sorted(set(more) - set(More.__annotations__))
        if unknown:
            raise TypeError(f"query() got an unexpected keyword argument {unknown[0]!r}")
        if limit is not None and limit < 0:
            raise UserError(f"a limit of {limit} makes no sense", where="limit", remedy="give a number from 0 up")
        violation, decision = more.get("violation"), more.get("decision")
        since_ns, until_ns = instant(more.get("since"), "since"), instant(more.get("until"), "until", end=True)
        if since_ns is not None and until_ns is not None and since_ns >= until_ns:
            raise UserError(
                f"since {more.get('since')} is not before until {more.get('until')}",
                where="since",
                remedy="swap them",
            )
        wanted = Wanted(
            symbol=symbol,
            decision=None if decision is None else decision.upper(),
            regimes=None if regime is None else regimes(regime),
            tags=None if tags is None else words(tags),
            violations=None if violation is None else violations(violation, self._index.term_counts("violation")),
            since_ns=since_ns,
            until_ns=until_ns,
        )
        return self._index.find(wanted, limit)

    def symbols(self) -> dict[str, int]:
        """How many decisions there are about each symbol, the commonest first."""
        return self._index.counts("symbol")

    def tags(self) -> dict[str, int]:
        """How many decisions carry each tag, the commonest first."""
        return self._index.term_counts("tag")

    def get_stats(self) -> dict[str, Any]:
        """Counts: total, symbols, decisions, regimes (volatility, trend, liquidity), violations, tags; date_range."""
        span = self._index.span()
        symbols = self.symbols()
        return {
            "total": sum(symbols.values()),
            "symbols": symbols,
            "date_range": None if span is None else {"start": utc(span[0]), "end": utc(span[1])},
            "decisions": self._index.counts("decision"),
            "regimes": {name: self._index.counts(name) for name in ("volatility", "trend", "liquidity")},
            "violations": self._index.term_counts("violation"),
            "tags": self.tags(),
        }

    # -- writing ----------------------------------------------------------------------------------------------

    def save(self, bullet: Bullet) -> str:
        """Keep a bullet that no journal holds; one with the same id is replaced. Answers its id."""
        self.save_all([bullet])
        return bullet.id

    def save_all(self, bullets: Iterable[Bullet]) -> int:
        """The same for many at once; all of them or none. Answers how many. UserError where nothing can be kept."""
        if self.in_memory:
            raise UserError(
                "the index cannot be written here, and is in memory only",
                where=str(self.index_path),
                remedy="make the folder writable, or begin an index elsewhere",
            )
        with self._index.writing():
            return self._index.put(bullets)

    def export_jsonl(self, path: str | os.PathLike[str], bullets: Iterable[Bullet] | None = None) -> int:
        """Write bullets (default: all, newest first) as lines of JSON into a new file. Answers how many."""
        target = Path(path)
        if target.exists():
            raise UserError("the file exists already", where=str(target), remedy="name a new file")
        if not target.parent.is_dir():
            raise UserError("no such folder", where=str(target.parent), remedy="make it first")
        number = 0
        with told_to_the_user(target), written_whole(target) as draft, draft.open("wb") as file:
            for bullet in self.iterate() if bullets is None else bullets:
                file.write(to_json(bullet) + b"\n")
                number += 1
        return number

    # -- keeping up with the journals -------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read what the journals hold beyond the index. A journal that is gone or was written anew takes its bullets
        with it; copies of one journal count once."""
        chosen = _without_copies(self._journals or ())
        known = self._index.sources()
        gone = sorted(set(known) - {path.name for path in chosen})
        if gone:
            with self._index.writing():
                for name in gone:
                    self._index.forget(name)
        for path in chosen:
            with _naming(path), closing(file_reader(path)) as reader:
                self._catch_up(path.name, reader, known.get(path.name))

    def _catch_up(self, name: str, reader: Reads, known: Source | None) -> None:
        head = reader.head()
        if head is None:
            return
        if known is not None and known.params == self._params_text and (known.seq, known.hash) == tuple(head):
            return
        with self._index.writing():
            if known is not None and not (known.params == self._params_text and _holds(reader, known)):
                self._index.forget(name)
                known = None
            self._read(name, reader, known, head.seq)

    def _read(self, name: str, reader: Reads, known: Source | None, to_seq: int) -> None:
        """The entries behind `known`, each checked against the chain, through the fold into the index."""
        key = os.environ.get("RUNG_JOURNAL_KEY", "").encode() or None
        fold, first_hash, head = BulletFold(self._params), b"", Head(0, genesis(key))
        if known is not None:
            fold, first_hash = BulletFold.resumed(known.state, self._params), known.first_hash
            head = Head(known.seq, known.hash)
        for batch in reader.batches(head.seq + 1 if head.seq else FIRST, to_seq):
            if batch and head.seq == 0:
                check_key(Entry._make(batch[0]), key)
                first_hash = batch[0][5]
            head = walk(batch, head, key, ())
            self._index.put(_folded(fold, batch), name)
            if self._progress is not None:
                self._progress(name, head.seq)
        self._index.put(fold.flush(), name)
        self._index.note(Source(name, first_hash, head.seq, head.hash, self._params_text, fold.state()))

    @property
    def _params_text(self) -> str:
        return msgspec.json.encode(asdict(self._params)).decode()

    def _locate(self, given: str | os.PathLike[str] | None) -> tuple[Path, list[Path] | None]:
        """Where the index is, and the journals it follows; None for an index that is read as it is."""
        other = (
            "" if self._params == BulletParams() else f"_{hashlib.sha256(self._params_text.encode()).hexdigest()[:8]}"
        )
        for place in PLACES if given is None else (Path(given),):
            journals = sorted(place.glob(JOURNALS)) if place.is_dir() else []
            if journals:
                return place / f"bullets{other}.sqlite", journals
        if given is None:
            raise UserError(
                f"no journal in {', in '.join(map(str, PLACES[:-1]))} or in {PLACES[-1]}",
                remedy="run `rung demo` or `rung mock` first, or name a journal",
            )
        path = Path(given)
        if path.is_dir():
            raise UserError(f"no {JOURNALS} in this folder", where=str(path), remedy="name a folder a run wrote to")
        if not path.is_file():
            raise UserError("no such journal", where=str(path), remedy="name an existing journal or its folder")
        if _is_index(path):
            return path, None
        return path.with_name(f"bullets_{path.stem}{other}.sqlite"), [path]


def _folded(fold: BulletFold, batch: Sequence[tuple[int, int, str, bytes, bytes, bytes]]) -> Iterator[Bullet]:
    for _, _, kind, payload, _, digest in batch:
        if kind == Kind.STEP:
            yield from fold.see(decode(payload))
        elif kind == Kind.RUN_OPENED:
            fold.open_run(digest.hex()[:16])


def _holds(reader: Reads, known: Source) -> bool:
    """Is what was read before still the beginning of this journal?"""
    entry = next(reader.read(known.seq, known.seq), None)
    return entry is not None and entry.hash == known.hash


def _without_copies(journals: Sequence[Path]) -> list[Path]:
    """Of journals that begin with the same entry the longest, else the first by name."""
    best: dict[bytes, tuple[int, Path]] = {}
    for path in journals:
        with _naming(path), closing(file_reader(path)) as reader:
            first, head = next(reader.read(1, 1), None), reader.head()
        if first is not None and head is not None and head.seq > best.get(first.hash, (0, path))[0]:
            best[first.hash] = (head.seq, path)
    return [path for _, path in best.values()]


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Put the journal's name to an error that does not say where it is."""
    try:
        yield
    except UserError as error:
        if error.where:
            raise
        kind = Tampered if isinstance(error, Tampered) else UserError
        raise kind(error.what, where=str(path), remedy=error.remedy) from None


def _is_index(path: Path) -> bool:
    with told_to_the_user(path), path.open("rb") as file:
        header = file.read(_APPLICATION_ID_AT + 4)
    return header[_APPLICATION_ID_AT:] == APPLICATION_ID.to_bytes(4, "big")
