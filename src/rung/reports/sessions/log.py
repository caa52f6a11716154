"""The sentences of `session_D.log`. Pure text; times are the exchange's own clock."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from rung.domain.session import Session
from rung.domain.verdicts import Refused
from rung.reports.info import RunInfo
from rung.reports.legs import Leg
from rung.reports.words import money, percent

SYNTHETIC = "SYNTHETIC DATA - an invented market: nothing here is evidence"


def stamp(at_ns: int, zone: ZoneInfo) -> str:
    """`2025-10-14 09:31` on the clock of `zone`."""
    return datetime.fromtimestamp(at_ns / 1e9, zone).strftime("%Y-%m-%d %H:%M")


def heading(info: RunInfo, session: Session, zone: ZoneInfo, equity: Decimal) -> list[str]:
    """Who trades what, under which configuration, with how much; first lines of a session's log."""
    opens, closes = stamp(session.open_ns, zone)[-5:], stamp(session.close_ns, zone)[-5:]
    lines = [f"# {SYNTHETIC}"] if info.synthetic else []
    lines += [f"# warning: {warning}" for warning in info.all_warnings]
    lines.append(
        f"# {info.mode} | {info.strategy} | {', '.join(info.symbols)} | config {info.config_id}"
        f" | code {info.code_version} | seed {info.seed}"
    )
    lines.append(
        f"{stamp(session.open_ns, zone)} OPEN    {opens}-{closes} {info.time_zone},"
        f" equity {money(equity)} {info.currency}"
    )
    return lines


def execution(leg: Leg) -> str:
    """One fill: what, how much, at which price, at what cost, and why."""
    size = f"{leg.direction.value:<5} {leg.symbol} {leg.shares} @ {leg.price}"
    costs = f"fees {leg.fee_quote:f}, slippage {leg.slippage_quote:f}"
    if leg.entry or leg.pnl_quote is None:
        return f"ENTRY   {size} = {money(leg.value_quote)} ({costs}) - {leg.action.value}: {leg.reason}"
    result = f"pnl {money(leg.pnl_quote, signed=True)}"
    if leg.pnl_frac is not None:
        result += f" ({percent(float(leg.pnl_frac))})"
    return f"EXIT    {size}, {result} after {leg.bars_held} bars ({costs}) - {leg.action.value}: {leg.reason}"


def refusal(refused: Refused) -> str:
    """One refused order with every reason."""
    order = refused.order
    reasons = "; ".join(f"{v.kind.value}: {v.message}" for v in refused.violations)
    return f"REFUSED {order.side.value} {order.symbol} {order.quantity} ({order.action.value}) - {reasons}"
