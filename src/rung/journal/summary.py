"""One entry in one short line for people."""

from __future__ import annotations

from typing import Any

from rung.domain.fill import Fill
from rung.domain.order import Order
from rung.domain.step import Step
from rung.domain.verdicts import Approved, Refused
from rung.journal.codec import decode
from rung.journal.entry import Entry

_LONGEST = 72


def summary(entry: Entry) -> str:
    """At most 72 characters; what matters first."""
    text = _words(decode(entry.payload))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _words(thing: Any) -> str:
    if isinstance(thing, Step):
        return _step(thing)
    if isinstance(thing, Approved):
        return f"approved {_order(thing.order)}"
    if isinstance(thing, Refused):
        return f"refused {_order(thing.order)}: {', '.join(v.kind for v in thing.violations)}"
    if isinstance(thing, Order):
        return _order(thing)
    if isinstance(thing, Fill):
        return f"{thing.side} {thing.quantity} {thing.symbol} at {thing.price} ({thing.trigger})"
    if isinstance(thing, dict):
        return " ".join(f"{name}={value}" for name, value in thing.items())
    return str(thing)


def _order(order: Order) -> str:
    return f"{order.kind} {order.side} {order.quantity} {order.symbol} ({order.order_id})"


def _step(step: Step) -> str:
    approved = sum(isinstance(v, Approved) for v in step.verdicts)
    counts = (
        (len(step.event.bars), "bars"),
        (len(step.fills), "fills"),
        (approved, "approved"),
        (len(step.verdicts) - approved, "refused"),
        (len(step.notes), "notes"),
    )
    said = ", ".join(f"{number} {word}" for number, word in counts if number)
    return f"equity {step.account.equity_quote} {step.account.currency}; {said}"
