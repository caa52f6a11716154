"""`rung replay`: execute a recorded run again and compare bit for bit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rung.domain.errors import UserError


def replay(
    run: Annotated[Path, typer.Argument(help="a journal, or the folder of a run", show_default=False)],
    first: Annotated[str | None, typer.Option("--from", help="compare from this session on, YYYY-MM-DD")] = None,
    last: Annotated[str | None, typer.Option("--to", help="compare up to this session, included")] = None,
    json: Annotated[bool, typer.Option("--json", help="print the finding as JSON")] = False,
) -> None:
    """Execute recorded decisions again with today's code and compare every step bit for bit.

    Exit code 0: the same. 1: something differs; the first difference is named with step, field, code and config ids.
    """
    from rung.apps.cli.output import console, print_json
    from rung.apps.cli.progress import progress_bar
    from rung.apps.replay_run import replay_run

    path = journal_of(run)
    with progress_bar() as progress:
        found = replay_run(path, first, last, progress)
    if json:
        print_json({**_fields(found), "same": found.same})
    elif found.difference is None:
        console().print(f"the same, bit for bit: {found.compared} of {found.steps} steps compared")
    else:
        d = found.difference
        console().print(f"step {d.seq} differs in {d.field}\n  recorded  {d.recorded}\n  replayed  {d.replayed}")
        changed = "the same code" if found.code_id == found.recorded_code_id else f"code {found.recorded_code_id} then"
        console().print(f"  {changed}, code {found.code_id} now; config {found.config_id}")
    if not found.same:
        raise typer.Exit(1)


def journal_of(run: Path) -> Path:
    """The journal at a path; in a folder its only one. Raises UserError when there is none, or a choice."""
    if not run.is_dir():
        return run
    journals = sorted(run.glob("journal_*.sqlite"))
    if not journals:
        raise UserError("no journal in this folder", where=str(run), remedy="name a folder that `rung mock` wrote")
    if len(journals) > 1:
        names = ", ".join(path.name for path in journals)
        raise UserError(f"{len(journals)} journals in this folder", where=str(run), remedy=f"name one of {names}")
    return journals[0]


def _fields(found: object) -> dict[str, object]:
    from dataclasses import asdict

    return asdict(found)  # type: ignore[call-overload, no-any-return]
