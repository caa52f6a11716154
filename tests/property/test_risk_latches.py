"""No sequence of orders, fills, marks, kills and restarts lets an entry through a halt, or blocks an exit (P8)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace
from tests.unit.risk import made

from rung.domain.clock import NS_PER_MINUTE
from rung.domain.instrument import us_equity
from rung.domain.order import Side
from rung.domain.session import Session
from rung.domain.slice import Slice
from rung.domain.verdicts import Approved, Refused
from rung.domain.view import View
from rung.risk.flag import PolledFlag, PolledKill
from rung.risk.gate import observe, observers
from rung.risk.gateway import GatePorts, build_guard
from rung.risk.latch import Consequence, LatchFacts, Trip
from rung.risk.latches import MANUAL
from rung.risk.limit_sets import QtsRisk, SafetyGate
from rung.risk.limits import effective_limits
from rung.risk.loss_latch import DAY_NS, LossLatch, Period
from rung.risk.memory import recall, remembered
from rung.risk.screen import screen

D = Decimal
SYMBOLS = ("TQQQ", "SQQQ", "UVXY")
SETS = [
    QtsRisk(max_orders_per_min=10_000).limit_set("qts"),
    SafetyGate(trades_per_hour=9_999, trades_per_day=9_999).limit_set("gate"),
]


@dataclass(frozen=True)
class Seen:
    """A tripped latch as it was first seen tripped."""

    trip: Trip
    then: Consequence
    date: str


class Desk(RuleBasedStateMachine):
    """An account under the whole gateway, with a plain model of what must hold beside it."""

    @initialize()
    def start(self) -> None:
        self.at_ns = made.OPEN_NS + NS_PER_MINUTE
        self.day = 0
        self.equity = D(100_000)
        self.held: dict[str, Decimal] = {}
        self.number = 0
        self.killed = self.maintained = False
        self.seen: dict[str, Seen] = {}
        self.rearmed: set[str] = set()
        self.base = self.peak = self.equity
        self.compose()
        self.show(D(0))
        self.enter_some([("TQQQ", 50), ("SQQQ", 20)])
        assert self.held, "the machine must start with something to lose"

    def compose(self) -> None:
        self.kill, self.maintenance = PolledKill(), PolledFlag()
        ports = GatePorts(
            kill=self.kill,
            maintenance=self.maintenance,
            start_equity_quote=D(100_000),
            instruments={symbol: us_equity(symbol) for symbol in SYMBOLS},
        )
        guard = build_guard(effective_limits(SETS), ports)
        self.gates, self.latches = guard.gates, guard.latches
        self.poll()

    def poll(self) -> None:
        self.kill.found("killed" if self.killed else None)
        self.maintenance.found("maintained" if self.maintained else None)

    # --- the world moves ---

    @property
    def session(self) -> Session:
        shift = self.day * DAY_NS
        return Session(
            date=f"day-{self.day}", open_ns=made.SESSION.open_ns + shift, close_ns=made.SESSION.close_ns + shift
        )

    def event(self) -> Slice:
        bars = [made.bar(symbol, at_ns=self.at_ns) for symbol in SYMBOLS]
        return made.slice_(*bars, at_ns=self.at_ns, session=self.session)

    def show(self, flow: Decimal) -> None:
        """One slice through latches and observers, as the desk does before it decides."""
        self.latches.tick(LatchFacts(at_ns=self.at_ns, session=self.session, equity_quote=self.equity, flow_quote=flow))
        observe(observers(self.gates), self.event())

    @rule(
        minutes=st.sampled_from([1, 1, 1, 2, 7, 61]),
        move=st.sampled_from(["1", "1.001", "0.999", "0.9955", "1.01", "0.99", "0.97", "1.05"]),
    )
    def mark(self, minutes: int, move: str) -> None:
        self.at_ns += minutes * NS_PER_MINUTE
        last = self.equity
        if self.at_ns >= self.session.close_ns:
            self.day += 1
            self.at_ns = self.session.open_ns + NS_PER_MINUTE
            self.base = last
        self.equity = last * D(move)
        self.peak = max(self.peak, self.equity)
        self.show(D(0))

    @rule(share=st.sampled_from(["-0.5", "-0.1", "0.1", "3"]))
    def deposit_or_withdraw(self, share: str) -> None:
        flow = self.equity * D(share)
        grown = (self.equity + flow) / self.equity
        self.at_ns += NS_PER_MINUTE
        if self.at_ns >= self.session.close_ns:
            self.day += 1
            self.at_ns = self.session.open_ns + NS_PER_MINUTE
            self.base = self.equity
        self.equity += flow
        self.base, self.peak = self.base * grown, self.peak * grown
        self.show(flow)

    @rule(really=st.sampled_from([False, False, False, True]))
    def lose_sight_of_the_equity(self, really: bool) -> None:
        if not really:
            return
        self.at_ns += NS_PER_MINUTE
        if self.at_ns < self.session.close_ns:
            kept, self.equity = self.equity, D("NaN")
            self.show(D(0))
            assert self.latches.state.opens_nothing
            self.enter("TQQQ", 1)
            self.leave_everything()
            self.equity = kept
        self.at_ns += NS_PER_MINUTE
        self.mark(1, "1")

    @rule(on=st.sampled_from([True, False, False]))
    def throw_or_lower_the_kill_switch(self, on: bool) -> None:
        self.killed = on
        self.poll()

    @rule(on=st.sampled_from([True, False, False]))
    def maintain(self, on: bool) -> None:
        self.maintained = on
        self.poll()

    @rule()
    def halt_by_hand(self) -> None:
        self.latches.trip(MANUAL, self.at_ns, "by hand")

    @precondition(lambda self: self.latches.tripped)
    @rule(data=st.data())
    def re_arm(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.latches.tripped)))
        self.latches.rearm(name, self.at_ns, "ann", "looked at it")
        self.rearmed.add(name)
        self.seen.pop(name, None)

    @rule()
    def re_arm_everything(self) -> None:
        self.killed = self.maintained = False
        self.poll()
        for name in tuple(self.latches.tripped):
            self.latches.rearm(name, self.at_ns, "ann", "looked at everything")
            self.rearmed.add(name)
            self.seen.pop(name, None)

    @rule()
    def crash_and_restart(self) -> None:
        kept = json.loads(json.dumps(remembered(self.gates, self.latches)))
        self.compose()
        recall(kept, self.gates, self.latches)
        assert remembered(self.gates, self.latches) == kept
        observe(observers(self.gates), self.event())

    # --- people and strategies want things ---

    def view(self) -> View:
        positions = [made.position(symbol, str(quantity)) for symbol, quantity in self.held.items()]
        return made.view(self.event(), made.account(*positions, equity=self.equity, at_ns=self.at_ns))

    @rule(orders=st.lists(st.tuples(st.sampled_from(SYMBOLS), st.integers(1, 120)), min_size=1, max_size=4))
    def enter_some(self, orders: list[tuple[str, int]]) -> None:
        for symbol, quantity in orders:
            self.enter(symbol, quantity)

    def enter(self, symbol: str, quantity: int) -> None:
        self.number += 1
        order = made.order(symbol, str(quantity), order_id=str(self.number), at_ns=self.at_ns)
        (verdict,) = screen([order], self.gates, self.view())
        halted = self.killed or self.maintained or self.latches.state.opens_nothing
        assert isinstance(verdict, Refused) or not halted, "an entry passed a halt"
        if isinstance(verdict, Approved):
            self.held[symbol] = self.held.get(symbol, D(0)) + quantity

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        symbol = data.draw(st.sampled_from(sorted(self.held)))
        quantity = D(data.draw(st.integers(1, int(self.held[symbol]))))
        held = made.position(symbol, str(self.held[symbol]))
        (verdict,) = screen([made.exit_of(held, quantity)], self.gates, self.view())
        assert isinstance(verdict, Approved), "an exit was blocked"
        self.fill(symbol, quantity)

    @rule()
    def leave_everything(self) -> None:
        exits = [made.exit_of(made.position(symbol, str(quantity))) for symbol, quantity in self.held.items()]
        assert all(isinstance(verdict, Approved) for verdict in screen(exits, self.gates, self.view()))
        self.held.clear()

    @rule(symbol=st.sampled_from(SYMBOLS))
    def claim_to_reduce_what_is_not_held(self, symbol: str) -> None:
        more = self.held.get(symbol, D(0)) + 1
        order = replace(made.exit_of(made.position(symbol, "1"), more), side=Side.SELL)
        (verdict,) = screen([order], self.gates, self.view())
        assert isinstance(verdict, Refused), "a false exit opened something"

    def fill(self, symbol: str, quantity: Decimal) -> None:
        self.held[symbol] -= quantity
        if not self.held[symbol]:
            del self.held[symbol]

    # --- what must hold whatever happened ---

    @invariant()
    def a_tripped_latch_opens_only_by_a_person_or_its_own_timer(self) -> None:
        for name, seen in list(self.seen.items()):
            if name in self.latches.tripped:
                continue
            by_timer = seen.trip.until_ns is not None and self.at_ns >= seen.trip.until_ns
            by_period = seen.then.next_period and seen.date != self.session.date
            assert by_timer or by_period, f"{name} opened by itself"
            del self.seen[name]
        for name, (trip, then) in self.latches.tripped.items():
            self.seen.setdefault(name, Seen(trip, then, self.session.date))

    @invariant()
    def no_loss_goes_unnoticed(self) -> None:
        """A model of its own: session and peak losses by ratio, for latches nobody ever re-armed."""
        for latch in self.latches.losses():
            assert isinstance(latch, LossLatch)
            if latch.name in self.rearmed or latch.rule.period not in (Period.SESSION, Period.PEAK):
                continue
            base = self.base if latch.rule.period is Period.SESSION else self.peak
            loss = 1 - self.equity / base
            if loss >= latch.rule.limit_frac + D("1e-12"):
                assert latch.tripped is not None, f"{latch.name} missed a loss of {loss}"


Desk.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestNothingPassesALatchedHalt = Desk.TestCase
