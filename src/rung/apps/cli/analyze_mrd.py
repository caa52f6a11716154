"""`rung analyze-mrd`: the mean return per day of what was recorded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rung.domain.errors import UserError

if TYPE_CHECKING:
    from rung.reports.figures import RunMetrics
    from rung.reports.info import RunInfo


def analyze_mrd(
    date: Annotated[str | None, typer.Option(help="one recorded session, YYYY-MM-DD")] = None,
    week: Annotated[bool, typer.Option("--week", help="the newest five recorded sessions")] = False,
    week_of: Annotated[str | None, typer.Option(help="the recorded sessions of this date's calendar week")] = None,
    folder: Annotated[Path, typer.Option("--dir", help="folder of recorded runs")] = Path("logs/mock_trading"),
    seed: Annotated[int, typer.Option(min=0, help="seed of the bootstrap")] = 7,
    json: Annotated[bool, typer.Option("--json", help="machine-readable")] = False,
) -> None:
    """Return, trades, win rate and drawdown per recorded session, and MRD with its interval over all of them.

    Reads the session files of `rung mock`; nothing is simulated again.
    """
    import numpy as np

    from rung.apps import recorded_runs
    from rung.reports.jsonreport import to_json
    from rung.reports.metrics import measure

    if (date is not None) + week + (week_of is not None) != 1:
        raise UserError("which sessions?", remedy="give one of --date D, --week, --week-of D")
    if date is not None:
        dates = recorded_runs.on_date(folder, date)
    elif week_of is not None:
        dates = recorded_runs.week_of(folder, week_of)
    else:
        dates = recorded_runs.newest_week(folder)
    record, info = recorded_runs.read_period(folder, dates, seed)
    metrics = measure(record, info.baselines, np.random.default_rng(seed))
    if json:
        typer.echo(to_json(_plain(folder, metrics, info)), nl=False)
    else:
        _print(metrics, info)


def _print(metrics: RunMetrics, info: RunInfo) -> None:
    from rung.apps.cli.output import print_table
    from rung.reports.tables import day_table
    from rung.reports.words import number, percent, plural

    header, rows = day_table(metrics)
    synthetic = " - SYNTHETIC DATA, no evidence" if info.synthetic else ""
    print_table(f"{info.strategy}{synthetic}", header, rows, right=header[1:])
    returns, trading = metrics.returns, metrics.trading
    bounds = returns.mrd_interval
    interval = (
        f"95% interval {percent(bounds.low)} to {percent(bounds.high)}" if bounds else "too few days for an interval"
    )
    typer.echo(f"MRD {percent(returns.mrd_frac)} over {plural(len(metrics.days), 'session')}, {interval}")
    typer.echo(
        f"total return {percent(returns.total_frac)}, win rate {percent(trading.win_rate_frac, 1, signed=False)}, "
        f"{number(trading.trades_per_day, 1)} trades per day, "
        f"worst drawdown in a session {percent(-returns.max_intraday_drawdown_frac)}"
    )
    for warning in info.warnings:
        typer.echo(f"warning: {warning}")


def _plain(folder: Path, metrics: RunMetrics, info: RunInfo) -> dict[str, object]:
    return {
        "folder": str(folder),
        "strategy": info.strategy,
        "config_id": info.config_id,
        "synthetic": info.synthetic,
        "dates": [d.date for d in metrics.days],
        "returns": metrics.returns,
        "trading": metrics.trading,
        "days": metrics.days,
        "warnings": info.warnings,
    }
