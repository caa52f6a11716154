"""What every gate must do, whatever its rule. A gate joins by adding a `GateCase` in test_gates.py.

A gate lets a sound order through, refuses the order that breaks its rule with its own kind, value, limit and a
sentence, answers twice the same, fails closed on every fact it needs, and never sees an order that cuts risk.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from msgspec.structs import replace
from tests.unit.risk import made

from rung.domain.order import Order
from rung.domain.verdicts import Approved, Refused, Violation, ViolationKind
from rung.domain.view import View
from rung.risk.gate import Gate, Observes, Remembers
from rung.risk.screen import screen

NAN = Decimal("NaN")


@dataclass(frozen=True, kw_only=True)
class GateCase:
    """One gate under the contract. needs : names out of `WITHOUT` of the facts it cannot judge without."""

    gate: Callable[[], Gate]
    kind: ViolationKind
    breaks: Order = field(default_factory=made.order)
    breaks_in: Callable[[Gate], View] = lambda gate: made.view()
    sound: Order = field(default_factory=made.order)
    sound_in: View = field(default_factory=made.view)
    needs: Sequence[str] = ()


def _account(**changes: object) -> View:
    view = made.view()
    return replace(view, account=replace(view.account, **changes))  # type: ignore[arg-type]


def _bar(**changes: float) -> View:
    return made.view(made.slice_(made.bar(**changes)))


WITHOUT: dict[str, Callable[[], View]] = {
    "equity": lambda: _account(equity_quote=NAN),
    "positive equity": lambda: _account(equity_quote=Decimal(0)),
    "finite equity": lambda: _account(equity_quote=Decimal("Infinity")),
    "fresh account": lambda: _account(at_ns=made.NOON_NS - 60_000_000_000),
    "mark": lambda: made.view(of=made.account(made.position(mark="NaN"), made.position("SQQQ", mark="NaN"))),
    "bar": lambda: made.view(made.slice_(made.bar("OTHER"))),
    "fresh bar": lambda: made.view(made.slice_(replace(made.bar(), open_ns=made.NOON_NS - 120_000_000_000))),
    "close": lambda: _bar(close=math.nan, open=100.0, high=101.0, low=99.0),
    "positive close": lambda: _bar(close=0.0, open=100.0, high=101.0, low=99.0),
    "volume": lambda: _bar(volume=math.nan),
}


def shown(gate: Gate, view: View) -> Gate:
    """The gate after it has been shown the view's slice, where it wants to be shown."""
    if isinstance(gate, Observes):
        gate.observe(view.slice)
    return gate


def check_lets_a_sound_order_through(case: GateCase) -> None:
    gate = shown(case.gate(), case.sound_in)
    assert list(gate.check(case.sound, case.sound_in, ())) == []


def check_refuses_with_kind_value_limit_and_sentence(case: GateCase) -> None:
    gate = case.gate()
    view = case.breaks_in(gate)
    violations = shown(gate, view).check(case.breaks, view, ())
    assert violations, "the gate let its own rule be broken"
    for violation in violations:
        assert violation.kind is case.kind
        assert violation.gate == gate.name
        assert violation.value
        assert violation.limit
        assert len(violation.message) > len(violation.value)
        assert violation.value in violation.message or violation.limit in violation.message


def check_answers_twice_the_same(case: GateCase) -> None:
    gate = case.gate()
    view = case.breaks_in(gate)
    shown(gate, view)
    before = copy.deepcopy(gate.memory()) if isinstance(gate, Remembers) else None
    first: Sequence[Violation] = gate.check(case.breaks, view, ())
    assert list(gate.check(case.breaks, view, ())) == list(first)
    if isinstance(gate, Remembers):
        assert gate.memory() == before


def check_fails_closed_without(case: GateCase, fact: str) -> None:
    view = WITHOUT[fact]()
    (verdict,) = screen([case.sound], [shown(case.gate(), view)], view)
    assert isinstance(verdict, Refused), f"{fact} was missing and the order passed"


def check_never_sees_an_order_that_cuts_risk(case: GateCase) -> None:
    gate = case.gate()
    view = case.breaks_in(gate)
    held = made.position("HELD")
    view = replace(view, account=replace(view.account, positions={"HELD": held}))
    shown(gate, view)
    (verdict,) = screen([made.exit_of(held)], [_Seeing(gate)], view)
    assert isinstance(verdict, Approved)


class _Seeing:
    """A gate that fails the test when it is asked."""

    def __init__(self, inner: Gate) -> None:
        self.name, self.halts = inner.name, inner.halts

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        raise AssertionError(f"{self.name} saw an order that cuts risk")
