"""`rung walk-forward`: choose on past days, trade the following ones, step on; or cross-validate the choice."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rung.apps.cli.backtest import CostFile, FundingFolder, Timeframe, TradedAs
from rung.domain.errors import UserError

if TYPE_CHECKING:
    from rung.lab.cross_validating import CrossPlan
    from rung.lab.walking import Plan

Symbols = Annotated[list[str] | None, typer.Option("--symbol", help="what to trade; repeat for several")]
Grid = Annotated[list[str] | None, typer.Option("--grid", help="period=20:80:20 or band=0.001,0.002; repeat, crossed")]
Settings = Annotated[list[str] | None, typer.Option("--set", help="a parameter that stays: every=30")]
LimitFiles = Annotated[
    list[Path] | None, typer.Option(help="limit set, repeatable, strictest binds [default: config/risk/backtest.toml]")
]
Out = Annotated[Path | None, typer.Option(help="folder for walk_forward.json; finished runs are kept there")]
Cluster = Annotated[str | None, typer.Option(help="run on a Dask cluster: tcp://HOST:PORT")]
Scheme = Annotated[str, typer.Option(help="walk, or cpcv: combinatorial purged cross-validation")]
TrainDays = Annotated[int | None, typer.Option(min=1, help="walk: days to choose on [default: 20]")]
TestDays = Annotated[int | None, typer.Option(min=1, help="walk: days to trade what was chosen [default: 5]")]
Groups = Annotated[int | None, typer.Option(help="cpcv: groups of days [default: 6]")]
TestGroups = Annotated[int | None, typer.Option(help="cpcv: groups that judge at a time [default: 2]")]
Workers = Annotated[int | None, typer.Option(min=1, help="processes [default: one per core]")]


def walk_forward(  # noqa: PLR0913 - the options are the verb's interface
    strategy: Annotated[str, typer.Argument(help="a file (my_strategy.py, my_strategy.py:Class) or a name")],
    symbol: Symbols = None,
    start: Annotated[str | None, typer.Option("--from", help="first day, YYYY-MM-DD [default: as the tape]")] = None,
    end: Annotated[str | None, typer.Option("--to", help="last day, included [default: as the tape]")] = None,
    grid: Grid = None,
    scheme: Scheme = "walk",
    train_days: TrainDays = None,
    test_days: TestDays = None,
    anchored: Annotated[bool, typer.Option("--anchored", help="walk: training always begins on the first day")] = False,
    groups: Groups = None,
    test_groups: TestGroups = None,
    purge_minutes: Annotated[int, typer.Option(min=0, help="training left out next to a test, rounded up to days")] = 0,
    embargo_days: Annotated[int, typer.Option(min=0, help="days left out as well (cpcv: after a test only)")] = 0,
    select: Annotated[str, typer.Option(help="choose by: sharpe, return")] = "sharpe",
    settings: Settings = None,
    data: Annotated[Path, typer.Option(help="folder of tapes (Parquet or CSV)")] = Path("data"),
    capital: Annotated[str, typer.Option(help="equity before each window, quote currency")] = "100000",
    costs: CostFile = None,
    funding: FundingFolder = None,
    traded_as: TradedAs = None,
    timeframe: Timeframe = None,
    limits: LimitFiles = None,
    cluster: Cluster = None,
    workers: Workers = None,
    seed: Annotated[int, typer.Option(min=0, help="seed of the resampling")] = 7,
    out: Out = None,
    json: Annotated[bool, typer.Option("--json", help="print the result as JSON")] = False,
) -> None:
    """Choose the best parameters on some days, trade the next ones with them, step on; judge only the latter.

    In sample and out of sample stand side by side with the number of trials the trial book counted, and a sentence says
    whether luck explains the result. `--scheme cpcv` lets every combination of groups of days judge instead, and shows
    the spread of the paths. `rotation` walks with its own grid names (see docs/how_to/walk_forward.md).
    """
    from rung.apps.studies import Question, show_walk

    question = Question(
        strategy=strategy, symbols=tuple(symbol or ()), period=(start, end), grid=tuple(grid or ()),
        settings=tuple(settings or ()), data=data, capital=capital, costs=costs, limits=tuple(limits or ()),
        funding=funding, traded_as=traded_as, timeframe=timeframe,
    )  # fmt: skip
    walk = {"train_days": train_days, "test_days": test_days, "anchored": anchored or None}
    shared = {"purge_minutes": purge_minutes, "embargo_days": embargo_days, "select": select, "seed": seed, "out": out}
    plan = plan_of(scheme, walk, {"groups": groups, "test_groups": test_groups}, shared)
    show_walk(question, plan, (cluster, workers), as_json=json)


def plan_of(scheme: str, walk: dict[str, Any], cross: dict[str, Any], shared: dict[str, Any]) -> Plan | CrossPlan:
    """The plan of the scheme. walk, cross : options of one scheme only, None where they were not given.

    Raises UserError: no such scheme, an option of the other one.
    """
    from rung.lab.cross_validating import CrossPlan
    from rung.lab.walking import Plan

    if scheme not in ("walk", "cpcv"):
        raise UserError(f"{scheme!r} is no scheme", where="--scheme", remedy="use walk or cpcv")
    own, other = (walk, cross) if scheme == "walk" else (cross, walk)
    wrong = [f"--{name.replace('_', '-')}" for name, value in other.items() if value is not None]
    if wrong:
        known = ", ".join(f"--{name.replace('_', '-')}" for name in own)
        raise UserError(
            f"the scheme {scheme} has no {' or '.join(wrong)}", where="--scheme", remedy=f"it takes {known}"
        )
    given = {name: value for name, value in own.items() if value is not None} | shared
    return Plan(**given) if scheme == "walk" else CrossPlan(**given)
