"""Sends each durable intent once, and settles doubt by asking.

After a crash every intent without a recorded outcome is UNKNOWN: it may have left. It is looked up by its id; found,
it is adopted as the venue tells it; not found, it is ABSENT. It is never sent again: a new decision makes a new id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from rung.domain.durable import Durable
from rung.domain.errors import Fatal
from rung.domain.order import Order, OrderKind
from rung.domain.verdicts import Approved
from rung.execution.gateway import Ambiguous, Gateway, OrderReport
from rung.execution.lifecycle import OPEN, OrderState, advanced, reported


class ExecutionLog(Protocol):
    """Remembers what became of an order; the journal is behind it."""

    def outcome(self, order_id: str, state: OrderState, report: OrderReport | None) -> None: ...


class SentTwice(Fatal):
    """Somebody asked for a second send of one intent."""


class Outbox:
    """One per account. `may_send` is the kill switch, read before every send; reductions leave in any case.

    While it is not known whether an opening order lives, nothing more opens in its symbol.
    """

    def __init__(self, gateway: Gateway, log: ExecutionLog, may_send: Callable[[], bool]) -> None:
        self._gateway = gateway
        self._log = log
        self._may_send = may_send
        self._states: dict[str, OrderState] = {}
        self._doubtful: dict[str, str] = {}

    @property
    def doubtful(self) -> Mapping[str, str]:
        """Opening orders sent by this process whose answer was lost: order id → symbol."""
        return self._doubtful

    @property
    def states(self) -> Mapping[str, OrderState]:
        return self._states

    def open_ids(self) -> list[str]:
        """Orders that may still add to the position, doubtful ones included."""
        return [i for i, state in self._states.items() if state in OPEN]

    def send(self, intent: Durable[Approved[Order]]) -> OrderState:
        """Send once. Raises SentTwice on an id that was seen before; never raises on a lost answer."""
        order = intent.thing.order
        if order.order_id in self._states:
            raise SentTwice(f"{order.order_id} was sent before")
        self._states[order.order_id] = OrderState.INTENDED
        opens = not order.reduce_only and order.kind is not OrderKind.CANCEL
        if opens and (order.symbol in self._doubtful.values() or not self._may_send()):
            return self._note(order.order_id, OrderState.WITHHELD, None)
        try:
            report = self._gateway.send(intent)
        except Ambiguous:
            if opens:
                self._doubtful[order.order_id] = order.symbol
            return self._note(order.order_id, OrderState.UNKNOWN, None)
        return self._note(order.order_id, reported(report.status), report)

    def settle(self, order_id: str) -> OrderState:
        """Ask the venue about one order. While it cannot be asked, a doubtful order stays UNKNOWN."""
        try:
            report = self._gateway.find(order_id)
        except Ambiguous:
            return self._states[order_id]
        if report is None:
            doubtful = self._states[order_id] is OrderState.UNKNOWN
            return self._note(order_id, OrderState.ABSENT, None) if doubtful else self._states[order_id]
        return self._note(order_id, reported(report.status), report)

    def recover(self, recorded: Iterable[tuple[str, OrderState]]) -> None:
        """Take over what a journal remembers (id, last state), then ask about everything that is not finished."""
        for order_id, state in recorded:
            self._states[order_id] = OrderState.UNKNOWN if state is OrderState.INTENDED else state
        for order_id in self.open_ids():
            self.settle(order_id)

    def _note(self, order_id: str, state: OrderState, report: OrderReport | None) -> OrderState:
        before = self._states[order_id]
        self._states[order_id] = advanced(before, state)
        if state is not OrderState.UNKNOWN:
            self._doubtful.pop(order_id, None)
        if state is not before or report is not None:
            self._log.outcome(order_id, state, report)
        return state
