"""A sweep before it runs: its benches, its engine, its tasks; and the work of one task, wherever it is done."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rung import __version__
from rung.config.identity import content_id
from rung.domain.errors import UserError
from rung.lab.bench import BacktestRequest, Bench, prepare
from rung.lab.campaign import Outcome, Payload, Task
from rung.lab.costs import cost_lines
from rung.lab.grids import Grid, read_grid
from rung.lab.strategy_files import find_strategy
from rung.lab.sweep_rows import DESK, TWIN, Row, desk_row
from rung.lab.sweep_twin import LANES, twin_rows, why_not
from rung.strategy.authoring import Portfolio
from rung.strategy.parameters import Value

LANES_PER_TASK = 512
MOST_WITH_DAYS = 2_000
"""Up to so many combinations the twin keeps every one's daily returns; beyond, those of the best only."""
LOOKED_AT_PER_TASK = 12_000_000
"""Combinations × bars of one task of the twin that keeps daily returns: about a second, so that little is lost when a
sweep is stopped.
"""
BENCHES_KEPT = 8
Combo = tuple[Value, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What will be run. One bench, engine and reason per group of symbols that trade together.

    why : why a group is not on the twin, "" when it is.   id : content hash of everything that shapes a result.
    """

    grid: Grid
    requests: tuple[BacktestRequest, ...]
    benches: tuple[Bench, ...]
    bench_ids: tuple[str, ...]
    engines: tuple[str, ...]
    why: tuple[str, ...]
    id: str

    @property
    def combinations(self) -> int:
        """Combinations over all groups of symbols."""
        return self.grid.count * len(self.benches)

    @property
    def costs(self) -> tuple[tuple[str, str], ...]:
        """(name, value) of every cost, of all symbols of all groups."""
        instruments = {symbol: each for bench in self.benches for symbol, each in bench.instruments.items()}
        histories = {symbol: each for bench in self.benches for symbol, each in bench.histories.items()}
        return cost_lines(self.benches[0].costs, instruments, histories)

    @property
    def symbols(self) -> tuple[str, ...]:
        return tuple(symbol for bench in self.benches for symbol in bench.market.symbols)

    @property
    def keeps_days(self) -> bool:
        return self.combinations <= MOST_WITH_DAYS

    def tasks(self) -> Iterator[Task]:
        """Group by group; made one at a time, so that a grid of any size may be looked at."""
        for group, engine in enumerate(self.engines):
            for combos in _portions(self.grid, engine, self._lanes(group)):
                yield Task.of(self._payload(group, engine, combos))

    def first_task(self, engine: str) -> Task:
        """The first task of the first group on this engine."""
        group = self.engines.index(engine)
        return Task.of(self._payload(group, engine, next(_portions(self.grid, engine, self._lanes(group)))))

    def share(self, task: Task) -> float:
        """How many times the work of this task everything on its engine is: combinations × bars."""
        bars = [bench.market.feed.bars for bench in self.benches]
        engine, group, combos = task.payload["engine"], task.payload["group"], len(task.payload["combos"])
        whole = sum(each for each, runs_on in zip(bars, self.engines, strict=True) if runs_on == engine)
        return self.grid.count * whole / (combos * bars[group])

    def values(self, group: int, combo: Combo) -> dict[str, Value]:
        """Every parameter of one combination, defaults included."""
        return {**self.benches[group].values, **dict(zip(self.grid.names, combo, strict=True))}

    def _lanes(self, group: int) -> int:
        if not self.keeps_days:
            return LANES_PER_TASK
        return min(LANES_PER_TASK, max(1, LOOKED_AT_PER_TASK // self.benches[group].market.feed.bars))

    def _payload(self, group: int, engine: str, combos: Sequence[Combo]) -> dict[str, Any]:
        return {
            "bench": self.bench_ids[group], "group": group, "engine": engine, "names": list(self.grid.names),
            "combos": [list(combo) for combo in combos], "days": self.keeps_days,
        }  # fmt: skip


def plan_sweep(request: BacktestRequest, grid: Mapping[str, Sequence[Any] | str]) -> Plan:
    """Read and check everything. request : symbols are swept one by one, a Portfolio's together.

    Raises UserError for everything a person can mend, before anything runs.
    """
    cls = find_strategy(request.strategy).cls
    read = read_grid(cls, grid, request.settings)
    together = issubclass(cls, Portfolio) or len(request.symbols) < 2
    groups = (request.symbols,) if together else tuple((symbol,) for symbol in request.symbols)
    requests = tuple(replace(request, symbols=symbols) for symbols in groups)
    benches = tuple(prepare(each) for each in requests)
    why = tuple(_reason(bench, read) for bench in benches)
    ids = tuple(bench_id(bench) for bench in benches)
    _KEPT.update(zip(ids, benches, strict=True))
    engines = tuple(DESK if reason else TWIN for reason in why)
    whole = content_id({"benches": ids, "grid": read.axes, "engines": engines, "days": MOST_WITH_DAYS})
    return Plan(
        grid=read, requests=requests, benches=benches, bench_ids=ids, engines=engines, why=why, id=whole,
    )  # fmt: skip


def bench_id(bench: Bench) -> str:
    """Content hash of what is fixed: strategy, settings, bars, costs, limits, capital, this version of Rung."""
    identity = bench.identity
    return content_id(
        {
            "strategy": (identity.strategy, identity.strategy_id), "values": bench.values, "tapes": identity.tape_ids,
            "period": (identity.start, identity.end), "costs": identity.costs_id, "limits": identity.limits_id,
            "funding": identity.funding_ids, "traded": dict(identity.costs).get("traded as", ""),
            "timeframe": identity.timeframe, "capital": bench.capital, "version": __version__,
        }
    )  # fmt: skip


class Work:
    """One task: the payload of a plan in, rows out. Travels to other processes as what it was asked, not as bars."""

    def __init__(self, requests: Sequence[BacktestRequest]) -> None:
        self._requests = tuple(requests)

    def __call__(self, payload: Payload) -> Outcome:
        bench = _bench(payload["bench"], self._requests[payload["group"]])
        combos = [dict(zip(payload["names"], combo, strict=True)) for combo in payload["combos"]]
        if payload["engine"] == TWIN:
            rows = twin_rows(bench, [{**bench.values, **combo} for combo in combos], with_days=payload["days"])
        else:
            rows = [_desk_row(bench, combo) for combo in combos]
        return {"rows": [_packed(row) for row in rows]}


def _desk_row(bench: Bench, combo: Mapping[str, Value]) -> Row:
    """Of one combination, which is named when its run dies."""
    try:
        return desk_row(bench.told(combo))
    except UserError as error:
        values = ", ".join(f"{name}={value}" for name, value in combo.items())
        raise UserError(f"{error.what} [with {values}]", where=error.where, remedy=error.remedy) from error


def rows_of(outcome: Outcome) -> list[Row]:
    """The rows of one task, in the order of its combinations."""
    return [
        Row(engine=engine, figures=tuple(figures), daily=tuple(daily)) for engine, figures, daily in outcome["rows"]
    ]


def _packed(row: Row) -> list[Any]:
    return [row.engine, list(row.figures), list(row.daily)]


_KEPT: dict[str, Bench] = {}
"""The benches this process worked on last: reading and checking a tape takes longer than many a task."""


def _bench(wanted: str, request: BacktestRequest) -> Bench:
    if wanted not in _KEPT:
        bench = prepare(request)
        found = bench_id(bench)
        if found != wanted:
            raise UserError(
                f"what is here ({found}) is not what the sweep began with ({wanted})",
                where=f"sweep of {bench.found.name}",
                remedy="give every worker the same files and the same version, and leave them alone while it runs",
            )
        while len(_KEPT) >= BENCHES_KEPT:
            del _KEPT[next(iter(_KEPT))]
        _KEPT[wanted] = bench
    return replace(_KEPT[wanted], desk_only=request.desk_only)


def _reason(bench: Bench, grid: Grid) -> str:
    return "the desk was asked for" if bench.desk_only else why_not(bench, grid.axes)


def _portions(grid: Grid, engine: str, most: int) -> Iterator[list[Combo]]:
    """Combinations of one task each: one for the desk; for the twin up to `most`, such as differ in LANES only."""
    if engine == DESK:
        for combo in grid:
            yield [combo]
        return
    outer = {name: values for name, values in grid.axes.items() if name not in LANES}
    inner = {name: values for name, values in grid.axes.items() if name in LANES}
    for fixed in itertools.product(*outer.values()):
        lanes = itertools.product(*inner.values())
        while some := list(itertools.islice(lanes, most)):
            named = [dict(zip((*outer, *inner), (*fixed, *lane), strict=True)) for lane in some]
            yield [tuple(each[name] for name in grid.names) for each in named]
