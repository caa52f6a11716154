"""The Venue port: where approved orders go and fills come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from rung.domain.charge import Charge
from rung.domain.fill import Fill
from rung.domain.order import Order
from rung.domain.slice import Slice
from rung.domain.target import Protection
from rung.domain.verdicts import Approved


class Venue(Protocol):
    """Accepts approved orders only, answers with fills.

    `advance` is called once per slice before anything is decided on it: it returns what happened since the last call.
    `working` maps symbol → order id of orders the venue has not finished; `protections` maps symbol → what guards
    the open position there.
    """

    def submit(self, approved: Approved[Order]) -> None: ...

    def advance(self, event: Slice) -> Sequence[Fill]: ...

    def working(self) -> Mapping[str, str]: ...

    def protections(self) -> Mapping[str, Protection]: ...


@runtime_checkable
class Charging(Protocol):
    """A venue that takes and gives money without a trade: funding, the loan of shorted units, liquidation fees.

    `charges` answers what fell due between the last two calls of `advance`, in order of time; asking again answers the
    same. The desk asks once after every `advance`.
    """

    def charges(self) -> Sequence[Charge]: ...
