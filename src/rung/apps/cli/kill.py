"""`rung kill` and `rung resume`: stop new risk now; re-arm with a reason. Needs no running desk and no database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

State = Annotated[Path | None, typer.Option(help="State folder of the desk (default: .rung/state, or RUNG_STATE).")]
Reason = Annotated[str, typer.Option(help="Why. It is kept.")]
Json = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]


def kill(
    reason: Reason = "",
    flatten: Annotated[bool, typer.Option("--flatten", help="Also close every position.")] = False,
    drill: Annotated[
        bool, typer.Option("--drill", help="Rehearse it on a desk of its own, keep the evidence.")
    ] = False,
    state: State = None,
    as_json: Json = False,
) -> None:
    """Throw the kill switch: nothing opens, whatever works is cancelled, exits go on. Latched until `rung resume`.

    Without a reason it kills all the same.
    """
    from rung.adapters.state.kill_switch import FileKillSwitch
    from rung.adapters.state.system_clock import SystemClock
    from rung.apps.cli.output import print_json
    from rung.apps.cli.risk import state_folder

    folder = state_folder(state)
    if drill:
        _drill(folder, as_json)
        return
    switch, known = FileKillSwitch(folder, SystemClock()), is_used(folder)
    wanted = reason or "no reason given"
    now = switch.kill(person=person(), reason=wanted, flatten=flatten)
    if not known:
        typer.echo(f"note: no desk has left anything in {folder}; one that looks elsewhere is NOT stopped", err=True)
    if now.doubt:
        typer.echo(f"WARNING: {now.doubt}", err=True)
    if as_json:
        print_json(now)
    else:
        typer.echo(f"the kill switch is ON: {now.why()}{', flattening' if now.flatten else ''}")
        if now.reason != wanted and not now.doubt:
            typer.echo("it was on already: the first reason stands")
        typer.echo("nothing opens from now on; arm again with: rung resume --reason …")
    raise typer.Exit(1 if now.doubt else 0)


def resume(
    reason: Reason = "",
    latch: Annotated[str, typer.Option(help="Re-arm this latch (as `rung risk show` names it) instead.")] = "",
    account: Annotated[str, typer.Option(help="Whose latch.")] = "main",
    state: State = None,
    as_json: Json = False,
) -> None:
    """Arm again after a kill, or open one tripped latch. Takes a reason."""
    from rung.adapters.state.kill_switch import FileKillSwitch
    from rung.adapters.state.risk_file import RearmBox
    from rung.adapters.state.system_clock import SystemClock
    from rung.apps.cli.output import print_json
    from rung.apps.cli.risk import state_folder
    from rung.domain.errors import UserError
    from rung.risk.rearming import Rearming

    if not reason.strip():
        raise UserError("nothing is re-armed without a reason", where="--reason", remedy="say what was done about it")
    folder, clock = state_folder(state), SystemClock()
    if not latch:
        now = FileKillSwitch(folder, clock).resume(person=person(), reason=reason)
        print_json(now) if as_json else typer.echo(f"the kill switch is off: {reason} ({person()})")
        return
    _refuse_unknown(folder, account, latch)
    wish = Rearming(latch=latch, at_ns=clock.now_ns(), person=person(), reason=reason)
    RearmBox(folder, account).ask(wish)
    print_json(wish) if as_json else typer.echo(f"the desk of {account} opens {latch} before its next step")


def _refuse_unknown(folder: Path, account: str, latch: str) -> None:
    """A wish nobody would grant is refused here, while the person is still looking."""
    from rung.adapters.state.risk_file import RiskFile
    from rung.domain.errors import UserError

    stored = RiskFile(folder, account).load()
    latches = {} if stored is None else stored["risk"]["latches"]["latches"]
    tripped = sorted(name for name, kept in latches.items() if kept["tripped"] is not None)
    level = None if stored is None or stored["risk"]["global"] is None else stored["risk"]["global"]["level"]
    if latch not in tripped and not (latch == "global" and level not in (None, "NORMAL")):
        known = ", ".join(tripped) or "none"
        raise UserError(f"no tripped latch {latch!r} at {account}", remedy=f"tripped now: {known}")


def _drill(folder: Path, as_json: bool) -> None:
    from rung.apps.cli.output import print_json, print_table
    from rung.apps.kill_drill import run_drill

    evidence = run_drill(folder)
    if as_json:
        print_json(evidence)
    else:
        rows = [(c.name, "passed" if c.passed else "FAILED", f"{c.milliseconds:.1f}", c.said) for c in evidence.checks]
        print_table("Kill drill", ("check", "", "ms", "what happened"), rows, right=("ms",))
        typer.echo(f"evidence: {evidence.path}")
    raise typer.Exit(0 if evidence.passed else 1)


def is_used(folder: Path) -> bool:
    """True when a desk, or somebody who stops desks, has left something in this folder."""
    from rung.adapters.state.kill_switch import FILE

    return (folder / FILE).is_file() or any(folder.glob("*.risk.json")) or any(folder.glob("*.sqlite"))


def person() -> str:
    """Who is at the keyboard, as the system knows them."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
