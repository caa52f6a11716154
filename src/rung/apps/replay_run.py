"""`rung replay`: recorded decisions through today's code, compared bit for bit."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from rung.adapters.stores.sqlite import SqliteReader
from rung.apps.code_id import code_id
from rung.apps.compose import RotationFiles, rotation_desk, rotation_guard, rotation_strategy
from rung.apps.limit_files import limits_from_record
from rung.config.identity import content_id
from rung.config.load import Loaded, loads
from rung.domain.errors import UserError
from rung.domain.step import Step
from rung.engine.desk import Desk
from rung.engine.outside import Outside
from rung.journal.codec import encode
from rung.journal.entry import Entry, Kind
from rung.journal.journal import opened
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
    """What a replay found. `steps` were executed, `compared` of them lie in the asked period."""

    steps: int
    compared: int
    difference: Difference | None
    recorded_code_id: str
    code_id: str
    config_id: str

    @property
    def same(self) -> bool:
        return self.difference is None


def replay_run(path: Path, first_date: str | None, last_date: str | None, progress: Progress) -> Replayed:
    """Re-execute the run a journal records, from its own slices and settings, and compare every step of the period.

    Stops at the first difference. Raises UserError when the journal holds no run, or no step of the period.
    """
    reader = SqliteReader(path)
    try:
        return _replay(reader, path, (first_date or "", last_date or "9999"), progress)
    finally:
        reader.close()


def _replay(reader: SqliteReader, path: Path, period: tuple[str, str], progress: Progress) -> Replayed:
    entries = reader.read()
    opening = next(entries, None)
    if opening is None or opening.kind != Kind.RUN_OPENED:
        raise UserError("this journal does not begin with a run", where=str(path), remedy="name the journal of a run")
    header = opened(opening)
    head = reader.head()
    total = head.seq if head is not None else 0
    run = _Run(header)
    steps = compared = 0
    difference = None
    for recorded, replayed in run.pairs(entries):
        steps += 1
        if steps % 100 == 1:
            progress(f"replaying {recorded.event.session.date}", steps, total)
        if not period[0] <= recorded.event.session.date <= period[1]:
            continue
        compared += 1
        if encode(recorded) != encode(replayed):
            difference = first_difference(recorded, replayed)
            break
    if not compared:
        raise UserError("no recorded step lies in this period", where=str(path), remedy="widen --from and --to")
    return Replayed(
        steps=steps,
        compared=compared,
        difference=difference,
        recorded_code_id=str(header.get("code_id", "")),
        code_id=code_id(),
        config_id=str(header["config_id"]),
    )


class _Run:
    """The desk a journal's header describes, fed from the journal itself."""

    def __init__(self, header: Mapping[str, Any]) -> None:
        files = RotationFiles(
            rotation=_recorded(header, "rotation", RotationConfig),
            costs=_recorded(header, "costs", CostParams),
            limits=limits_from_record(header["limits"], header["limit_ids"]),
        )
        config = files.rotation.value
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
                yield recorded, self._desk.step(recorded.event)


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
    if is_dataclass(was):
        pairs = [(f"{place}.{f.name}", getattr(was, f.name), getattr(now, f.name)) for f in fields(was)]
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
