"""`rung sweep`: every combination of a grid over recorded bars, and what the best of so many is worth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rung.apps.cli.backtest import CostFile, FundingFolder, Timeframe, TradedAs

if TYPE_CHECKING:
    from rung.lab.sweep_plan import Plan
    from rung.lab.sweeping import Estimate, Where

Grid = Annotated[
    list[str] | None, typer.Option("--grid", help="values of a parameter: period=20:80:20 or band=0.001,0.002; repeat")
]
Symbols = Annotated[
    list[str] | None, typer.Option("--symbols", "--symbol", help="one by one: BTCUSDT,ETHUSDT; spaces will do, too")
]
More = Annotated[list[str] | None, typer.Argument(metavar="[SYMBOL]...", help="further symbols", show_default=False)]
Settings = Annotated[list[str] | None, typer.Option("--set", help="a parameter that is not swept: every=5; repeat")]
Fresh = Annotated[bool, typer.Option("--fresh/--resume", help="begin anew, or go on where an earlier run stopped")]
Cluster = Annotated[str | None, typer.Option(help="run on a Dask cluster: tcp://HOST:PORT")]
Out = Annotated[Path, typer.Option(help="folder for results, heat maps and what a resumed sweep needs")]
Trials = Annotated[Path, typer.Option(help="the trial book: everything ever tried counts")]
Workers = Annotated[int | None, typer.Option(min=1, help="processes [default: one per core when it pays]")]


def sweep(  # noqa: PLR0913 - the options are the verb's interface
    strategy: Annotated[str, typer.Argument(help="a file (my_strategy.py, my_strategy.py:Class) or a name")],
    more: More = None,
    grid: Grid = None,
    symbols: Symbols = None,
    start: Annotated[str | None, typer.Option("--from", help="first day, YYYY-MM-DD [default: as the tape]")] = None,
    end: Annotated[str | None, typer.Option("--to", help="last day, included [default: as the tape]")] = None,
    settings: Settings = None,
    data: Annotated[Path, typer.Option(help="folder of tapes (Parquet or CSV)")] = Path("data"),
    capital: Annotated[str, typer.Option(help="equity before the first bar, quote currency")] = "100000",
    costs: CostFile = None,
    funding: FundingFolder = None,
    traded_as: TradedAs = None,
    timeframe: Timeframe = None,
    out: Out = Path("logs/sweep"),
    trials: Trials = Path(".rung/trials.sqlite"),
    workers: Workers = None,
    cluster: Cluster = None,
    fresh: Fresh = False,
    desk: Annotated[bool, typer.Option("--desk", help="run all of it through the desk with its gates")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="more than a million combinations are meant")] = False,
    json: Annotated[bool, typer.Option("--json", help="print the results as JSON")] = False,
) -> None:
    """Try every combination of a grid and judge the best by how many were tried.

    Crossovers run on the compiled twin where it knows their rules, all else through the desk; the output says which.
    """
    from rung.adapters.state.system_clock import SystemClock
    from rung.apps.cli.backtest import completed, request_for, traded
    from rung.apps.study_files import folder_for
    from rung.lab.grids import parse_grid
    from rung.lab.sweep_plan import plan_sweep
    from rung.lab.sweeping import Where, pool_for, trial_book

    request = request_for(strategy, (*(symbols or ()), *(more or ())), (start, end), data)
    request = traded(completed(request, settings or [], capital, costs, []), funding, traded_as, timeframe)
    plan = plan_sweep(replace(request, desk_only=desk), parse_grid(grid or []))
    folder_for(out)
    where = Where(
        trials=trial_book(trials), clock=SystemClock(), pool=pool_for(cluster, workers), workers=workers, kept=out,
        fresh=fresh, yes=yes,
    )  # fmt: skip
    _run(plan, where, out, as_json=json)


def _run(plan: Plan, where: Where, out: Path, *, as_json: bool) -> None:
    from rung.apps.cli.output import console, print_json
    from rung.apps.cli.progress import resumable
    from rung.apps.sweep_files import write_sweep
    from rung.apps.sweep_words import estimate_words, print_sweep, summary
    from rung.lab.sweeping import run_sweep

    def told(estimate: Estimate) -> None:
        console(stderr=True).print(estimate_words(estimate, plan))

    with resumable(out, "parts") as progress:
        result = run_sweep(
            plan, replace(where, told=told, progress=lambda done, total: progress("sweeping", done, total))
        )
    written = write_sweep(result, out)
    if as_json:
        print_json(summary(result))
        return
    print_sweep(result)
    for path in written:
        typer.echo(f"written  {path}")
