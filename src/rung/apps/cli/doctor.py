"""`rung doctor`: what is installed, what is missing, what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def doctor(
    data: Annotated[Path, typer.Option(help="folder of tapes to look at")] = Path("data/equities"),
    json: Annotated[bool, typer.Option("--json", help="machine-readable, for bug reports")] = False,
) -> None:
    """Look at everything Rung needs and say what to do about what is missing. Exit code 1 when something is broken."""
    import platform

    from rung import __version__
    from rung.apps.checkup import State, check_up
    from rung.apps.cli.output import print_json, print_table

    findings = check_up(data)
    broken = [finding for finding in findings if finding.state is State.BROKEN]
    if json:
        machine = {"system": platform.system(), "processor": platform.machine()}
        print_json({"rung": __version__, **machine, "healthy": not broken, "findings": findings})
    else:
        rows = [(f.area, f.name, f.state, f.detail, f.remedy) for f in findings]
        print_table(f"rung {__version__}", ("area", "what", "state", "found", "what to do"), rows)
        typer.echo(f"{len(broken)} broken" if broken else "nothing is broken")
    if broken:
        raise typer.Exit(1)
