"""Screening: microseconds per order with the first gates and with every gate there is (budget: 60 µs, all gates on).

    python -m benchmarks.screening [--rounds 7] [--orders 2000] [--positions 3] [--json]

Also an empty batch (budget: 1 µs), the ticking of every latch once per slice, the look at the switches before a step,
and, per gate, what it alone costs. Processor time, so that a busy neighbour is not counted; medians over the rounds,
candidates take turns within a round.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

from msgspec.structs import replace

from rung.adapters.state.kill_switch import FileKillSwitch
from rung.adapters.state.switches import Switches
from rung.adapters.state.system_clock import SystemClock
from rung.domain.account import Account, Position
from rung.domain.bar import Bar
from rung.domain.instrument import us_equity
from rung.domain.order import Order, OrderKind, Side
from rung.domain.session import Session
from rung.domain.slice import Slice
from rung.domain.target import Action, Protection
from rung.domain.verdicts import Approved
from rung.domain.view import View
from rung.risk.flag import PolledFlag, not_thrown
from rung.risk.gate import Gate
from rung.risk.gateway import GatePorts, build_guard
from rung.risk.global_risk import GlobalLimits
from rung.risk.guard import Guard
from rung.risk.latch import LatchFacts
from rung.risk.limit_sets import QtsRisk, SafetyGate, UltraConservative
from rung.risk.limits import Limits, LimitSet, effective_limits
from rung.risk.params import ScreenLimits
from rung.risk.quotes import Quote
from rung.risk.screen import screen

MINUTE = 60_000_000_000
AT = 1_758_038_400_000_000_000
SESSION = Session(date="2025-09-16", open_ns=AT - 150 * MINUTE, close_ns=AT + 240 * MINUTE)
SYMBOLS = ("TQQQ", "SQQQ", "SDS", "UVXY", "SSO", "SVIX")
EQUITY = Decimal(100_000)
MANY = 1_000_000_000
BUDGET_ORDER_US, BUDGET_EMPTY_US = 60.0, 1.0


class Book:
    """A narrow quote of everything."""

    def __init__(self) -> None:
        self._quotes = {s: Quote(symbol=s, at_ns=AT, bid=99.99, ask=100.01) for s in SYMBOLS}

    def quote(self, symbol: str) -> Quote | None:
        return self._quotes.get(symbol)


def down() -> PolledFlag:
    flag = PolledFlag()
    flag.found(None)
    return flag


def view_of(positions: int) -> View:
    bars = {
        s: Bar(symbol=s, open_ns=AT - MINUTE, interval_ns=MINUTE, open=100.0, high=100.1, low=99.9, close=100.0,
               volume=9e4)
        for s in SYMBOLS
    }  # fmt: skip
    held = {
        s: Position(symbol=s, quantity=Decimal(50), entry_price=Decimal(99), opened_ns=AT, mark_price=Decimal("100.37"),
                    entry_fees_quote=Decimal(0))
        for s in SYMBOLS[1 : positions + 1]
    }  # fmt: skip
    account = Account(
        at_ns=AT, currency="USD", cash_quote=EQUITY, equity_quote=EQUITY, peak_equity_quote=EQUITY,
        session_start_equity_quote=EQUITY, positions=held, working={},
    )  # fmt: skip
    return View(slice=Slice(at_ns=AT, session=SESSION, bars=bars), account=account)


def every_gate() -> Guard:
    """All limit sets at once, loose enough that a sound order passes."""
    ultra = UltraConservative(
        max_margin_per_trade_usd=9e4, max_notional_per_trade_usd=9e4, max_risk_per_trade_usd=9e4, max_positions=9,
        max_stop_pct=5.0, max_daily_loss_usd=9e3, max_total_loss_usd=9e3,
    )  # fmt: skip
    own = Limits(max_margin_use_frac=Decimal(1), max_consecutive_losses=5, allowed_symbols=frozenset(SYMBOLS))
    effective = effective_limits(
        [
            ScreenLimits(max_orders_per_minute=MANY, max_positions=9).limit_set("screen"),
            QtsRisk(max_orders_per_min=MANY).limit_set("qts"),
            SafetyGate(trades_per_day=MANY, trades_per_hour=MANY).limit_set("safety"),
            ultra.limit_set("ultra"),
            GlobalLimits().limit_set("book"),
            LimitSet(origin="own", limits=own),
        ]
    )
    ports = GatePorts(
        kill=not_thrown(), maintenance=down(), start_equity_quote=EQUITY,
        instruments={s: us_equity(s) for s in SYMBOLS}, profile="micro", assigned_profile=lambda: "micro",
        quotes=Book(),
    )  # fmt: skip
    return build_guard(effective, ports)


def first_gates() -> Guard:
    """What every run has."""
    limits = ScreenLimits(max_orders_per_minute=MANY, max_positions=9).limit_set("screen")
    ports = GatePorts(
        kill=not_thrown(), maintenance=down(), start_equity_quote=EQUITY,
        instruments={s: us_equity(s) for s in SYMBOLS},
    )  # fmt: skip
    return build_guard(effective_limits([limits]), ports)


def orders(count: int) -> list[Order]:
    one = Order(
        order_id="", at_ns=AT, symbol="TQQQ", side=Side.BUY, kind=OrderKind.MARKET, quantity=Decimal(120),
        reference_price=Decimal(100), reduce_only=False, action=Action.ENTER_LONG, reason="rank 1", strategy="rotation",
        protection=Protection(stop_frac=0.015),
    )  # fmt: skip
    return [replace(one, order_id=f"rotation-{number}") for number in range(count)]


def microseconds(call: Callable[[], object], times: int) -> float:
    started = time.process_time()
    for _ in range(times):
        call()
    return (time.process_time() - started) / times * 1e6


def screened(gates: Sequence[Gate], view: View, batch: list[Order]) -> float:
    """Microseconds per order; fails when the gates refuse what they should let through."""
    started = time.process_time()
    for order in batch:
        (verdict,) = screen((order,), gates, view)
        assert isinstance(verdict, Approved), verdict
    return (time.process_time() - started) / len(batch) * 1e6


def measure(rounds: int, count: int, positions: int) -> dict[str, float]:
    samples: dict[str, list[float]] = {}
    view = view_of(positions)
    with tempfile.TemporaryDirectory() as folder:
        switches = Switches(FileKillSwitch(Path(folder), SystemClock()), (Path(folder) / ".maintenance_mode",))
        for _ in range(rounds):
            for name, value in one_round(view, count, switches).items():
                samples.setdefault(name, []).append(value)
    return {name: statistics.median(values) for name, values in samples.items()}


def one_round(view: View, count: int, switches: Switches) -> dict[str, float]:
    batch = orders(count)
    first, every = first_gates(), every_gate()
    for guard in (first, every):
        guard.observe(view.slice)
        guard.look(view)
    facts = LatchFacts(at_ns=AT, session=SESSION, equity_quote=EQUITY)
    return {
        f"first {len(first.gates)} gates": screened(first.gates, view, batch),
        f"all {len(every.gates)} gates": screened(every.gates, view, batch),
        "empty batch": microseconds(lambda: screen((), every.gates, view), count),
        "all latches, once a slice": microseconds(lambda: every.latches.tick(facts), count),
        "look at the switches": microseconds(switches.poll, count),
    }


def by_gate(view: View, count: int) -> dict[str, float]:
    guard = every_gate()
    guard.observe(view.slice)
    guard.look(view)
    order = orders(1)[0]
    return {gate.name: microseconds(lambda gate=gate: gate.check(order, view, ()), count) for gate in guard.gates}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--orders", type=int, default=2000)
    parser.add_argument("--positions", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    totals = measure(given.rounds, given.orders, given.positions)
    alone = by_gate(view_of(given.positions), given.orders)
    within = next(v for n, v in totals.items() if n.startswith("all ") and n.endswith("gates")) <= BUDGET_ORDER_US
    within = within and totals["empty batch"] <= BUDGET_EMPTY_US
    if given.json:
        print(json.dumps({"microseconds": totals, "by_gate": alone, "within_budget": within}, indent=2))
        return
    for name, value in totals.items():
        print(f"{name:<28}{value:>9.2f} µs")
    budget = f"({BUDGET_ORDER_US:g} µs per order, {BUDGET_EMPTY_US:g} µs empty)"
    print(f"\nwithin budget {budget}: {'yes' if within else 'NO'}\n")
    for name, value in sorted(alone.items(), key=lambda item: -item[1]):
        print(f"  {name:<26}{value:>9.2f} µs")


if __name__ == "__main__":
    main()
