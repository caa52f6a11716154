"""What holding costs: funding of perpetuals, the loan of what is sold short. Charged by the instant and the hour."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct

from rung.domain.charge import Charge, ChargeKind
from rung.domain.errors import UserError
from rung.domain.fill import Fill
from rung.domain.funding import FundingInstant
from rung.domain.instrument import Instrument
from rung.domain.order import Side
from rung.simulation.book import ZERO, SymbolBook
from rung.simulation.models import BorrowModel, FundingModel
from rung.simulation.prices import exact, round_up

MONEY_STEP = Decimal("0.00000001")
NS_PER_HOUR = 3_600_000_000_000
FOREVER = 2**63 - 1
SELL = Side.SELL


class Held(Struct, frozen=True, kw_only=True, gc=False):
    """One symbol in [since_ns, until_ns), in which something of it was held on margin: only that owes for its time.

    before : what was held at its start, base units, signed.   levels : the prices it may have been worth.
    fills : what traded in that time, in the order assumed.   leaving : none of it may have been held at the end.
    """

    instrument: Instrument
    since_ns: int
    until_ns: int
    before: Decimal
    levels: tuple[float, ...]
    fills: Sequence[Fill] = ()
    leaving: bool = False

    @property
    def quantities(self) -> tuple[Decimal, ...]:
        """Everything that may have been held then."""
        quantity, found = self.before, [self.before]
        for fill in self.fills:
            quantity = quantity - fill.quantity if fill.side is SELL else quantity + fill.quantity
            found.append(quantity)
        return (*found, ZERO) if self.leaving else tuple(found)

    @property
    def prices(self) -> tuple[Decimal, ...]:
        """Everything it may have been worth."""
        return tuple(exact(level) for level in self.levels)


class Carry:
    """Turns time into charges. Where the moment is unknown, what was held at it is chosen against us."""

    def __init__(self, funding: FundingModel | None, borrow: BorrowModel | None) -> None:
        self._funding = funding
        self._borrow = borrow

    def charges(self, held: Held) -> Sequence[Charge]:
        """What one symbol paid or received in that time. Raises UserError when a funding rate is unknown."""
        if held.instrument.perpetual is not None:
            return self._funding_charges(held)
        return _loan(self._borrow, held) if self._borrow is not None else ()

    def quiet_until(self, book: SymbolBook, at_ns: int) -> int:
        """The first instant from `at_ns` on at which this position may owe something; `at_ns` when it cannot be told.

        This looks ahead to know when to look closely, and for nothing else.
        """
        terms = book.instrument.perpetual
        if terms is None:
            return _first_hour(at_ns) if book.sign < 0 and self._borrow is not None else FOREVER
        if self._funding is None:
            return at_ns
        try:
            ahead = self._funding.due(book.symbol, at_ns, at_ns + terms.funding_interval_ns)
        except UserError:
            return at_ns
        return ahead[0].at_ns if ahead else at_ns + terms.funding_interval_ns

    def _funding_charges(self, held: Held) -> Sequence[Charge]:
        symbol = held.instrument.symbol
        if self._funding is None:
            raise UserError(f"no funding history for the perpetual {symbol}", remedy="give its rates: none is not zero")
        due = self._funding.due(symbol, held.since_ns, held.until_ns)
        if not due:
            return ()
        return [charge for charge in (_dearest(held, instant) for instant in due) if charge.amount_quote != 0]


def _dearest(held: Held, instant: FundingInstant) -> Charge:
    prices = held.prices if instant.mark_price is None else (instant.mark_price,)
    pairs = ((quantity, price) for quantity in held.quantities for price in prices)
    quantity, price = max(pairs, key=lambda pair: pair[0] * pair[1] * instant.rate)
    return Charge(
        at_ns=instant.at_ns,
        symbol=held.instrument.symbol,
        kind=ChargeKind.FUNDING,
        amount_quote=round_up(quantity * price * instant.rate, MONEY_STEP),
        reason=f"funding of {instant.rate:f} on {quantity.normalize():f} {held.instrument.symbol} at {price}",
    )


def _loan(borrow: BorrowModel, held: Held) -> Sequence[Charge]:
    """Every hour that starts while something is short, and the started hour of what is newly sold short."""
    hours = _hours_in(held.since_ns, held.until_ns)
    if not hours and not held.fills:
        return ()
    symbol, quantities, charges = held.instrument.symbol, held.quantities, []
    if hours:
        cost = borrow.cost_quote(symbol, -min(quantities) * max(held.prices), hours)
        charges.append(_loan_charge(held, hours, _first_hour(held.since_ns), cost))
    for fill, before, after in zip(held.fills, quantities, quantities[1:], strict=False):
        if fill.side is SELL and not fill.closes:
            cost = borrow.cost_quote(symbol, (before - after) * fill.price, 1)
            charges.append(_loan_charge(held, 1, fill.at_ns, cost))
    return [charge for charge in charges if charge.amount_quote != 0]


def _loan_charge(held: Held, hours: int, at_ns: int, cost: Decimal) -> Charge:
    return Charge(
        at_ns=at_ns,
        symbol=held.instrument.symbol,
        kind=ChargeKind.BORROW,
        amount_quote=cost,
        reason=f"{hours} started hour{'s' * (hours > 1)} of borrowing {held.instrument.symbol}",
    )


def _first_hour(start_ns: int) -> int:
    """The first full hour at or after `start_ns`."""
    return -(-start_ns // NS_PER_HOUR) * NS_PER_HOUR


def _hours_in(start_ns: int, stop_ns: int) -> int:
    """How many full hours lie in [start_ns, stop_ns), which is not empty."""
    return start_ns // -NS_PER_HOUR - stop_ns // -NS_PER_HOUR
