"""The desk of the kill drill: a whole desk on invented bars, a minute of market every few hundredths of a second.

Run as a process of its own: `python -m rung.apps.drill_desk STATE_FOLDER`. It holds BASE and trades NEXT in and out;
every order goes through gates, journal and outbox like that of a desk that trades. Between two bars it looks outside
every few milliseconds. After each step it prints nanoseconds of the monotonic clock, then how many entries were let
through and refused, how many exits and cancels were let through, how many openings were filled, how many opening
orders are unfilled, and how many positions are open. Ends when its input closes, or on a stop signal.
"""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

from rung.adapters.state.kill_switch import FileKillSwitch
from rung.adapters.state.risk_file import RearmBox, RiskFile
from rung.adapters.state.switches import maintenance_why, on_stop_signals
from rung.adapters.state.system_clock import SystemClock
from rung.adapters.stores.sqlite import SqliteStore
from rung.allocation.allocate import OPENING, Allocator
from rung.allocation.sizing import SizingParams
from rung.apps.places import COSTS_FILE, config_file
from rung.config.load import load
from rung.domain.bar import Bar
from rung.domain.clock import NS_PER_MINUTE, ManualClock
from rung.domain.instrument import us_equity
from rung.domain.order import OrderKind
from rung.domain.session import Session
from rung.domain.slice import Slice
from rung.domain.step import Step
from rung.domain.target import Action, Protection, Target
from rung.domain.verdicts import Approved
from rung.domain.view import View
from rung.engine.desk import Desk
from rung.engine.durable_venue import DurableVenue, InProcess
from rung.engine.failsafe import Failsafe
from rung.engine.outside import Outside
from rung.engine.trading import Surroundings, TradingLoop
from rung.engine.write_ahead import JournalledOutcomes
from rung.execution.outbox import Outbox
from rung.journal.journal import Journal
from rung.ledger.ledger import Ledger
from rung.risk.flag import PolledFlag, PolledKill
from rung.risk.gateway import GatePorts, build_guard
from rung.risk.guard import Guard
from rung.risk.limits import effective_limits
from rung.risk.params import ScreenLimits
from rung.simulation.compose import sim_venue
from rung.simulation.params import CostParams

ROUND_SECONDS = 0.005
ROUNDS_PER_BAR = 10
HOLDS_NS = 3 * NS_PER_MINUTE
ACCOUNT = "drill"
BASE, NEXT = "BASE", "NEXT"
CAPITAL = Decimal(100_000)
_INSTRUMENTS = {symbol: us_equity(symbol) for symbol in (BASE, NEXT)}
_BEGIN_NS = 1_000_000 * NS_PER_MINUTE


class Drill:
    """Holds BASE, and buys and sells NEXT as often as it can."""

    name = "drill"

    def decide(self, view: View) -> Sequence[Target]:
        targets = []
        for symbol in view.slice.bars:
            held, working = symbol in view.account.positions, symbol in view.account.working
            if not held and not working:
                stop = Protection(stop_frac=0.02)
                targets.append(_target(view, symbol, Action.ENTER_LONG, 0.2, protection=stop))
            elif symbol == NEXT and held and not working and _held_ns(view, symbol) >= HOLDS_NS:
                targets.append(_target(view, symbol, Action.EXIT, 0.0))
        return targets


def _held_ns(view: View, symbol: str) -> int:
    return view.slice.at_ns - view.account.positions[symbol].opened_ns


def _target(view: View, symbol: str, action: Action, weight: float, *, protection: Protection | None = None) -> Target:
    at_ns = view.slice.at_ns
    return Target(at_ns=at_ns, symbol=symbol, action=action, weight=weight, reason="kill drill", protection=protection)


def main(folder: Path) -> None:
    """Step, say what happened; until the other side closes our input or a signal tells us to stop."""
    clock, signals = ManualClock(), list[str]()
    switch = FileKillSwitch(folder, SystemClock(), triggers=(folder / "trigger",))
    risk_file = RiskFile(folder, ACCOUNT)
    with Journal(SqliteStore(folder / "journal.sqlite", writer="drill")) as journal, on_stop_signals(signals.append):
        clock.move_to(max(_BEGIN_NS, journal.last_ns or 0))
        maintenance = PolledFlag()
        guard = _guard(maintenance)
        stored = risk_file.load()
        if stored is not None:
            guard.recall(stored["risk"])
        strategy = Failsafe(Drill())
        desk = _desk(strategy, guard, journal, switch, clock)
        around = Surroundings(
            clock=clock,
            kill_switch=switch,
            save=risk_file.save,
            maintenance=lambda: maintenance_why((folder / ".maintenance_mode",)),
            wishes=RearmBox(folder, ACCOUNT).take,
            stopping=lambda: signals[0] if signals else None,
        )
        outside = Outside(desk, guard, maintenance)
        loop = TradingLoop(desk=desk, guard=guard, strategy=strategy, outside=outside, journal=journal, around=around)
        for step in loop.run(_market(clock)):
            os.write(1, _words(step).encode("ascii"))


def _guard(maintenance: PolledFlag) -> Guard:
    limits = ScreenLimits(max_orders_per_minute=1_000_000)
    ports = GatePorts(kill=PolledKill(), maintenance=maintenance, start_equity_quote=CAPITAL, instruments=_INSTRUMENTS)
    return build_guard(effective_limits([limits.limit_set("drill")]), ports)


def _desk(strategy: Failsafe, guard: Guard, journal: Journal, switch: FileKillSwitch, clock: ManualClock) -> Desk:
    venue = sim_venue(load(config_file(COSTS_FILE), CostParams).value, _INSTRUMENTS)
    outcomes = JournalledOutcomes(journal, clock)
    outbox = Outbox(InProcess(venue), outcomes, may_send=lambda: not switch.read().on)
    return Desk(
        strategy=strategy,
        allocator=Allocator(strategy=Drill.name, instruments=_INSTRUMENTS, params=SizingParams()),
        guard=guard,
        venue=DurableVenue(venue, journal=journal, outbox=outbox, clock=clock),
        ledger=Ledger("USD", CAPITAL),
    )


def _market(clock: ManualClock) -> Iterator[Slice]:
    """BASE trades every minute, NEXT every other one, so that its orders stay unfilled for a while. Between two bars
    come slices without any.
    """
    begin_ns = clock.now_ns()
    session = Session(date=f"drill-{begin_ns}", open_ns=begin_ns, close_ns=begin_ns + 10**7 * NS_PER_MINUTE)
    number = 0
    while not select.select([sys.stdin], [], [], ROUND_SECONDS)[0]:
        minute, part = divmod(number, ROUNDS_PER_BAR)
        number += 1
        at_ns = begin_ns + NS_PER_MINUTE + minute * NS_PER_MINUTE + part * NS_PER_MINUTE // ROUNDS_PER_BAR
        clock.move_to(at_ns)
        symbols = () if part else (BASE, NEXT) if minute % 2 else (BASE,)
        yield Slice(at_ns=at_ns, session=session, bars={symbol: _bar(symbol, at_ns) for symbol in symbols})


def _bar(symbol: str, at_ns: int) -> Bar:
    prices = {"open": 100.0, "high": 100.1, "low": 99.9, "close": 100.0, "volume": 1e6}
    return Bar(symbol=symbol, open_ns=at_ns - NS_PER_MINUTE, interval_ns=NS_PER_MINUTE, **prices)


def _words(step: Step) -> str:
    passed = [v.order for v in step.verdicts if isinstance(v, Approved)]
    told = (
        time.monotonic_ns(),
        sum(not order.reduce_only for order in passed),
        len(step.verdicts) - len(passed),
        sum(order.kind is OrderKind.MARKET and order.reduce_only for order in passed),
        sum(order.kind is OrderKind.CANCEL for order in passed),
        sum(not fill.closes for fill in step.fills),
        sum(order_id.endswith(f"-{OPENING}") for order_id in step.account.working.values()),
        len(step.account.positions),
    )
    return " ".join(map(str, told)) + "\n"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
