"""The desk of the kill drill: judges one entry and one exit every few milliseconds and says what it was told.

Run as a process of its own: `python -m rung.apps.drill_desk STATE_FOLDER`. Prints, per round, nanoseconds of the
monotonic clock and whether entry and exit were approved. Ends when its input closes.
"""

from __future__ import annotations

import os
import select
import sys
import time
from decimal import Decimal
from pathlib import Path

from rung.adapters.state.kill_switch import FileKillSwitch
from rung.adapters.state.switches import Switches
from rung.adapters.state.system_clock import SystemClock
from rung.domain.account import Account, Position
from rung.domain.bar import Bar
from rung.domain.clock import NS_PER_MINUTE
from rung.domain.order import Order, OrderKind, Side
from rung.domain.session import Session
from rung.domain.slice import Slice
from rung.domain.target import Action, Protection
from rung.domain.verdicts import Approved
from rung.domain.view import View
from rung.risk.params import ScreenLimits
from rung.risk.screen import screen
from rung.risk.suite import first_gates, observe, observers

ROUND_SECONDS = 0.005
_HELD, _NEW = "HELD", "NEW"


def main(folder: Path) -> None:
    """Poll, judge, say; until the other side closes our input."""
    switches = Switches(FileKillSwitch(folder, SystemClock(), triggers=(folder / "trigger",)), ())
    limits = ScreenLimits(max_orders_per_minute=1_000_000)
    gates = first_gates(
        limits, start_equity_quote=Decimal(100_000), maintenance=switches.maintenance, kill=switches.kill
    )
    at_ns = NS_PER_MINUTE * 1_000_000
    while not select.select([sys.stdin], [], [], ROUND_SECONDS)[0]:
        at_ns += NS_PER_MINUTE
        view = _view(at_ns)
        observe(observers(gates), view.slice)
        switches.poll()
        entry, leave = screen([_order(_NEW, at_ns), _order(_HELD, at_ns)], gates, view)
        words = f"{time.monotonic_ns()} {isinstance(entry, Approved)} {isinstance(leave, Approved)}\n"
        os.write(1, words.encode("ascii"))


def _view(at_ns: int) -> View:
    session = Session(date="drill", open_ns=at_ns - 60 * NS_PER_MINUTE, close_ns=at_ns + 300 * NS_PER_MINUTE)
    bars = {
        symbol: Bar(
            symbol=symbol,
            open_ns=at_ns - NS_PER_MINUTE,
            interval_ns=NS_PER_MINUTE,
            open=100.0,
            high=100.1,
            low=99.9,
            close=100.0,
            volume=1e6,
        )
        for symbol in (_HELD, _NEW)
    }
    held = Position(
        symbol=_HELD,
        quantity=Decimal(10),
        entry_price=Decimal(100),
        opened_ns=at_ns,
        mark_price=Decimal(100),
        entry_fees_quote=Decimal(0),
    )
    equity = Decimal(100_000)
    account = Account(
        at_ns=at_ns,
        currency="USD",
        cash_quote=equity - 1_000,
        equity_quote=equity,
        peak_equity_quote=equity,
        session_start_equity_quote=equity,
        positions={_HELD: held},
        working={},
    )
    return View(slice=Slice(at_ns=at_ns, session=session, bars=bars), account=account)


def _order(symbol: str, at_ns: int) -> Order:
    leaves = symbol == _HELD
    return Order(
        order_id=f"drill-{at_ns}-{symbol}",
        at_ns=at_ns,
        symbol=symbol,
        side=Side.SELL if leaves else Side.BUY,
        kind=OrderKind.MARKET,
        quantity=Decimal(10),
        reference_price=Decimal(100),
        reduce_only=leaves,
        action=Action.EXIT if leaves else Action.ENTER_LONG,
        reason="kill drill",
        strategy="drill",
        protection=None if leaves else Protection(stop_frac=0.02),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
