"""A finished sweep: rows as a frame, trials in the book, and what the best one is worth."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rung.lab.bench import Bench
from rung.lab.campaign import Outcome
from rung.lab.outlines import named, number, outline, percent
from rung.lab.statistics.trials import Result, Tally, TrialBook
from rung.lab.sweep_luck import Best, Luck, luck_of_best
from rung.lab.sweep_plan import Combo, Plan, rows_of
from rung.lab.sweep_rows import COLUMNS, DESK, Row, desk_row, periods_per_year
from rung.lab.sweep_twin import second_look
from rung.lab.trial_count import seen_by, trial_of

if TYPE_CHECKING:
    import polars as pl

BEST_WITH_DAYS = 200
"""Of a sweep too large to keep all daily returns: so many of the best get theirs in a second pass."""
AT_ONCE = 50_000
SAME_FRAC = 1e-6
Place = tuple[int, Combo]
"""Group of symbols, combination."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The twin's best combination of one group once more on the desk, gates on; both are total returns."""

    symbols: str
    twin_frac: float
    desk_frac: float

    @property
    def same(self) -> bool:
        return abs(self.twin_frac - self.desk_frac) <= SAME_FRAC


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SweepResult:
    """A finished sweep. rows : symbols, the grid's parameters, `sweep_rows.COLUMNS`, engine; the best return first.

    checks : what the desk with its gates says of the twin's best, per group; () when the desk ran everything.
    """

    plan: Plan
    rows: pl.DataFrame
    luck: Luck
    checks: tuple[Check, ...]

    @property
    def honesty(self) -> str:
        """Whether luck explains the best one."""
        return self.luck.sentence

    def __repr__(self) -> str:
        """A few lines; everything is in `rows`, `luck` and `checks`."""
        best, first = self.rows.row(0, named=True), self.plan.benches[0].identity
        where = " ".join(symbol for bench in self.plan.benches for symbol in bench.market.symbols)
        chosen = {name: best[name] for name in self.plan.grid.names}
        facts = (
            ("tried", f"{self.plan.combinations:,} combinations of {', '.join(self.plan.grid.names)}"),
            (
                "best",
                f"{best['symbol']} {named(chosen)}: {percent(best['total_return_frac'])}, Sharpe "
                f"{number(best['sharpe'])}, {best['trades']:,} trades, by the {best['engine']}",
            ),
            ("honesty", self.honesty),
        )
        title = f"SweepResult: {first.named} on {where}, {first.start} to {first.end}"
        return outline(title, facts, {"rows": self.rows})


def record(plan: Plan, book: TrialBook, at_ns: int) -> int:
    """Count every combination before it runs. Returns how many the book had not seen."""
    trials = (
        trial_of(replace(bench.identity, parameters=plan.values(group, combo)), at_ns)
        for group, bench in enumerate(plan.benches)
        for combo in plan.grid
    )
    return sum(book.record(some) for some in _lots(trials))


def assembled(plan: Plan, outcomes: Mapping[str, Outcome], book: TrialBook, new: int) -> SweepResult:
    """Outcomes of all tasks of the plan → the result; what they showed goes into the book."""
    found = _placed(plan, outcomes)
    order = sorted(found, key=lambda place: -_total(found[place]))
    if not plan.keeps_days:
        found, order = _with_days(plan, found, order)
    _report(plan, book, found)
    periods = periods_per_year(plan.benches[0])
    others = [row.daily for row in found.values() if row.daily]
    luck = luck_of_best(_best(found[order[0]], len(found)), others, _tally(plan, book), new, periods)
    return SweepResult(plan=plan, rows=_frame(plan, found, order), luck=luck, checks=_checks(plan, found, order))


def _best(row: Row, of: int) -> Best:
    """A position that is still open has paid its fee, or moved equity: that is trading, too."""
    signs = ("trades", "fees_quote", "total_return_frac")
    return Best(
        daily=row.daily, total_frac=_total(row), of=of, traded=any(row.figures[COLUMNS.index(name)] for name in signs)
    )


def _placed(plan: Plan, outcomes: Mapping[str, Outcome]) -> dict[Place, Row]:
    found: dict[Place, Row] = {}
    for task in plan.tasks():
        combos = [tuple(combo) for combo in task.payload["combos"]]
        for combo, row in zip(combos, rows_of(outcomes[task.id]), strict=True):
            found[task.payload["group"], combo] = row
    return {(group, combo): found[group, combo] for group in range(len(plan.benches)) for combo in plan.grid}


def _with_days(plan: Plan, found: dict[Place, Row], order: list[Place]) -> tuple[dict[Place, Row], list[Place]]:
    """The best of a large sweep looked at again: daily returns, and the desk's word where the twin cannot vouch."""
    again = dict(found)
    for group, combo in order[:BEST_WITH_DAYS]:
        if found[group, combo].daily:
            continue
        bench, values = plan.benches[group], plan.values(group, combo)
        again[group, combo] = second_look(bench, values) or desk_row(bench.told(values))
    return again, sorted(again, key=lambda place: -_total(again[place]))


def _report(plan: Plan, book: TrialBook, found: Mapping[Place, Row]) -> None:
    periods = periods_per_year(plan.benches[0])
    column, days = COLUMNS.index("sharpe"), COLUMNS.index("days")
    shown = (
        (
            trial_of(replace(plan.benches[group].identity, parameters=plan.values(group, combo)), 0),
            Result(sharpe=_daily(row.figures[column], periods), days=int(row.figures[days] or 0)),
        )
        for (group, combo), row in found.items()
    )
    for some in _lots(shown):
        book.report(some)


def _daily(annual: float | None, periods: int) -> float | None:
    return None if annual is None else annual / periods**0.5


def _tally(plan: Plan, book: TrialBook) -> Tally:
    """All trials of this strategy on any day of this sweep, of whatever sweep, walk or run."""
    return book.tally(plan.benches[0].found.name, [seen_by(bench.identity) for bench in plan.benches])


def _checks(plan: Plan, found: Mapping[Place, Row], order: Sequence[Place]) -> tuple[Check, ...]:
    checks = []
    for group, bench in enumerate(plan.benches):
        combo = next(combo for place, combo in order if place == group)
        row = found[group, combo]
        if row.engine != DESK:
            desk = desk_row(replace(bench.told(plan.values(group, combo)), desk_only=True))
            checks.append(Check(symbols=symbols_of(bench), twin_frac=_total(row), desk_frac=_total(desk)))
    return tuple(checks)


def symbols_of(bench: Bench) -> str:
    """The symbols that trade together, as one word for a column."""
    return " ".join(bench.market.symbols)


def _frame(plan: Plan, found: Mapping[Place, Row], order: Sequence[Place]) -> pl.DataFrame:
    import polars as pl

    whole = {"trades", "days"}
    columns: dict[str, Any] = {"symbol": [symbols_of(plan.benches[group]) for group, _ in order]}
    for i, name in enumerate(plan.grid.names):
        columns[name] = [combo[i] for _, combo in order]
    for i, name in enumerate(COLUMNS):
        kind = pl.Int64 if name in whole else pl.Float64
        columns[name] = pl.Series(name, [found[place].figures[i] for place in order], kind, strict=False)
    columns["engine"] = [found[place].engine for place in order]
    return pl.DataFrame(columns)


def _total(row: Row) -> float:
    return float(row.figures[0] or 0.0)


def _lots(things: Any) -> Iterator[list[Any]]:
    things = iter(things)
    while some := list(itertools.islice(things, AT_ONCE)):
        yield some
