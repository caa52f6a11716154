"""The desk: one event through the whole house, in one synchronous call."""

from __future__ import annotations

from collections.abc import Sequence

from rung.allocation.allocate import Allocator
from rung.domain.order import Order
from rung.domain.slice import Slice
from rung.domain.step import Step
from rung.domain.verdicts import Approved, Verdict
from rung.domain.view import View
from rung.execution.venue import Venue
from rung.ledger.ledger import Ledger
from rung.risk.gate import Gate
from rung.risk.screen import screen
from rung.risk.suite import observe, observers
from rung.strategy.port import Explains, Strategy


class Desk:
    """Holds one strategy on one account and knows the order of the stages; nothing else.

    `step` does no I/O, reads no clock and rolls no dice. The same call runs in replay, paper and live: only the
    Feed that makes the slices and the Venue behind `submit` differ.
    """

    def __init__(
        self, *, strategy: Strategy, allocator: Allocator, gates: Sequence[Gate], venue: Venue, ledger: Ledger
    ) -> None:
        self._strategy = strategy
        self._explains = strategy if isinstance(strategy, Explains) else None
        self._allocator = allocator
        self._gates = tuple(gates)
        self._watching = observers(self._gates)
        self._venue = venue
        self._ledger = ledger
        self._seq = 0
        self._session_date = ""
        self._unfinished: dict[str, Order] = {}

    def step(self, event: Slice) -> Step:
        """Fills since the last slice → books → marks → targets → orders → verdicts → venue, and the record of it.

        Orders approved here reach the venue here but cannot fill before the next slice.
        """
        notes = self._open_session(event)
        observe(self._watching, event)
        fills = tuple(self._venue.advance(event))
        for fill in fills:
            self._ledger.book(fill)
        for bar in event.bars.values():
            self._ledger.mark(bar.symbol, bar.close)
        account = self._ledger.account(event.at_ns, self._venue.protections(), self._venue.working())
        view = View(slice=event, account=account)
        targets = tuple(self._strategy.decide(view))
        verdicts = self._judge(view, self._allocator.allocate(targets, view)) if targets else ()
        self._seq += 1
        return Step(
            seq=self._seq,
            event=event,
            fills=fills,
            account=account,
            signals=tuple(self._explains.signals()) if self._explains is not None else (),
            targets=targets,
            verdicts=verdicts,
            notes=notes,
        )

    def _judge(self, view: View, orders: Sequence[Order]) -> tuple[Verdict, ...]:
        """Screen the orders against what is held, sent before and not finished, and sent now; submit the approved."""
        working = view.account.working
        self._unfinished = {i: o for i, o in self._unfinished.items() if working.get(o.symbol) == i}
        verdicts = screen(orders, self._gates, view, working=tuple(self._unfinished.values()))
        for verdict in verdicts:
            if isinstance(verdict, Approved):
                self._venue.submit(verdict)
                if not verdict.order.reduce_only:
                    self._unfinished[verdict.order.order_id] = verdict.order
        return verdicts

    def _open_session(self, event: Slice) -> tuple[str, ...]:
        """At the first slice of a session start its own loss period, and say aloud what came over the night."""
        if event.session.date == self._session_date:
            return ()
        self._session_date = event.session.date
        carried = self._ledger.held_symbols()
        self._ledger.start_session()
        return tuple(f"{symbol} was carried overnight: its exit found no bar to fill on" for symbol in carried)
