"""The desk: one event through the whole house, in one synchronous call."""

from __future__ import annotations

from collections.abc import Sequence

from rung.allocation.allocate import Allocator
from rung.domain.account import Account
from rung.domain.fill import Fill, Trigger
from rung.domain.order import Order
from rung.domain.slice import Slice
from rung.domain.step import Step
from rung.domain.target import Action, Target
from rung.domain.verdicts import Approved, Verdict
from rung.domain.view import View
from rung.execution.venue import Charging, Venue
from rung.ledger.ledger import Ledger
from rung.risk.gate import Gate
from rung.risk.latch import LatchFacts
from rung.risk.latches import Latches
from rung.risk.screen import screen
from rung.risk.suite import observe, observers
from rung.strategy.port import Explains, Strategy

BPS = 10_000


def flat(view: View) -> tuple[Target, ...]:
    """Out of everything, unfilled orders withdrawn: what a latch that flattens wants, whatever the strategy says."""
    symbols = dict.fromkeys((*view.account.positions, *view.account.working))
    return tuple(
        Target(at_ns=view.slice.at_ns, symbol=s, action=Action.EXIT, weight=0.0, reason="a tripped latch flattens")
        for s in symbols
    )


class Desk:
    """Holds one strategy on one account and knows the order of the stages; nothing else.

    `step` does no I/O, reads no clock and rolls no dice. The same call runs in replay, paper and live: only the
    Feed that makes the slices and the Venue behind `submit` differ.
    """

    def __init__(
        self,
        *,
        strategy: Strategy,
        allocator: Allocator,
        gates: Sequence[Gate],
        latches: Latches,
        venue: Venue,
        ledger: Ledger,
    ) -> None:
        self._strategy = strategy
        self._explains = strategy if isinstance(strategy, Explains) else None
        self._allocator = allocator
        self._gates = tuple(gates)
        self._watching = observers(self._gates)
        self._venue = venue
        self._charging = venue if isinstance(venue, Charging) else None
        self._ledger = ledger
        self._latches = latches
        self._seq = 0
        self._session_date = ""
        self._unfinished: dict[str, Order] = {}

    def step(self, event: Slice) -> Step:
        """Fills and charges → books → marks → targets → orders → verdicts → venue, and the record of it.

        Orders approved here reach the venue here but cannot fill before the next slice.
        """
        notes = self._open_session(event)
        observe(self._watching, event)
        fills = tuple(self._venue.advance(event))
        for fill in fills:
            self._ledger.book(fill)
        charges = tuple(self._charging.charges()) if self._charging is not None else ()
        for charge in charges:
            self._ledger.charge(charge)
        for bar in event.bars.values():
            self._ledger.mark(bar.symbol, bar.close)
        account = self._ledger.account(event.at_ns, self._venue.protections(), self._venue.working())
        view = View(slice=event, account=account)
        notes += tuple(fill.reason for fill in fills if fill.trigger is Trigger.LIQUIDATION)
        notes += self._watch_losses(account, event, fills)
        targets = tuple(self._strategy.decide(view))
        if self._latches.wants_flat:
            targets = flat(view)
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
            charges=charges,
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

    def _watch_losses(self, account: Account, event: Slice, fills: Sequence[Fill]) -> tuple[str, ...]:
        """Show every latch the account as it now stands; what tripped, warned or opened comes back as sentences."""
        facts = LatchFacts(
            at_ns=event.at_ns,
            session=event.session,
            equity_quote=account.equity_quote,
            closed_trades_quote=account.closed_trades_quote,
            slippage_bps=tuple(float(f.slippage_quote / f.value_quote * BPS) for f in fills) if fills else (),
        )
        return tuple(str(event) for event in self._latches.tick(facts))

    def _open_session(self, event: Slice) -> tuple[str, ...]:
        """At the first slice of a session start its own loss period, and say aloud what came over the night."""
        if event.session.date == self._session_date:
            return ()
        self._session_date = event.session.date
        carried = self._ledger.held_symbols()
        self._ledger.start_session()
        return tuple(f"{symbol} was carried overnight: its exit found no bar to fill on" for symbol in carried)
