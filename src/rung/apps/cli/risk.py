"""`rung risk`: which limits bind, where they come from, what is used of them; and what they say to an order."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from decimal import Decimal

    from rung.apps.risk_now import LimitRow, RiskNow
    from rung.domain.verdicts import Verdict

app = typer.Typer(add_completion=False, help="Show the effective limits; judge an order without trading.")

State = Annotated[Path | None, typer.Option(help="State folder of the desk (default: .rung/state, or RUNG_STATE).")]
AccountName = Annotated[str, typer.Option("--account", help="Whose limits: a name as in `rung profile list`.")]
LimitFiles = Annotated[
    list[Path] | None,
    typer.Option("--limits", help="A limit file; repeat for several, the strictest binds (default: risk/screen.toml)."),
]
Json = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]


@app.command()
def show(
    state: State = None,
    account: AccountName = "main",
    limits: LimitFiles = None,
    as_json: Json = False,
) -> None:
    """The effective limits with their origin and today's usage, the latches, the switches."""
    from rung.apps.cli.output import print_json, print_table

    now = _now(state, account, limits)
    rows = now.rows()
    if as_json:
        print_json(_as_json(now, rows, account))
        return
    shown = [(row.name, row.limit, row.origin, row.used or "no data", _share(row.used_frac)) for row in rows]
    title = f"Limits of {account}, profile {now.profile or 'none'}"
    print_table(title, ("limit", "value", "from", "used", "of it"), shown, right=("value", "used", "of it"))
    for note in now.loaded.notes:
        typer.echo(f"note: {note}")
    typer.echo(f"trading state {now.latches.state}")
    tripped = [
        (name, then.state.value, trip.reason, _until(trip.until_ns, next_period=then.next_period))
        for name, (trip, then) in now.latches.tripped.items()
    ]
    if tripped:
        print_table("Tripped latches", ("latch", "state", "why", "opens"), tripped)
    why = now.switches.kill.why()
    if now.folder is None:
        typer.echo(f"state folder  none at {state_folder(state)}: no desk has run with it")
    else:
        typer.echo(f"kill switch   {'off' if why is None else f'ON: {why}'}")
    typer.echo(f"maintenance   {now.switches.maintenance.why() or 'off'}")


@app.command()
def check(
    order: Annotated[Path, typer.Argument(help="JSON file with the order, and account and market if you like.")],
    state: State = None,
    account: AccountName = "main",
    limits: LimitFiles = None,
    as_json: Json = False,
) -> None:
    """Explain the verdict on one order without trading. Exit code 0 approved, 1 refused."""
    from rung.adapters.state.system_clock import SystemClock
    from rung.apps.cli.output import print_json, print_table
    from rung.apps.risk_check import OrderQuestion
    from rung.apps.risk_now import judge
    from rung.config.load import load
    from rung.domain.verdicts import Refused

    question = load(order, OrderQuestion).value
    now = _now(state, account, limits)
    verdict, missing = judge(question, now, SystemClock())
    refused, lot = isinstance(verdict, Refused), question.instrument.lot_size
    if as_json:
        print_json({"approved": not refused, "violations": _violations(verdict, lot), "not_enforced": missing})
    else:
        typer.echo("REFUSED" if refused else "APPROVED: every gate that can be asked here lets it through")
        if refused:
            rows = [(v["gate"], v["message"], v["offer"]) for v in _violations(verdict, lot)]
            print_table("", ("gate", "why", "would pass with"), rows)
        for name, why in missing.items():
            typer.echo(f"not enforced here: {name}: {why}")
    raise typer.Exit(int(refused))


def state_folder(given: Path | None) -> Path:
    """The folder given, else RUNG_STATE, else .rung/state below the working folder."""
    import os

    return given or Path(os.environ.get("RUNG_STATE") or Path(".rung") / "state")


def _now(state: Path | None, account: str, limits: list[Path] | None) -> RiskNow:
    from rung.adapters.state.system_clock import SystemClock
    from rung.apps.places import LIMITS_FILE, config_file
    from rung.apps.risk_now import risk_now

    return risk_now(
        state_folder(state),
        SystemClock(),
        account=account,
        limit_files=limits or [config_file(LIMITS_FILE)],
    )


def _share(used: float | None) -> str:
    return "" if used is None else f"{used:.0%}"


def _violations(verdict: Verdict, lot: Decimal) -> list[dict[str, str]]:
    from rung.domain.verdicts import Refused

    if not isinstance(verdict, Refused):
        return []
    return [
        {
            "kind": each.kind.value,
            "gate": each.gate,
            "message": each.message,
            "value": each.value,
            "limit": each.limit,
            "offer": _offer(each.adjusted_quantity, each.adjusted_leverage, lot),
        }
        for each in verdict.violations
    ]


def _offer(quantity: Decimal | None, leverage: Decimal | None, lot: Decimal) -> str:
    """What would pass this rule, in whole lots; empty when nothing does."""
    if quantity is not None:
        quantity = quantity // lot * lot
    offers = [
        f"{name} {value.normalize():f}"
        for name, value in (("quantity", quantity), ("leverage", leverage))
        if value is not None and value > 0
    ]
    return ", ".join(offers)


def _until(until_ns: int | None, *, next_period: bool) -> str:
    from datetime import UTC, datetime

    if until_ns is not None:
        return "from " + datetime.fromtimestamp(until_ns / 1e9, tz=UTC).isoformat(timespec="seconds")
    return "with the next period" if next_period else "by `rung resume --latch`"


def _as_json(now: RiskNow, rows: list[LimitRow], account: str) -> dict[str, object]:
    return {
        "account": account,
        "profile": now.profile,
        "limits": rows,
        "config_ids": now.loaded.ids,
        "notes": now.loaded.notes,
        "trading_state": now.latches.state,
        "tripped": {name: {"trip": trip, "then": then} for name, (trip, then) in now.latches.tripped.items()},
        "state_folder": None if now.folder is None else str(now.folder),
        "kill_switch": now.switches.kill.why(),
        "maintenance": now.switches.maintenance.why(),
    }
