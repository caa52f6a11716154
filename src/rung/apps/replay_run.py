"""`rung replay`: recorded decisions through today's code, compared bit for bit."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct

from rung.adapters.stores.sqlite import SqliteReader
from rung.apps.code_id import code_id
from rung.apps.compose import RotationFiles, rotation_desk, rotation_guard, rotation_strategy
from rung.apps.journal_key import journal_key
from rung.apps.journals import verify_journal
from rung.apps.limit_files import limits_from_record
from rung.apps.recorded_runs import iso_period
from rung.config.identity import content_id
from rung.config.load import Loaded, loads
from rung.domain.errors import UserError
from rung.domain.step import Step
from rung.engine.desk import Desk
from rung.engine.outside import Outside
from rung.journal.codec import encode
from rung.journal.entry import Entry, Kind
from rung.journal.journal import opened
from rung.journal.verify import Verified
from rung.risk.flag import PolledFlag, not_thrown
from rung.simulation.params import CostParams
from rung.strategy.rotation.model import OnlineEnsemble
from rung.strategy.rotation.params import RotationConfig
from rung.strategy.rotation.strategy import Rotation

T = TypeVar("T")
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The first thing that came out differently. `field` is a dotted path into the Step."""

    seq: int
    at_ns: int
    field: str
    recorded: str
    replayed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What a replay found. `steps` were executed, `compared` of them lie in the asked period.

    finished : the run was closed, so its totals could be compared; what an unfinished one did last is not recorded.
    recorded_config_id : what the journal's header says.   config_id : of the recorded configuration, computed now.
    entries, anchors, keyed : how the journal was verified before a step was executed.
    """

    steps: int
    compared: int
    difference: Difference | None
    finished: bool
    recorded_code_id: str
    code_id: str
    recorded_config_id: str
    config_id: str
    entries: int
    anchors: int
    keyed: bool

    @property
    def same(self) -> bool:
        return self.difference is None and self.config_id == self.recorded_config_id


def replay_run(path: Path, first_date: str | None, last_date: str | None, progress: Progress) -> Replayed:
    """Verify a journal, re-execute the run it records from its own slices and settings, compare every step of the
    period and the totals.

    Stops at the first difference. Raises UserError when the journal holds no run, or no step of the period; Tampered
    when its chain or an anchor beside it does not hold (with the key of RUNG_JOURNAL_KEY).
    """
    period = iso_period(first_date, last_date)
    progress("verifying", 0, 1)
    verified = verify_journal(str(path), key=journal_key(), anchors=None, jobs=None, progress=None)
    with closing(SqliteReader(path)) as reader:
        return _replay(reader, verified, period, progress)


def _replay(reader: SqliteReader, verified: Verified, period: tuple[str, str], progress: Progress) -> Replayed:
    entries = reader.read()
    opening = next(entries, None)
    if opening is None or opening.kind != Kind.RUN_OPENED:
        raise UserError(
            "this journal does not begin with a run", where=str(reader.path), remedy="name the journal of a run"
        )
    header = _header(opening, reader.path)
    run = _Run(header)
    compared, difference = 0, None
    for recorded, replayed in run.pairs(entries):
        if run.steps % 100 == 1:
            progress(f"replaying {recorded.event.session.date}", run.steps, verified.entries)
        if not period[0] <= recorded.event.session.date <= period[1]:
            continue
        compared += 1
        if encode(recorded) != encode(replayed):
            difference = first_difference(recorded, replayed)
            break
    if not compared:
        raise UserError("no recorded step lies in this period", where=str(reader.path), remedy="widen --from and --to")
    return Replayed(
        steps=run.steps,
        compared=compared,
        difference=difference or run.totals_differ(),
        finished=run.closing is not None,
        recorded_code_id=str(header["code_id"]),
        code_id=code_id(),
        recorded_config_id=str(header["config_id"]),
        config_id=run.config_id,
        entries=verified.entries,
        anchors=verified.anchors,
        keyed=verified.keyed,
    )


_NEEDED = ("rotation", "costs", "limits", "limit_ids", "capital_quote", "flagged", "code_id", "config_id")


def _header(opening: Entry, path: Path) -> Mapping[str, Any]:
    """The first payload of a run that can be executed again. Raises UserError naming what is missing."""
    header = opened(opening)
    missing = [name for name in _NEEDED if not isinstance(header, Mapping) or name not in header]
    if missing:
        raise UserError(
            f"this run cannot be replayed: its first entry does not record {', '.join(missing)}",
            where=str(path),
            remedy="name the journal of a `rung mock` run",
        )
    result: Mapping[str, Any] = header
    return result


class _Run:
    """The desk a journal's header describes, fed from the journal itself.

    steps : executed so far.   closing : the totals the run noted at its end, once `pairs` has come to them.
    """

    def __init__(self, header: Mapping[str, Any]) -> None:
        files = RotationFiles(
            rotation=_recorded(header, "rotation", RotationConfig),
            costs=_recorded(header, "costs", CostParams),
            limits=limits_from_record(header["limits"], header["limit_ids"]),
        )
        config = files.rotation.value
        self.config_id = files.config_id
        self.steps = 0
        self.closing: Mapping[str, Any] | None = None
        self._last: Step | None = None
        self._closed_ns = 0
        self._strategy: Rotation = rotation_strategy(files, OnlineEnsemble(config.symbols.active, config.oes_config))
        capital, maintenance = Decimal(header["capital_quote"]), PolledFlag()
        guard = rotation_guard(files, capital, kill=not_thrown(), maintenance=maintenance)
        self._desk: Desk = rotation_desk(
            files,
            self._strategy,
            capital_quote=capital,
            flagged={symbol: frozenset(minutes) for symbol, minutes in header["flagged"].items()},
            guard=guard,
        )
        self._outside = Outside(self._desk, guard, maintenance)

    def pairs(self, entries: Iterator[Entry]) -> Iterator[tuple[Step, Step]]:
        """(recorded, executed again) for every step, after the warm-up and in the recorded circumstances."""
        for entry in entries:
            if entry.kind == Kind.WARM_UP:
                self._strategy.warm_up(opened(entry))
            elif entry.kind == Kind.EVENT:
                self._outside.apply(opened(entry), entry.at_ns)
            elif entry.kind == Kind.STEP:
                recorded: Step = opened(entry)
                self._last = self._desk.step(recorded.event)
                self.steps += 1
                yield recorded, self._last
            elif entry.kind == Kind.RUN_CLOSED:
                self.closing, self._closed_ns = opened(entry), entry.at_ns

    def totals_differ(self) -> Difference | None:
        """What the run noted at its end against what the steps came to; None while it is open."""
        if self.closing is None or self._last is None:
            return None
        came_to = {"steps": self._last.seq, "equity_quote": str(self._last.account.equity_quote)}
        for name, now in came_to.items():
            was = self.closing.get(name)
            if was != now:
                return Difference(
                    seq=self._last.seq,
                    at_ns=self._closed_ns,
                    field=f"run_closed.{name}",
                    recorded=str(was),
                    replayed=str(now),
                )
        return None


def _recorded(header: Mapping[str, Any], key: str, schema: type[T]) -> Loaded[T]:
    """A configuration as the journal's header holds it, validated by today's schema."""
    loaded = loads(json.dumps(header[key]), schema, f"journal:{key}.json")
    return Loaded(value=loaded.value, id=content_id(loaded.value), path=loaded.path, notes=loaded.notes)


def first_difference(recorded: Step, replayed: Step) -> Difference:
    """Where two steps first disagree, in the order in which a step happens."""
    place, was, now = _disagreement("", recorded, replayed) or ("encoding", "", "")
    return Difference(
        seq=recorded.seq, at_ns=recorded.at_ns, field=place.lstrip("."), recorded=str(was), replayed=str(now)
    )


def _disagreement(place: str, was: Any, now: Any) -> tuple[str, Any, Any] | None:
    if type(was) is not type(now):
        return place, was, now
    if isinstance(was, Struct):
        pairs = [(f"{place}.{name}", getattr(was, name), getattr(now, name)) for name in was.__struct_fields__]
    elif isinstance(was, Mapping):
        if list(was) != list(now):
            return place, list(was), list(now)
        pairs = [(f"{place}[{key}]", was[key], now[key]) for key in was]
    elif isinstance(was, tuple | list):
        if len(was) != len(now):
            return f"{place} (how many)", len(was), len(now)
        pairs = [(f"{place}[{n}]", a, b) for n, (a, b) in enumerate(zip(was, now, strict=True))]
    else:
        return None if was == now and str(was) == str(now) else (place, was, now)
    found = (_disagreement(*pair) for pair in pairs)
    return next((difference for difference in found if difference is not None), None)
