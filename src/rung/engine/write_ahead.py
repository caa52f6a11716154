"""The write-ahead rule: intent on disk → send once → outcome on disk. And the way back after a crash."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rung.domain.clock import Clock
from rung.domain.order import Order
from rung.domain.verdicts import Approved
from rung.execution.gateway import OrderReport
from rung.execution.lifecycle import OrderState
from rung.execution.outbox import Outbox
from rung.journal.entry import Entry, Kind
from rung.journal.journal import Journal, opened


class JournalledOutcomes:
    """An ExecutionLog that keeps outcomes in the journal."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock

    def outcome(self, order_id: str, state: OrderState, report: OrderReport | None) -> None:
        payload = {"order_id": order_id, "state": state.value}
        if report is not None:
            payload |= {"filled_base": str(report.filled_base), "reason": report.reason}
        self._journal.append(Kind.ACK, self._clock.now_ns(), payload)


def dispatch(approved: Approved[Order], journal: Journal, outbox: Outbox, clock: Clock) -> OrderState:
    """The only way from an approved order to a live venue: the receipt of `record_intent` is what the outbox takes.

    Raises what the journal raises when the intent cannot be made durable; then nothing has left.
    """
    return outbox.send(journal.record_intent(approved, clock.now_ns()))


def recorded_orders(entries: Iterable[Entry]) -> Iterator[tuple[str, OrderState]]:
    """Every journalled intent with the last state recorded for it, in the order of the intents."""
    states: dict[str, OrderState] = {}
    for entry in entries:
        if entry.kind == Kind.INTENT:
            states[opened(entry).order.order_id] = OrderState.INTENDED
        elif entry.kind == Kind.ACK:
            payload = opened(entry)
            states[payload["order_id"]] = OrderState(payload["state"])
    yield from states.items()
