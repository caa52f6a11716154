"""What `rung status` looks at: switches, latches, journals, tapes. Reads only; what nobody knows is never OK."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rung.adapters.state.atomic import read_json
from rung.adapters.state.kill_switch import FILE as KILL_FILE
from rung.adapters.state.kill_switch import TRIGGER, temporary_trigger
from rung.adapters.state.switches import MAINTENANCE_FILE, maintenance_why
from rung.domain.errors import UserError

if TYPE_CHECKING:
    from rung.adapters.stores.sqlite import SqliteReader
    from rung.journal.entry import Entry

NS_PER_HOUR = 3_600_000_000_000
FRESH_HOURS = 96
"""A long weekend: an older newest bar deserves a look."""


class Health(StrEnum):
    """The state of one part. NO_DATA is not OK: nobody knows."""

    OK = "ok"
    LOOK = "look"
    NO_DATA = "no data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of the desk. at_ns : when it last changed or was seen, None when that is not known."""

    name: str
    health: Health
    detail: str
    at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where to look. `working` is the folder the desk runs in: its maintenance file is looked for there."""

    working: Path
    state: Path
    runs: Path
    data: Path


def look(places: Places, now_ns: int) -> list[Part]:
    """Every part, the ones that stop trading first."""
    return [
        _kill_switch(places.state),
        _maintenance(places),
        *_accounts(places.state),
        *_runs(places.runs),
        *_tapes(places.data, now_ns),
    ]


def _kill_switch(state: Path) -> Part:
    name = "kill switch"
    trigger = next((path for path in (temporary_trigger(), state / TRIGGER) if os.path.lexists(path)), None)
    if trigger is not None:
        return Part(name=name, health=Health.LOOK, detail=f"ON: {trigger} exists")
    if not state.is_dir():
        return Part(name=name, health=Health.NO_DATA, detail=f"there is no state folder {state} yet")
    try:
        stored = read_json(state / KILL_FILE)
        if stored is None:
            return Part(name=name, health=Health.OK, detail="off; never thrown")
        said, at_ns = f"{stored['reason']} ({stored['person']})", int(stored["at_ns"])
        if stored["on"] is False:
            return Part(name=name, health=Health.OK, detail=f"off: {said}", at_ns=at_ns)
        return Part(name=name, health=Health.LOOK, detail=f"ON: {said}", at_ns=at_ns)
    except (UserError, OSError, KeyError, TypeError, ValueError) as error:
        return Part(name=name, health=Health.LOOK, detail=f"ON: it cannot be read ({error})")


def _maintenance(places: Places) -> Part:
    why = maintenance_why((places.working / MAINTENANCE_FILE, places.state / MAINTENANCE_FILE))
    health = Health.OK if why is None else Health.LOOK
    return Part(name="maintenance", health=health, detail="off" if why is None else f"ON, no entries: {why}")


def _accounts(state: Path) -> Iterator[Part]:
    files = sorted(state.glob("*.risk.json"))
    if not files:
        yield Part(name="latches", health=Health.NO_DATA, detail="no desk has left its latches here")
    for file in files:
        account = file.name.removesuffix(".risk.json")
        try:
            stored = read_json(file) or {}
            yield _latches(account, stored)
            yield _global_level(account, stored)
        except (UserError, OSError, KeyError, TypeError, AttributeError) as error:
            detail = f"{file.name} cannot be read: {error}"
            yield Part(name=f"latches of {account}", health=Health.LOOK, detail=detail)


def _latches(account: str, stored: Mapping[str, Any]) -> Part:
    name, memory = f"latches of {account}", stored["risk"]["latches"]
    trips = {latch: told["tripped"] for latch, told in memory["latches"].items() if told["tripped"] is not None}
    if trips:
        said = "; ".join(f"{latch}: {trip['reason']}" for latch, trip in trips.items())
        return Part(name=name, health=Health.LOOK, detail=f"tripped: {said}", at_ns=memory["last_ns"])
    detail = f"none of {len(memory['latches'])} tripped"
    return Part(name=name, health=Health.OK, detail=detail, at_ns=memory["last_ns"])


def _global_level(account: str, stored: Mapping[str, Any]) -> Part:
    name, told = f"global risk of {account}", stored["risk"]["global"]
    if told is None or told["assessed_ns"] is None:
        return Part(name=name, health=Health.NO_DATA, detail="never assessed")
    health = Health.OK if told["level"] == "NORMAL" else Health.LOOK
    detail = f"{told['level']} {told['reason']}".strip()
    return Part(name=name, health=health, detail=detail, at_ns=told["assessed_ns"])


def _runs(folder: Path) -> Iterator[Part]:
    """The newest journal, and runs that never ended."""
    journals = sorted(folder.glob("journal_*.sqlite"), key=lambda path: path.stat().st_mtime_ns)
    if journals:
        yield _journal(journals[-1])
    else:
        yield Part(name="last run", health=Health.NO_DATA, detail=f"no journal in {folder}")
    for draft in sorted(folder.glob("journal_*.partial")):
        yield Part(name="unfinished run", health=Health.LOOK, detail=f"{draft.name}: running now, or interrupted")


def _journal(path: Path) -> Part:
    from rung.adapters.stores.sqlite import SqliteReader

    try:
        with closing(SqliteReader(path)) as reader:
            head = reader.head()
            last = None if head is None else _last_of_the_run(reader, head.seq)
    except (UserError, OSError) as error:
        return Part(name="last run", health=Health.LOOK, detail=str(error))
    if last is None:
        return Part(name="last run", health=Health.LOOK, detail=f"{path.name} is empty")
    ended = last.kind == "run_closed"
    detail = (
        f"{path.name}: {last.seq:,} entries, {'complete' if ended else 'not closed'}; `rung journal verify` checks it"
    )
    return Part(name="last run", health=Health.OK if ended else Health.LOOK, detail=detail, at_ns=last.at_ns)


def _last_of_the_run(reader: SqliteReader, seq: int) -> Entry:
    """The newest entry that is not an anchor: a finished run notes its head after it has closed."""
    last = next(iter(reader.read(seq, seq)))
    while last.kind == "anchor" and seq > 1:
        seq -= 1
        last = next(iter(reader.read(seq, seq)))
    return last


def _tapes(folder: Path, now_ns: int) -> Iterator[Part]:
    from rung.market.catalogue import Catalogue

    try:
        catalogue = Catalogue(folder, cache_dir=None)
    except (UserError, OSError) as error:
        yield Part(name="tapes", health=Health.NO_DATA, detail=str(error))
        return
    if not catalogue.symbols():
        yield Part(name="tapes", health=Health.NO_DATA, detail=f"no tapes in {folder}")
    for symbol in catalogue.symbols():
        try:
            last_ns = catalogue.tape(symbol).last_ns
        except (UserError, OSError) as error:
            yield Part(name=f"tape {symbol}", health=Health.LOOK, detail=str(error))
        else:
            yield _age(symbol, last_ns, now_ns)


def _age(symbol: str, last_ns: int, now_ns: int) -> Part:
    hours = (now_ns - last_ns) // NS_PER_HOUR
    fresh = 0 <= hours <= FRESH_HOURS
    said = f"{hours} h" if hours < 2 * FRESH_HOURS else f"{hours // 24} days"
    detail = f"newest bar is {said} old" if hours >= 0 else "its newest bar is from the future: check the clock"
    return Part(name=f"tape {symbol}", health=Health.OK if fresh else Health.LOOK, detail=detail, at_ns=last_ns)
