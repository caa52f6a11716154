"""A desk for one symbol that passes over the bars on which nothing can happen, for replays of authored strategies.

The order of the stages is that of `Desk.step`; a bar on which no order works, no level is reached and nothing falls due
only asks the strategy.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from rung.allocation.allocate import Allocator
from rung.domain.account import Account, Position
from rung.domain.bar import Bar
from rung.domain.charge import Charge
from rung.domain.decimals import exact
from rung.domain.fill import Fill, Trigger
from rung.domain.order import OrderKind
from rung.domain.session import Session
from rung.domain.slice import Slice
from rung.domain.target import Target
from rung.domain.verdicts import Verdict
from rung.domain.view import View
from rung.engine.judging import Judging
from rung.engine.streamed_view import StreamedView
from rung.ledger.ledger import Ledger
from rung.risk.guard import CALM, Guard
from rung.simulation.financed import FinancedVenue
from rung.strategy.authoring import Wish
from rung.strategy.running import Lane, blame, not_a_wish

NOTHING = Decimal(0)
NEVER = -(2**63)
Columns = tuple[Sequence[int], Sequence[float], Sequence[float], Sequence[float], Sequence[float], Sequence[float]]
"""open_ns, open, high, low, close, volume of the bars of one session, oldest first."""


class Happening(NamedTuple):
    """What a desk did to one bar, where it did anything. number : of the bar, from 0.

    rest_quote, quantity : the equity is `rest_quote + quantity × close` from this bar on until the next happening.
    """

    number: int
    fills: Sequence[Fill]
    charges: Sequence[Charge]
    verdicts: Sequence[Verdict]
    notes: tuple[str, ...]
    rest_quote: Decimal
    quantity: Decimal


class StreamingDesk:
    """One instance of a `Strategy` on one symbol. Its guard must say how many slices it `remembers`.

    Allocator, gates, venue and ledger are those of any desk, and so is what they are told, but for the bars between:
    the account's `peak_equity_quote` is the highest of the bars at which somebody looked.
    """

    def __init__(
        self, *, instance: Any, symbol: str, allocator: Allocator, guard: Guard, venue: FinancedVenue, ledger: Ledger
    ) -> None:
        if guard.remembers is None:
            raise ValueError("risk has to be shown every slice")
        self._instance, self._symbol = instance, symbol
        self._allocator, self._guard, self._venue, self._ledger = allocator, guard, venue, ledger
        self._judging = Judging(guard, venue.submit)
        self._lane = Lane(symbol)
        self._lens = StreamedView(symbol, self._equity_at, self._position_at)
        self._recent: deque[tuple[Bar, Session]] = deque(maxlen=max(2, guard.remembers))
        self._shown_ns = self._told_ns = NEVER
        self._number = 0
        self._rest, self._quantity = ledger.equity_quote, NOTHING

    def session(self, session: Session, columns: Columns, interval_ns: int) -> Iterator[Happening]:
        """The bars of one session, and what happened on which. Raises UserError naming the author's line."""
        symbol, lens, lane, venue, decide = self._symbol, self._lens, self._lane, self._venue, self._instance.decide
        recent = self._recent
        self._open(session)
        side, works, quiet = lens.side, symbol in venue.working(), venue.quiet
        for open_ns, open_, high, low, close, volume in zip(*columns, strict=True):
            bar = Bar(
                symbol=symbol, open_ns=open_ns, interval_ns=interval_ns,
                open=open_, high=high, low=low, close=close, volume=volume,
            )  # fmt: skip
            at_ns = open_ns + interval_ns
            recent.append((bar, session))
            happened: Happening | None = None
            if quiet is None or at_ns > quiet.until_ns or (side and not _passes(bar, quiet.floor, quiet.ceiling)):
                happened = self._advance(bar, at_ns)
                side, works, quiet = lens.side, symbol in venue.working(), venue.quiet
            lens.show(bar, at_ns)
            try:
                wish = decide(lens)
            except (Exception, SystemExit) as error:  # the author's code may raise anything
                blame(error, type(self._instance), f"decide of {symbol}", at_ns)
                raise
            if wish is not None:
                if type(wish) is not Wish:
                    raise not_a_wish(type(self._instance), wish)
                target = lane.towards(wish, at_ns, side, works)
                if target is not None:
                    happened = self._settle(target, bar, at_ns, happened)
                    works, quiet = symbol in venue.working(), venue.quiet
            if happened is not None:
                yield happened
            self._number += 1

    def account(self) -> Account:
        """Marked to the newest bar."""
        bar, _ = self._recent[-1]
        return self._account(bar.close, bar.known_ns)

    def _open(self, session: Session) -> None:
        """A session has its own profit; the books are marked to the close of the one before."""
        if self._recent:
            self._ledger.mark(self._symbol, self._recent[-1][0].close)
        self._ledger.start_session()
        self._lens.enter(session)

    def _advance(self, bar: Bar, at_ns: int) -> Happening | None:
        """Fills and charges → books."""
        self._catch_up(before=at_ns)
        event = self._slice(bar, at_ns)
        self._told_ns = at_ns
        fills, charges = self._venue.advance(event), self._venue.charges()
        if not fills and not charges:
            return None
        for fill in fills:
            self._ledger.book(fill)
            self._quantity += fill.quantity * fill.side.sign
        for charge in charges:
            self._ledger.charge(charge)
        self._ledger.mark(self._symbol, bar.close)
        self._rest = self._ledger.equity_quote - self._quantity * exact(bar.close)
        self._lens.take(0 if not self._quantity else -1 if self._quantity < 0 else 1)
        notes = tuple(fill.reason for fill in fills if fill.trigger is Trigger.LIQUIDATION)
        return Happening(self._number, fills, charges, (), notes, self._rest, self._quantity)

    def _settle(self, target: Target, bar: Bar, at_ns: int, happened: Happening | None) -> Happening | None:
        """A wish → orders → verdicts → venue, after what has happened to the bar."""
        event = self._slice(bar, at_ns)
        view = View(slice=event, account=self._account(bar.close, at_ns))
        orders = self._allocator.allocate((target,), view)
        if not orders:
            return happened
        self._catch_up(before=at_ns + 1)
        last = orders[-1]  # what may add risk comes last
        if not last.reduce_only or last.kind is OrderKind.PROTECT:
            self._show(view)
        verdicts = self._judging.judge(orders, view)
        if happened is None:
            return Happening(self._number, (), (), verdicts, (), self._rest, self._quantity)
        return happened._replace(verdicts=verdicts)

    def _catch_up(self, before: int) -> None:
        """Tell the venue of the newest bar known before this instant, if it has passed without being shown."""
        newest = next((each for each in reversed(self._recent) if each[0].known_ns < before), None)
        if newest is not None and newest[0].known_ns > self._told_ns:
            bar, session = newest
            self._told_ns = bar.known_ns
            self._venue.pass_over(Slice(at_ns=bar.known_ns, session=session, bars={self._symbol: bar}))

    def _show(self, view: View) -> None:
        """Let the gates see as much of the past as they remember, and no slice twice; then the present."""
        for bar, session in self._recent:
            at_ns = bar.known_ns
            if self._shown_ns < at_ns < view.slice.at_ns:
                self._guard.observe(Slice(at_ns=at_ns, session=session, bars={self._symbol: bar}))
        self._guard.observe(view.slice)
        self._shown_ns = view.slice.at_ns
        if self._guard.look(view) is not CALM:
            raise ValueError("risk has something to say to a streamed desk, which would not listen")

    def _slice(self, bar: Bar, at_ns: int) -> Slice:
        return Slice(at_ns=at_ns, session=self._lens.session, bars={self._symbol: bar})

    def _account(self, close: float, at_ns: int) -> Account:
        self._ledger.mark(self._symbol, close)
        return self._ledger.account(at_ns, self._venue.protections(), self._venue.working())

    def _equity_at(self, close: float) -> Decimal:
        return self._rest + self._quantity * exact(close)

    def _position_at(self, close: float) -> Position | None:
        return self._account(close, self._lens.at_ns).positions.get(self._symbol)


def _passes(bar: Bar, floor: float, ceiling: float) -> bool:
    """A sound bar with volume, strictly between the two: nothing happens to what is held."""
    low, high = bar.low, bar.high
    return floor < low <= bar.open <= high < ceiling and low <= bar.close <= high and bar.volume > 0.0
