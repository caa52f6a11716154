"""`rung profile`: the capital profiles, and which account has which."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, help="List, show and set capital profiles.")

State = Annotated[Path | None, typer.Option(help="State folder of the desk (default: .rung/state, or RUNG_STATE).")]
Json = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]


@app.command("list")
def list_(state: State = None, as_json: Json = False) -> None:
    """The profiles, from the most careful to the boldest, and the accounts that have them."""
    from rung.adapters.state.profiles_file import ProfilesFile
    from rung.apps.cli.output import print_json, print_table
    from rung.apps.cli.risk import state_folder
    from rung.apps.limit_files import load_profiles

    profiles = load_profiles()
    given = ProfilesFile(state_folder(state)).all()
    if as_json:
        print_json({"id": profiles.id, "profiles": profiles.value.by_name(), "accounts": given})
        return
    rows = [
        (
            name,
            f"{one.max_daily_loss_pct:g} %",
            f"{one.max_weekly_loss_pct:g} %",
            f"{one.max_single_trade_risk_pct:g} %",
            one.max_open_positions,
            f"{one.allowed_leverage:g}",
            ", ".join(sorted(account for account, has in given.items() if has.profile == name)),
        )
        for name, one in profiles.value.by_name().items()
    ]
    columns = ("profile", "daily loss", "weekly loss", "trade risk", "positions", "leverage", "accounts")
    print_table("Capital profiles", columns, rows, right=columns[1:6])


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A profile, or an account that has one.")],
    state: State = None,
    as_json: Json = False,
) -> None:
    """One profile: its limits and its neighbours."""
    from rung.adapters.state.profiles_file import ProfilesFile
    from rung.apps.cli.output import jsonable, print_json, print_table
    from rung.apps.cli.risk import state_folder
    from rung.apps.limit_files import load_profiles, profile_of
    from rung.risk.limit_sets import next_profile, previous_profile

    given = ProfilesFile(state_folder(state)).all().get(name)
    profile = name if given is None else given.profile
    limits = jsonable(profile_of(load_profiles(), profile))
    neighbours = {"more careful": previous_profile(profile), "bolder": next_profile(profile)}
    if as_json:
        print_json({"profile": profile, "limits": limits, "neighbours": neighbours, "account": given})
        return
    assert isinstance(limits, dict)  # noqa: S101  (a dataclass becomes a dict)
    rows = [*limits.items(), *((key, value or "none") for key, value in neighbours.items())]
    print_table(f"Profile {profile}", ("key", "value"), rows)
    if given is not None:
        typer.echo(f"account {name} has it since {given.at_ns} ({given.person}: {given.reason})")


@app.command("set")
def set_(
    account: Annotated[str, typer.Argument(help="The account.")],
    profile: Annotated[str, typer.Argument(help="micro, low, normal or aggressive.")],
    reason: Annotated[str, typer.Option(help="Why. It is kept; a bolder profile needs one.")] = "",
    state: State = None,
) -> None:
    """Give an account a profile. One step up at a time, with a reason; down as far as you like.

    A running desk stops opening until it is restarted with the limits of its new profile.
    """
    from rung.adapters.state.profiles_file import Assignment, ProfilesFile
    from rung.adapters.state.risk_file import checked_name
    from rung.adapters.state.system_clock import SystemClock
    from rung.apps.cli.kill import person
    from rung.apps.cli.risk import state_folder
    from rung.apps.limit_files import load_profiles, profile_of
    from rung.risk.limit_sets import PROFILE_LADDER

    profile_of(load_profiles(), profile)
    file = ProfilesFile(state_folder(state))
    before = file.all().get(checked_name(account))
    start = -1 if before is None else PROFILE_LADDER.index(before.profile)
    _refuse_leap(start, PROFILE_LADDER.index(profile), reason)
    given = Assignment(profile=profile, at_ns=SystemClock().now_ns(), person=person(), reason=reason or "step down")
    file.assign(account, given)
    typer.echo(f"{account}: {'no profile' if before is None else before.profile} → {profile}")


def _refuse_leap(start: int, end: int, reason: str) -> None:
    """An account without a profile stands below micro: its first step is to micro."""
    from rung.domain.errors import UserError
    from rung.risk.limit_sets import PROFILE_LADDER

    if end - start > 1:
        raise UserError("a profile is climbed one step at a time", remedy=f"set {PROFILE_LADDER[start + 1]} first")
    if end > start and not reason.strip():
        raise UserError("a bolder profile needs a reason", where="--reason", remedy="say what was shown")
