"""`rung status`: what is running, latched, stale or missing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def status(
    health: Annotated[bool, typer.Option("--health", help="exit code 1 unless every part is known to be well")] = False,
    state: Annotated[
        Path | None, typer.Option(help="state folder of the desk (default: .rung/state, or RUNG_STATE)")
    ] = None,
    runs: Annotated[Path, typer.Option(help="where runs were recorded")] = Path("logs/mock_trading"),
    data: Annotated[Path, typer.Option(help="folder of tapes")] = Path("data/equities"),
    json: Annotated[bool, typer.Option("--json", help="machine-readable")] = False,
) -> None:
    """Look at switches, latches, the last recorded run and the tapes, and change nothing.

    What cannot be known is "no data", and that is not well: a monitor that asks for --health is told so.
    """
    from rung.adapters.state.system_clock import SystemClock
    from rung.apps.cli.output import print_json, print_table
    from rung.apps.cli.risk import state_folder
    from rung.apps.health import Health, Places, look

    places = Places(working=Path(), state=state_folder(state), runs=runs, data=data)
    parts = look(places, SystemClock().now_ns())
    unwell = [part.name for part in parts if part.health is not Health.OK]
    if json:
        print_json({"healthy": not unwell, "unwell": unwell, "parts": parts})
    else:
        print_table(
            "Status",
            ("part", "state", "what", "as of (UTC)"),
            [(p.name, p.health, p.detail, _utc(p.at_ns)) for p in parts],
        )
        typer.echo("every part is well" if not unwell else f"not known to be well: {', '.join(unwell)}")
    if health and unwell:
        raise typer.Exit(1)


def _utc(at_ns: int | None) -> str:
    from datetime import UTC, datetime

    return "" if not at_ns else datetime.fromtimestamp(at_ns // 1_000_000_000, UTC).strftime("%Y-%m-%d %H:%M")
