"""The loop of a desk that trades: what it lets in, what it leaves behind, and what happens when it breaks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace
from tests.unit.engine.scripted import CAPITAL, Decide, Scripted, desk, enter, leave, sim, slice_at
from tests.unit.risk import made

from rung.adapters.stores.memory import MemoryStore
from rung.domain.clock import NS_PER_SECOND, ManualClock
from rung.domain.durable import Durable
from rung.domain.errors import Fatal
from rung.domain.order import Order, OrderKind
from rung.domain.slice import Slice
from rung.domain.step import Step
from rung.domain.verdicts import Approved, Refused
from rung.engine.durable_venue import DurableVenue, InProcess
from rung.engine.failsafe import Failsafe
from rung.engine.outside import Outside, Record, transfer_record
from rung.engine.trading import Surroundings, TradingLoop
from rung.engine.write_ahead import JournalledOutcomes
from rung.execution.gateway import Ambiguous, Gateway, OrderReport
from rung.execution.lifecycle import OrderState
from rung.execution.outbox import Outbox
from rung.journal.codec import encode
from rung.journal.entry import Kind
from rung.journal.journal import Journal, opened
from rung.risk.flag import PolledFlag, PolledKill
from rung.risk.guard import Guard
from rung.risk.kill import KillState
from rung.risk.limit_sets import QtsRisk, SafetyGate
from rung.risk.params import ScreenLimits
from rung.risk.rearming import Rearming

D = Decimal
DRAWDOWN = "QtsRisk.drawdown"


class Switch:
    """A kill switch in memory."""

    def __init__(self) -> None:
        self.state = KillState(on=False, at_ns=0, person="", reason="")

    def read(self) -> KillState:
        return self.state

    def kill(self, *, person: str, reason: str, flatten: bool = False) -> KillState:
        self.state = KillState(on=True, at_ns=1, person=person, reason=reason, flatten=flatten)
        return self.state

    def resume(self, *, person: str, reason: str) -> KillState:
        self.state = KillState(on=False, at_ns=2, person=person, reason=reason)
        return self.state


@dataclass
class Rig:
    """Everything around one loop; the world is changed by `at`: minute → what happens before that slice."""

    script: dict[int, Decide]
    at: dict[int, Callable[[], object]] = field(default_factory=dict)
    beats: dict[int, Callable[[], object]] = field(default_factory=dict)
    sets: tuple[made.Schema, ...] = (ScreenLimits(),)
    switch: Switch = field(default_factory=Switch)
    clock: ManualClock = field(default_factory=ManualClock)
    maintenance: str | None = None
    stopping: str | None = None
    wishes: list[Rearming] = field(default_factory=list)
    transfers: list[Record] = field(default_factory=list)
    line: Callable[[Gateway], Gateway] = lambda gateway: gateway
    saved: list[tuple[Mapping[str, Any], Mapping[str, Any]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = MemoryStore()
        self.journal = Journal(self.store)
        self.guard, flag = self.fresh_guard()
        self.gateway: Gateway = self.line(InProcess(inner := sim()))
        self.outbox = Outbox(self.gateway, JournalledOutcomes(self.journal, self.clock), self.may_send)
        venue = DurableVenue(inner, journal=self.journal, outbox=self.outbox, clock=self.clock)
        self.strategy = Failsafe(Scripted(self.script))
        self.desk = desk(self.script, guard=self.guard, venue=venue, strategy=self.strategy)
        self.outside = Outside(self.desk, self.guard, flag)

    def may_send(self) -> bool:
        return not self.switch.read().on

    def fresh_guard(self) -> tuple[Guard, PolledFlag]:
        flag = PolledFlag()
        return made.guard(*self.sets, kill=PolledKill(), maintenance=flag), flag

    def run(self, *slices: Slice) -> list[Step]:
        around = Surroundings(
            clock=self.clock,
            kill_switch=self.switch,
            save=lambda risk, snapshot: self.saved.append((risk, snapshot)),
            maintenance=lambda: self.maintenance,
            wishes=lambda: taken(self.wishes),
            transfers=lambda: taken(self.transfers),
            stopping=lambda: self.stopping,
        )
        loop = TradingLoop(
            desk=self.desk,
            guard=self.guard,
            strategy=self.strategy,
            outside=self.outside,
            journal=self.journal,
            around=around,
        )
        return list(loop.run(self.feed(slices)))

    def feed(self, slices: Iterable[Slice]) -> Iterable[Slice]:
        beat = 0
        for event in slices:
            if not event.bars:
                beat += 1
                self.beats.get(beat, lambda: None)()
            self.clock.move_to(event.at_ns + NS_PER_SECOND)
            if event.bars:
                self.at.get(event.session.minutes_since_open(event.at_ns), lambda: None)()
            yield event

    def replayed(self) -> list[Step]:
        """The journal through a fresh desk, as `rung replay` does it."""
        guard, flag = self.fresh_guard()
        again = desk(self.script, guard=guard, venue=sim())
        outside = Outside(again, guard, flag)
        steps = []
        for entry in self.store.read():
            if entry.kind == Kind.EVENT:
                outside.apply(opened(entry), entry.at_ns)
            elif entry.kind == Kind.STEP:
                steps.append(again.step(opened(entry).event))
        return steps

    def events(self) -> list[str]:
        told = [opened(entry) for entry in self.store.read() if entry.kind == Kind.EVENT]
        return [record["event"] for record in told if record["event"] != "told"]


def taken(box: list[Any]) -> Sequence[Any]:
    found = tuple(box)
    box.clear()
    return found


def heartbeat(minute: int, part: int) -> Slice:
    """A slice without bars, `part` seconds after the minute's."""
    bar = slice_at(minute)
    return Slice(at_ns=bar.at_ns + part * NS_PER_SECOND, session=bar.session, bars={})


def minutes(first: int, last: int, price: float = 50.0) -> list[Slice]:
    return [slice_at(minute, price) for minute in range(first, last)]


def opened_orders(step: Step) -> list[Order]:
    return [v.order for v in step.verdicts if isinstance(v, Approved) and not v.order.reduce_only]


def refused_kinds(step: Step) -> list[str]:
    return [v.kind.name for each in step.verdicts if isinstance(each, Refused) for v in each.violations]


def test_the_kill_switch_is_read_before_every_step_and_entries_are_refused_from_then_on() -> None:
    rig = Rig({10: enter(), 12: leave, 14: enter()})
    rig.at[12] = lambda: rig.switch.kill(person="ann", reason="enough")
    steps = rig.run(*minutes(9, 17))
    assert opened_orders(steps[1])
    assert not steps[4].account.positions, "the exit passed"
    assert refused_kinds(steps[5]) == ["KILL_SWITCH"]
    assert rig.events() == ["kill", "maintenance", "kill"]


def test_a_kill_withdraws_the_opening_that_is_not_filled_yet() -> None:
    rig = Rig({10: enter()})
    rig.at[11] = lambda: rig.switch.kill(person="ann", reason="enough")
    other = slice_at(11)
    other = replace(other, bars={"SPY": replace(other.bars["TQQQ"], symbol="SPY")})
    steps = rig.run(slice_at(9), slice_at(10), other, slice_at(12))
    assert list(steps[2].account.working) == ["TQQQ"]
    assert steps[3].fills == ()
    assert not steps[3].account.working


def test_a_kill_that_flattens_closes_what_is_held() -> None:
    rig = Rig({10: enter()})
    rig.at[13] = lambda: rig.switch.kill(person="ann", reason="enough", flatten=True)
    steps = rig.run(*minutes(9, 16))
    assert steps[3].account.positions
    assert not steps[-1].account.positions


def test_a_switch_thrown_between_decision_and_send_withholds_the_entry_and_not_the_exit() -> None:
    rig = Rig({10: enter(), 12: enter(), 15: leave})
    reads = 0

    def thrown_after_the_look() -> KillState:
        """Off when the loop looks, on when the outbox does: somebody was quick."""
        nonlocal reads
        reads += 1
        on = rig.clock.now_ns() > slice_at(12).at_ns and reads % 2 == 0
        return KillState(on=on, at_ns=0, person="ann", reason="quick")

    rig.at[12] = lambda: setattr(rig.switch, "read", thrown_after_the_look)
    rig.script[12] = enter(weight=0.35)
    steps = rig.run(*minutes(9, 18))
    states = rig.outbox.states
    assert opened_orders(steps[3]), "the gates had let it through"
    assert states[opened_orders(steps[3])[0].order_id] is OrderState.WITHHELD
    assert not steps[-1].account.positions, "the exit left all the same"


def test_maintenance_comes_and_goes_and_the_journal_has_it_before_the_decision() -> None:
    rig = Rig({10: enter(), 12: enter()})
    rig.maintenance = "a person works on it"
    rig.at[12] = lambda: setattr(rig, "maintenance", None)
    steps = rig.run(*minutes(10, 14))
    assert refused_kinds(steps[0]) == ["MAINTENANCE"]
    assert opened_orders(steps[2])
    kinds = [entry.kind for entry in rig.store.read()]
    assert kinds[:5] == [Kind.EVENT] * 4 + [Kind.STEP]


def test_a_latch_that_kills_throws_the_switch_everybody_reads() -> None:
    rig = Rig({10: enter(weight=0.2)}, sets=(SafetyGate(),))
    rig.run(*minutes(9, 12), *minutes(12, 14, price=20.0))
    assert rig.switch.state.on
    assert rig.switch.state.flatten
    assert "drawdown" in rig.switch.state.reason
    assert rig.switch.state.person == "rung"


def test_a_wish_opens_the_latch_and_one_that_cannot_be_granted_changes_nothing() -> None:
    rig = Rig({10: enter(weight=0.25)}, sets=(ScreenLimits(), QtsRisk()))
    rig.at[15] = lambda: rig.wishes.extend(
        Rearming(latch=name, at_ns=1, person="ann", reason="looked") for name in (DRAWDOWN, "nonsense", "global")
    )
    rig.run(*minutes(9, 12), *minutes(12, 15, price=25.0))
    assert DRAWDOWN in rig.guard.latches.tripped
    rig.run(*minutes(15, 16, price=25.0))
    assert DRAWDOWN not in rig.guard.latches.tripped
    assert rig.events().count("rearm") == 3


def test_money_paid_in_is_no_profit_and_money_paid_out_no_loss() -> None:
    rig = Rig({}, sets=(QtsRisk(),))
    rig.at[10] = lambda: rig.transfers.append(transfer_record(D(-60_000), "withdrawal 1"))
    rig.at[12] = lambda: rig.transfers.append(transfer_record(D(500_000), "deposit 1"))
    steps = rig.run(*minutes(9, 14))
    assert [step.account.equity_quote for step in steps[:4:3]] == [CAPITAL, CAPITAL + 440_000]
    assert steps[1].account.equity_quote == CAPITAL - 60_000
    assert not rig.guard.latches.tripped
    assert all(not step.notes for step in steps)


def test_a_stop_signal_ends_the_loop_after_one_slice_in_which_nothing_opens() -> None:
    rig = Rig({10: enter(), 12: enter(weight=0.35)})
    rig.at[12] = lambda: setattr(rig, "stopping", "SIGTERM")
    steps = rig.run(*minutes(9, 20))
    assert len(steps) == 4
    assert refused_kinds(steps[-1]) == ["KILL_SWITCH"]
    assert steps[-1].account.positions, "stopping is not flattening"
    assert not rig.switch.state.on, "the next start is not killed"


def broken(view: object) -> Any:
    raise ZeroDivisionError("a strategy divides by zero")


def test_a_strategy_that_fails_is_not_asked_again_the_switch_is_thrown_and_what_is_unfilled_is_withdrawn() -> None:
    rig = Rig({10: enter(), 12: broken, 14: leave})
    steps = rig.run(*minutes(9, 17))
    assert rig.switch.state.reason == "the strategy failed: ZeroDivisionError: a strategy divides by zero"
    assert not rig.switch.state.flatten
    assert steps[-1].account.positions, "its protection guards it"
    assert all(not step.targets for step in steps[4:])


def test_a_strategy_that_wants_the_program_to_end_or_fails_while_its_answer_is_read_fails_like_any_other() -> None:
    def leaves(view: object) -> Any:
        raise SystemExit("that is enough")

    def late(view: object) -> Any:
        yield enter(weight=0.1)(view)
        raise ZeroDivisionError("a strategy divides by zero")

    for wrong, said in (
        (leaves, "SystemExit: that is enough"),
        (late, "ZeroDivisionError: a strategy divides by zero"),
    ):
        rig = Rig({10: enter(), 12: wrong})
        steps = rig.run(*minutes(9, 17))
        assert rig.switch.state.reason == f"the strategy failed: {said}"
        assert steps[-1].account.positions
        assert all(not step.targets for step in steps[4:])


def test_a_desk_whose_strategy_has_failed_still_flattens() -> None:
    rig = Rig({10: enter(), 12: broken})
    rig.at[14] = lambda: rig.switch.kill(person="ann", reason="out", flatten=True)
    assert not rig.run(*minutes(9, 18))[-1].account.positions


def test_a_flattening_latch_flattens_although_the_strategy_raises_in_that_very_slice() -> None:
    rig = Rig({10: enter(weight=0.25), 12: broken}, sets=(QtsRisk(),))
    steps = rig.run(*minutes(9, 12), *minutes(12, 16, price=30.0))
    assert "QtsRisk.daily_loss" in rig.guard.latches.tripped
    assert not steps[-1].account.positions


def test_a_fatal_error_of_the_strategy_flattens_as_well() -> None:
    def fatal(view: object) -> Any:
        raise Fatal("the model is another one")

    rig = Rig({10: enter(), 12: fatal})
    assert not rig.run(*minutes(9, 18))[-1].account.positions
    assert rig.switch.state.flatten


def test_a_feed_that_fails_throws_the_kill_switch() -> None:
    rig = Rig({})

    def feed() -> Iterable[Slice]:
        yield slice_at(9)
        raise ConnectionError("the line is dead")

    rig.feed = lambda slices: feed()  # type: ignore[method-assign]
    with pytest.raises(ConnectionError):
        rig.run()
    assert rig.switch.state.reason == "the desk failed: ConnectionError: the line is dead"


def test_between_two_bars_the_loop_looks_and_steps_only_when_something_has_changed() -> None:
    rig = Rig({10: enter()})
    empty = [heartbeat(10, part) for part in range(1, 9)]
    rig.beats[4] = lambda: rig.switch.kill(person="ann", reason="now")
    steps = rig.run(slice_at(9), slice_at(10), *empty, slice_at(11))
    assert len(steps) == 4
    (withdrawn,) = steps[2].verdicts
    assert isinstance(withdrawn, Approved)
    assert withdrawn.order.kind is OrderKind.CANCEL
    assert steps[3].fills == ()
    assert [encode(step) for step in rig.replayed()] == [encode(step) for step in steps]


class Deaf:
    """A line on which every answer is lost; the venue took the order, or did not."""

    def __init__(self, inner: Gateway) -> None:
        self.inner, self.arrives, self.hears = inner, True, False

    def send(self, intent: Durable[Approved[Order]]) -> OrderReport:
        if self.arrives:
            self.inner.send(intent)
        raise Ambiguous("timeout")

    def find(self, order_id: str) -> OrderReport | None:
        if not self.hears:
            raise Ambiguous("still down")
        return None if not self.arrives else self.inner.find(order_id)


def test_orders_whose_answer_was_lost_count_as_if_they_lived_until_the_venue_has_been_asked() -> None:
    lines: list[Deaf] = []

    def deaf(inner: Gateway) -> Gateway:
        lines.append(Deaf(inner))
        lines[0].arrives = False
        return lines[0]

    rig = Rig({minute: enter(weight=0.3) for minute in range(10, 18)}, line=deaf)
    rig.at[14] = lambda: setattr(lines[0], "hears", True)
    steps = rig.run(*minutes(9, 16))
    (first,) = opened_orders(steps[1])
    assert all(refused_kinds(step) == ["NOTIONAL_SYMBOL"] for step in steps[2:5])
    assert steps[2].account.working == {"TQQQ": first.order_id}
    assert opened_orders(steps[5]), "asked, and it never arrived"


def test_nothing_more_opens_in_a_symbol_while_an_opening_order_is_in_doubt() -> None:
    lines: list[Deaf] = []

    def deaf(inner: Gateway) -> Gateway:
        lines.append(Deaf(inner))
        return lines[0]

    rig = Rig({10: enter(weight=0.1), 12: enter(weight=0.2)}, line=deaf)
    steps = rig.run(*minutes(9, 14))
    (second,) = opened_orders(steps[3])
    assert rig.outbox.states[second.order_id] is OrderState.WITHHELD
    assert len(rig.outbox.doubtful) == 1


def test_what_came_of_a_wish_is_in_the_journal() -> None:
    rig = Rig({})
    rig.wishes.append(Rearming(latch="nonsense", at_ns=1, person="ann", reason="looked"))
    rig.run(*minutes(9, 10))
    records = [opened(entry) for entry in rig.store.read() if entry.kind == Kind.EVENT]
    said = [record["said"] for record in records if record["event"] == "told"]
    assert any("nonsense was not re-armed" in each for each in said)


def test_a_journal_that_cannot_be_written_kills_before_anything_is_sent() -> None:
    rig = Rig({10: enter()})
    rig.at[10] = rig.store.close
    with pytest.raises(Exception, match="closed"):
        rig.run(*minutes(9, 12))
    assert rig.switch.state.on
    assert rig.outbox.states == {}


def test_what_risk_remembers_is_saved_with_every_step_and_a_restart_stays_latched() -> None:
    rig = Rig({10: enter(weight=0.25)}, sets=(ScreenLimits(), QtsRisk()))
    rig.run(*minutes(9, 12), *minutes(12, 15, price=25.0))
    assert len(rig.saved) == 6
    memory = json.loads(json.dumps(rig.saved[-1][0]))
    after = Rig({20: enter()}, sets=rig.sets)
    after.guard.recall(memory)
    steps = after.run(*minutes(20, 22))
    assert set(after.guard.latches.tripped) == set(rig.guard.latches.tripped) != set()
    assert not any(opened_orders(step) for step in steps)


def test_the_journal_of_a_trading_desk_replays_bit_for_bit_with_everything_that_reached_it() -> None:
    rig = Rig(
        {10: enter(weight=0.2), 14: leave, 16: enter(weight=0.2), 21: enter(weight=0.2)},
        sets=(ScreenLimits(), QtsRisk()),
    )
    rig.at |= {
        12: lambda: setattr(rig, "maintenance", "files are moved"),
        13: lambda: rig.transfers.append(transfer_record(D("-1000.50"), "withdrawal")),
        15: lambda: setattr(rig, "maintenance", None),
        18: lambda: rig.switch.kill(person="ann", reason="a drill", flatten=True),
        20: lambda: rig.switch.resume(person="ann", reason="over"),
        23: lambda: setattr(rig, "stopping", "SIGINT"),
    }
    steps = rig.run(*minutes(9, 30))
    assert len(steps) == 15
    assert sum(len(step.fills) for step in steps) >= 5
    assert [encode(step) for step in rig.replayed()] == [encode(step) for step in steps]


def test_an_order_the_venue_refuses_is_rejected_and_the_desk_goes_on() -> None:
    rig = Rig({10: enter(), 12: enter()})
    first = rig.run(*minutes(9, 11))
    (order,) = opened_orders(first[1])
    gateway = InProcess(sim())
    intent = rig.journal.record_intent(Approved(order, order.at_ns), rig.clock.now_ns())
    log = JournalledOutcomes(rig.journal, rig.clock)
    box = Outbox(gateway, log, lambda: True)
    assert box.send(intent) is OrderState.WORKING
    again = Outbox(gateway, log, lambda: True)
    assert again.send(intent) is OrderState.REJECTED, "the venue saw this id before"
