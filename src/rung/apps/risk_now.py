"""The limits of an account as they bind now, what is used of them, and a verdict on one order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from rung.adapters.state.kill_switch import FileKillSwitch
from rung.adapters.state.profiles_file import ProfilesFile
from rung.adapters.state.risk_file import RiskFile
from rung.adapters.state.switches import MAINTENANCE_FILE, Switches
from rung.apps.limit_files import LoadedLimits, load_limits
from rung.apps.risk_check import OrderQuestion, account_of
from rung.domain.clock import Clock
from rung.domain.errors import UserError
from rung.domain.verdicts import Verdict
from rung.risk.flag import not_thrown
from rung.risk.gateway import GatePorts, build_guard, build_latches
from rung.risk.latches import Latches
from rung.risk.limits import LIMIT_NAMES
from rung.risk.memory import recall

MAIN_ACCOUNT = "main"
"""The account of a desk that names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitRow:
    """One effective limit. used, used_frac : today's usage and its share of the limit; None: not measured."""

    name: str
    limit: str
    origin: str
    used: str | None
    used_frac: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskNow:
    """Everything `rung risk show` prints.

    stored : what the account's desk left behind, None when it never ran.   folder : the state folder; None when there
    is none, and then nobody knows of a kill switch either.
    """

    loaded: LoadedLimits
    latches: Latches
    stored: Mapping[str, Any] | None
    profile: str | None
    switches: Switches
    folder: Path | None

    def rows(self) -> list[LimitRow]:
        """The plain limits, then the loss limits of every set."""
        limits, origins = self.loaded.effective.limits, self.loaded.effective.origins
        used = _usage(self.stored)
        rows = [
            _row(name, getattr(limits, name), origins[name], used.get(name)) for name in LIMIT_NAMES if name in origins
        ]
        for latch in self.latches.losses():
            usage = latch.usage() if self.stored is not None else None
            rule = latch.rule
            limit = rule.limit_frac if rule.limit_frac is not None else rule.limit_quote or Decimal(0)
            rows.append(
                LimitRow(
                    name=f"{rule.name} ({rule.period.value})",
                    limit=f"{limit:f}" if rule.limit_frac is not None else f"{limit:f} quote",
                    origin=rule.origin,
                    used=None if usage is None else f"{usage * limit:.6g}",
                    used_frac=None if usage is None else float(usage),
                )
            )
        return rows


def risk_now(state: Path, clock: Clock, *, account: str, limit_files: Sequence[Path]) -> RiskNow:
    """Load limits, profile and stored state of one account. Raises UserError for what a person can mend, and for an
    account nobody has given a profile and no desk has run: a typo must not lose an account its limits.
    """
    if state.exists() and not state.is_dir():
        raise UserError("is no folder", where=str(state), remedy="name the state folder of the desk")
    stored = RiskFile(state, account).load()
    profiles = ProfilesFile(state).all()
    known = sorted({MAIN_ACCOUNT, *profiles, *(p.name.removesuffix(".risk.json") for p in state.glob("*.risk.json"))})
    if account not in known:
        raise UserError(f"there is no account {account!r}", where="--account", remedy=f"known: {', '.join(known)}")
    assigned = profiles.get(account)
    profile = None if assigned is None else assigned.profile
    loaded = load_limits(limit_files, profile)
    latches = build_latches(loaded.effective)
    if stored is not None:
        recall(stored["risk"], (), latches)
    folder = state if state.is_dir() else None
    switches = Switches(FileKillSwitch(state, clock), (Path(MAINTENANCE_FILE), state / MAINTENANCE_FILE))
    switches.poll()
    return RiskNow(loaded=loaded, latches=latches, stored=stored, profile=profile, switches=switches, folder=folder)


def judge(question: OrderQuestion, now: RiskNow, clock: Clock) -> tuple[Verdict, Mapping[str, str]]:
    """The verdict of every gate that can be asked without a running desk, and what could not be asked."""
    account = question.account
    if account is None and now.stored is not None:
        account = account_of(now.stored["snapshot"])
    if account is None:
        raise UserError(
            "there is no account to judge the order for",
            remedy='add "account": {"equity_quote": …} to the file, or give --account of a desk that has run',
        )
    if not account.equity_quote.is_finite() or account.equity_quote <= 0:
        raise UserError(f"an account of {account.equity_quote} cannot trade", where="equity_quote", remedy="above 0")
    at_ns = clock.now_ns()
    view = question.view(at_ns, account)
    ports = GatePorts(
        kill=not_thrown() if now.folder is None else now.switches.kill,
        maintenance=now.switches.maintenance,
        start_equity_quote=account.start_equity_quote or account.equity_quote,
        instruments=question.instruments(),
        profile=now.profile,
        policy=now.loaded.policy,
    )
    guard = build_guard(now.loaded.effective, ports)
    if now.stored is not None:
        recall(now.stored["risk"], (), guard.latches, guard.level)
    guard.observe(view.slice)
    guard.look(view)
    (verdict,) = guard.screen([question.order(at_ns)], view)
    missing = dict(guard.missing)
    if now.folder is None:
        missing["kill_switch"] = "there is no state folder, so no desk to kill"
    if account.start_equity_quote is None:
        missing["equity_floor"] = "the account does not say start_equity_quote; judged as if it began with what it has"
    if question.market is not None and not question.market.says_session:
        missing["session"] = "the market does not say minutes_since_open and minutes_to_close; judged as 60 and 330"
    return verdict, missing


def _usage(stored: Mapping[str, Any] | None) -> Mapping[str, Decimal]:
    """What the stored snapshot says about the limits that are a state, not a property of one order."""
    if stored is None:
        return {}
    snapshot = stored["snapshot"]
    equity = Decimal(snapshot["equity_quote"])
    values = [abs(Decimal(held["quantity"]) * Decimal(held["mark_price"])) for held in snapshot["positions"].values()]
    count = Decimal(len(values))
    if not equity.is_finite() or equity <= 0:
        return {"max_positions": count}
    gross = sum(values, Decimal(0)) / equity
    return {
        "max_positions": count,
        "max_symbol_notional_frac": max(values, default=Decimal(0)) / equity,
        "max_gross_notional_frac": gross,
        "max_gross_leverage": gross,
    }


def _row(name: str, limit: Any, origin: str, used: Decimal | None) -> LimitRow:
    shown = (
        ", ".join(sorted(limit))
        if isinstance(limit, frozenset)
        else f"{limit:f}"
        if isinstance(limit, Decimal)
        else str(limit)
    )
    if used is None:
        return LimitRow(name=name, limit=shown, origin=origin, used=None, used_frac=None)
    return LimitRow(name=name, limit=shown, origin=origin, used=f"{used:.6g}", used_frac=float(used / Decimal(limit)))
