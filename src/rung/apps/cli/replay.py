"""`rung replay`: execute a recorded run again and compare bit for bit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rung.domain.errors import UserError

if TYPE_CHECKING:
    from rung.apps.replay_run import Replayed


def replay(
    run: Annotated[Path, typer.Argument(help="a journal, or the folder of a run", show_default=False)],
    first: Annotated[str | None, typer.Option("--from", help="compare from this session on, YYYY-MM-DD")] = None,
    last: Annotated[str | None, typer.Option("--to", help="compare up to this session, included")] = None,
    json: Annotated[bool, typer.Option("--json", help="print the finding as JSON")] = False,
) -> None:
    """Execute recorded decisions again with today's code and compare every step bit for bit.

    The journal is verified first, with RUNG_JOURNAL_KEY and the anchors beside it; then the recorded configuration is
    used, not the files of today. Exit code 0: the same. 1: something differs; the first difference is named with step,
    field, code and config ids. 3: the journal was edited.
    """
    from rung.apps.cli.output import console, print_json
    from rung.apps.cli.progress import progress_bar
    from rung.apps.replay_run import replay_run

    path = journal_of(run)
    with progress_bar() as progress:
        found = replay_run(path, first, last, progress)
    if json:
        print_json({**_fields(found), "same": found.same})
    else:
        console().print("\n".join(_lines(found)), soft_wrap=True, markup=False)
    if not found.same:
        raise typer.Exit(1)


def _lines(found: Replayed) -> Iterator[str]:
    """What came out, with what it rests on."""
    d = found.difference
    if d is not None:
        yield f"step {d.seq} differs in {d.field}\n  recorded  {d.recorded}\n  replayed  {d.replayed}"
    else:
        totals = " and the totals" if found.finished else ""
        yield f"the same, bit for bit: {found.compared} of {found.steps} steps compared{totals}"
        if not found.finished:
            yield "  unfinished: the run was not closed; there may have been steps that were not recorded"
    if found.code_id == found.recorded_code_id:
        yield f"  recorded and replayed with the same code, {found.code_id}"
    else:
        ended = "the same" if d is None else "not the same"
        yield f"  recorded with code {found.recorded_code_id}, replayed with code {found.code_id}: {ended}"
    yield f"  the recorded configuration was used, not the files of today: {found.config_id}"
    if found.config_id != found.recorded_config_id:
        yield (
            f"  the journal's header calls it {found.recorded_config_id}: the config id differs, because the header "
            "was edited or because today's code knows more settings"
        )
    anchors = "1 anchor" if found.anchors == 1 else f"{found.anchors:,} anchors"
    yield (
        f"  the chain holds: {found.entries:,} entries verified, {anchors} compared, "
        + ("keyed" if found.keyed else "not keyed")
    )


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
