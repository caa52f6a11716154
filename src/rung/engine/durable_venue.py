"""A venue behind the write-ahead rule: every order is on disk and past the kill switch before it reaches the venue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from rung.domain.clock import Clock
from rung.domain.durable import Durable
from rung.domain.errors import Refusable
from rung.domain.fill import Fill
from rung.domain.order import Order
from rung.domain.slice import Slice
from rung.domain.target import Protection
from rung.domain.verdicts import Approved
from rung.engine.write_ahead import dispatch
from rung.execution.gateway import Ambiguous, OrderReport, VenueStatus
from rung.execution.outbox import Outbox
from rung.execution.venue import Venue
from rung.journal.journal import Journal


class DurableVenue:
    """The Venue port of a desk that trades: `submit` is intent on disk → kill switch → send once → outcome on disk.

    Fills and protections are those of `venue`, to which the outbox's gateway sends. An order whose answer was lost
    counts as working until the venue has been asked: it may live, so nothing is opened as if it did not.
    """

    def __init__(self, venue: Venue, *, journal: Journal, outbox: Outbox, clock: Clock) -> None:
        self._venue = venue
        self._journal = journal
        self._outbox = outbox
        self._clock = clock

    def submit(self, approved: Approved[Order]) -> None:
        dispatch(approved, self._journal, self._outbox, self._clock)

    def advance(self, event: Slice) -> Sequence[Fill]:
        """What happened since the last call; first the venue is asked about every doubtful order."""
        for order_id in tuple(self._outbox.doubtful):
            self._outbox.settle(order_id)
        return self._venue.advance(event)

    def working(self) -> Mapping[str, str]:
        working, doubtful = self._venue.working(), self._outbox.doubtful
        return {**working, **{symbol: order_id for order_id, symbol in doubtful.items()}} if doubtful else working

    def protections(self) -> Mapping[str, Protection]:
        return self._venue.protections()


class InProcess:
    """The Gateway port of a venue that lives in this process: a simulated one. Answers are certain while it lives."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue

    def send(self, intent: Durable[Approved[Order]]) -> OrderReport:
        order = intent.thing.order
        try:
            self._venue.submit(intent.thing)
        except Refusable as error:
            return self._report(order.order_id, order.at_ns, VenueStatus.REJECTED, str(error))
        return self._report(order.order_id, order.at_ns, VenueStatus.WORKING)

    def find(self, order_id: str) -> OrderReport | None:
        """Orders it still works. It keeps no finished ones, so about any other it cannot be asked."""
        if order_id in self._venue.working().values():
            return self._report(order_id, 0, VenueStatus.WORKING)
        raise Ambiguous(f"{order_id} is not working here, and finished orders are not kept")

    def _report(self, order_id: str, at_ns: int, status: VenueStatus, reason: str = "") -> OrderReport:
        return OrderReport(order_id=order_id, at_ns=at_ns, status=status, filled_base=Decimal(0), reason=reason)
