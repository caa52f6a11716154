"""The states of an order, and the only ways between them."""

from __future__ import annotations

from enum import StrEnum

from rung.domain.errors import Fatal
from rung.execution.gateway import VenueStatus


class OrderState(StrEnum):
    """Where an order stands, as far as can be proved.

    INTENDED : on disk, not sent by this process.   UNKNOWN : it may live at the venue; counts at its worst.
    WITHHELD : stopped by the kill switch on the way out; never sent.   ABSENT : the venue says it never had it.
    """

    INTENDED = "INTENDED"
    UNKNOWN = "UNKNOWN"
    WORKING = "WORKING"
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"
    WITHHELD = "WITHHELD"
    ABSENT = "ABSENT"


_OUTCOMES = frozenset(
    {OrderState.WORKING, OrderState.FILLED, OrderState.CANCELLED, OrderState.REJECTED, OrderState.UNKNOWN}
)
_WAYS: dict[OrderState, frozenset[OrderState]] = {
    OrderState.INTENDED: _OUTCOMES | {OrderState.WITHHELD},
    OrderState.UNKNOWN: _OUTCOMES | {OrderState.ABSENT},
    OrderState.WORKING: _OUTCOMES,
    OrderState.FILLED: frozenset(),
    OrderState.CANCELLED: frozenset({OrderState.FILLED}),  # a cancel that lost the race against the fill
    OrderState.REJECTED: frozenset(),
    OrderState.WITHHELD: frozenset(),
    OrderState.ABSENT: _OUTCOMES,  # it arrived late after all: the venue's books are the truth
}

OPEN = frozenset({OrderState.INTENDED, OrderState.UNKNOWN, OrderState.WORKING})
"""States in which an order may still add to the position."""


class IllegalTransition(Fatal):
    """The books and the venue tell stories that cannot both be true."""


def advanced(now: OrderState, then: OrderState) -> OrderState:
    """`then`, when an order may go there from `now` or is there already. Raises IllegalTransition otherwise."""
    if then is not now and then not in _WAYS[now]:
        raise IllegalTransition(f"an order cannot go from {now} to {then}")
    return then


def reported(status: VenueStatus) -> OrderState:
    """The state a venue's word proves."""
    return OrderState(status.value)
