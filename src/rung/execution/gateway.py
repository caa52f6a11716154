"""The Gateway port: one live venue's order entry, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from rung.domain.durable import Durable
from rung.domain.errors import Retryable
from rung.domain.order import Order
from rung.domain.verdicts import Approved


class VenueStatus(StrEnum):
    """What a venue says of an order it knows."""

    WORKING = "WORKING"
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReport:
    """A venue's word on one order. filled_base : executed so far, base units, >= 0."""

    order_id: str
    at_ns: int
    status: VenueStatus
    filled_base: Decimal
    reason: str = ""


class Ambiguous(Retryable):
    """The answer was lost (timeout, 5xx, cut socket, DNS): the order may live. Ask by id; never send again."""


class Gateway(Protocol):
    """Takes durable, approved orders only.

    `send` is called once per order; it raises `Ambiguous` whenever the outcome is not certain. `find` answers from
    the venue's own books, None when it has no such order, and raises `Ambiguous` when it cannot be asked.
    """

    def send(self, intent: Durable[Approved[Order]]) -> OrderReport: ...

    def find(self, order_id: str) -> OrderReport | None: ...
