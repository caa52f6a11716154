"""`rung report`: one month of recorded runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    month: Annotated[str, typer.Option(help="YYYY-MM")],
    folder: Annotated[Path, typer.Option("--dir", help="folder of recorded runs")] = Path("logs/mock_trading"),
    seed: Annotated[int, typer.Option(min=0, help="seed of the bootstrap")] = 7,
    html: Annotated[bool, typer.Option("--html", help="also write report_YYYY-MM.html into the folder")] = False,
    json: Annotated[bool, typer.Option("--json", help="print JSON instead of text")] = False,
) -> None:
    """The report of every session recorded in a month, made from the session files of `rung mock`.

    Nothing is simulated again. Session files hold no bars, so there are no candles and no buy-and-hold in it.
    """
    import numpy as np

    from rung.apps.recorded_runs import in_month, read_period
    from rung.reports.jsonreport import render_json
    from rung.reports.judgement import judge
    from rung.reports.metrics import measure
    from rung.reports.text import render_text
    from rung.reports.write import write_page

    record, info = read_period(folder, in_month(folder, month), seed)
    metrics = measure(record, info.baselines, np.random.default_rng(seed))
    judgement = judge(metrics, info)
    if json:
        typer.echo(render_json(metrics, judgement, info), nl=False)
    else:
        typer.echo(render_text(metrics, judgement, info), nl=False)
    if html:
        path = folder / f"report_{month}.html"
        write_page(path, record, metrics, judgement, info)
        typer.echo(f"report   {path}", err=json)
