"""The one way through: every order is judged here, and only here is one approved."""

from __future__ import annotations

from collections.abc import Sequence

from rung.domain.errors import Refusable
from rung.domain.order import Order
from rung.domain.verdicts import Approved, Refused, Verdict, Violation, ViolationKind
from rung.domain.view import View
from rung.risk.gate import Gate, Remembers
from rung.risk.reductions import cuts_risk, reduction_violations
from rung.risk.shape import malformed


def screen(
    orders: Sequence[Order], gates: Sequence[Gate], view: View, *, working: Sequence[Order] = ()
) -> tuple[Verdict, ...]:
    """One verdict per order, in the order given; nothing else in the code base may construct `Approved`.

    working : opening orders approved earlier that the venue has not finished (remaining quantity): they count
    as if they filled. Each order is judged with those, and with all approved before it in this batch, as `ahead`.
    All violations are collected; only a gate that `halts` ends the list early. Without gates every order that
    adds risk is refused. An exception refuses the order being judged. Orders that cut risk skip the gates but
    must really cut it. Costs nothing when there are no orders.
    """
    if not orders:
        return ()
    at_ns = view.slice.at_ns
    verdicts: list[Verdict] = []
    batch: list[Order] = []
    for order in orders:
        violations = _judge(order, gates, view, batch, working)
        if violations:
            verdicts.append(Refused(order=order, violations=tuple(violations), at_ns=at_ns))
        else:
            batch.append(order)
            verdicts.append(Approved(order, at_ns))
    return tuple(verdicts)


def _judge(
    order: Order, gates: Sequence[Gate], view: View, batch: Sequence[Order], working: Sequence[Order]
) -> Sequence[Violation]:
    try:
        if cuts_risk(order, view):
            return reduction_violations(order, view, batch)
    except Exception as error:  # noqa: BLE001 - a broken account must not bring the desk down
        return (_cannot_judge("reductions", error),)
    if not gates:
        sentence = "no gates are configured, so nothing may be opened"
        return (Violation(kind=ViolationKind.NO_GATES, gate="screen", message=sentence, value="0", limit="> 0"),)
    found = list(malformed(order)) or _ask(order, gates, view, (*working, *batch))
    return found + _remember(order, gates, view)


def _ask(order: Order, gates: Sequence[Gate], view: View, ahead: Sequence[Order]) -> list[Violation]:
    found: list[Violation] = []
    for gate in gates:
        try:
            broken = gate.check(order, view, ahead)
        except Exception as error:  # noqa: BLE001 - whatever breaks in a gate refuses the order, loudly
            found.append(_cannot_judge(gate.name, error))
            continue
        if broken:
            found.extend(broken)
            if gate.halts:
                break
    return found


def _remember(order: Order, gates: Sequence[Gate], view: View) -> list[Violation]:
    failed: list[Violation] = []
    for gate in gates:
        if isinstance(gate, Remembers):
            try:
                gate.remember(order, view)
            except Exception as error:  # noqa: BLE001 - an attempt that cannot be counted is refused
                failed.append(_cannot_judge(gate.name, error))
    return failed


def _cannot_judge(name: str, error: Exception) -> Violation:
    sentence = str(error) if isinstance(error, Refusable) else f"{type(error).__name__}: {error}"
    return Violation(kind=ViolationKind.CANNOT_JUDGE, gate=name, message=f"{name}: {sentence}")
