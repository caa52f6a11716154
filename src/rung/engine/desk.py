"""The desk: one event through the whole house, in one synchronous call."""

from __future__ import annotations

from decimal import Decimal

from rung.allocation.allocate import Allocator
from rung.domain.fill import Trigger
from rung.domain.slice import Slice
from rung.domain.step import Step
from rung.domain.target import Action, Target
from rung.domain.view import View
from rung.engine.judging import Judging
from rung.execution.venue import Charging, Venue
from rung.ledger.ledger import Ledger
from rung.risk.guard import Findings, Guard
from rung.strategy.port import Explains, Strategy

NOTHING = Decimal(0)


def flat(view: View) -> tuple[Target, ...]:
    """Out of everything, unfilled orders withdrawn: what risk that flattens wants, whatever the strategy says."""
    symbols = dict.fromkeys((*view.account.positions, *view.account.working))
    return tuple(
        Target(at_ns=view.slice.at_ns, symbol=s, action=Action.EXIT, weight=0.0, reason="risk flattens the book")
        for s in symbols
    )


def without_openings(targets: tuple[Target, ...], view: View) -> tuple[Target, ...]:
    """The same, and the unfilled opening orders withdrawn of every symbol the strategy says nothing about.

    Where it does say something, what works there is cancelled by that.
    """
    spoken = {target.symbol for target in targets}
    return targets + tuple(
        Target(at_ns=view.slice.at_ns, symbol=s, action=Action.HOLD, weight=None, reason="nothing may open now")
        for s in view.account.working
        if s not in spoken
    )


def bounded(targets: tuple[Target, ...], findings: Findings, view: View) -> tuple[Target, ...]:
    """What is left of the strategy's wishes after risk has spoken."""
    if findings.flatten:
        return flat(view)
    return without_openings(targets, view) if findings.withdraw and view.account.working else targets


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
        guard: Guard,
        venue: Venue,
        ledger: Ledger,
    ) -> None:
        self._strategy = strategy
        self._explains = strategy if isinstance(strategy, Explains) else None
        self._allocator = allocator
        self._guard = guard
        self._venue = venue
        self._charging = venue if isinstance(venue, Charging) else None
        self._ledger = ledger
        self._flow_quote = NOTHING
        self._seq = 0
        self._session_date = ""
        self._judging = Judging(guard, venue.submit)

    def step(self, event: Slice) -> Step:
        """Fills and charges → books → marks → targets → orders → verdicts → venue, and the record of it.

        Orders approved here reach the venue here but cannot fill before the next slice. In a slice without a bar
        nothing became known: the strategy is not asked, but risk looks and may close.
        """
        notes = self._open_session(event)
        self._guard.observe(event)
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
        if fills:
            notes += tuple(fill.reason for fill in fills if fill.trigger is Trigger.LIQUIDATION)
        findings = self._guard.look(view, fills, self._flow_quote)
        self._flow_quote = NOTHING
        notes += findings.notes
        wanted = tuple(self._strategy.decide(view)) if event.bars else ()
        targets = bounded(wanted, findings, view)
        verdicts = self._judging.judge(self._allocator.allocate(targets, view), view) if targets else ()
        if verdicts:
            notes += self._guard.advice(verdicts, view)
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

    def transfer(self, amount_quote: Decimal, *, at_ns: int, ref: str) -> None:
        """Money paid in (> 0) or out (< 0): in the books now, told to the latches with the next slice as no profit."""
        self._ledger.transfer(amount_quote, at_ns=at_ns, ref=ref)
        self._flow_quote += amount_quote

    def _open_session(self, event: Slice) -> tuple[str, ...]:
        """At the first slice of a session start its own loss period, and say aloud what came over the night."""
        if event.session.date == self._session_date:
            return ()
        self._session_date = event.session.date
        carried = () if event.session.around_the_clock else self._ledger.held_symbols()
        self._ledger.start_session()
        return tuple(f"{symbol} was carried overnight: its exit found no bar to fill on" for symbol in carried)
