"""What holding costs: funding of perpetuals, the loan of what is sold short. Charged by the instant and the hour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from rung.domain.charge import Charge, ChargeKind
from rung.domain.errors import UserError
from rung.domain.fill import Fill
from rung.domain.funding import FundingInstant
from rung.domain.instrument import Instrument
from rung.simulation.models import BorrowModel, FundingModel
from rung.simulation.prices import round_up

ZERO = Decimal(0)
MONEY_STEP = Decimal("0.00000001")
NS_PER_HOUR = 3_600_000_000_000
FOREVER = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One symbol in [since_ns, until_ns).

    quantities : everything that may have been held then, base units, signed.   prices : everything it may have been
    worth. One of each when it is known; inside a bar several, and the dearest pair is taken.
    fills : what traded in that time, in the order assumed; the first of `quantities` was held before them.
    """

    instrument: Instrument
    since_ns: int
    until_ns: int
    quantities: tuple[Decimal, ...]
    prices: tuple[Decimal, ...]
    fills: Sequence[Fill] = ()


class Carry:
    """Turns time into charges. Where the moment is unknown, what was held at it is chosen against us."""

    def __init__(self, funding: FundingModel | None, borrow: BorrowModel | None) -> None:
        self._funding = funding
        self._borrow = borrow

    def charges(self, held: Held) -> Iterator[Charge]:
        """What one symbol paid or received in that time. Raises UserError when a funding rate is unknown."""
        if held.instrument.is_perpetual:
            yield from self._funding_charges(held)
        elif self._borrow is not None:
            yield from _loan(self._borrow, held)

    def quiet_until(self, instrument: Instrument, quantity: Decimal, at_ns: int) -> int:
        """The first instant from `at_ns` on at which this position may owe something; `at_ns` when it cannot be told.

        This looks ahead to know when to look closely, and for nothing else.
        """
        terms = instrument.perpetual
        if terms is None:
            return _first_hour(at_ns) if quantity < 0 and self._borrow is not None else FOREVER
        if self._funding is None:
            return at_ns
        try:
            ahead = self._funding.due(instrument.symbol, at_ns, at_ns + terms.funding_interval_ns)
        except UserError:
            return at_ns
        return ahead[0].at_ns if ahead else at_ns + terms.funding_interval_ns

    def _funding_charges(self, held: Held) -> Iterator[Charge]:
        if not any(held.quantities):
            return
        symbol = held.instrument.symbol
        if self._funding is None:
            raise UserError(f"no funding history for the perpetual {symbol}", remedy="give its rates: none is not zero")
        for instant in self._funding.due(symbol, held.since_ns, held.until_ns):
            charge = _dearest(held, instant)
            if charge.amount_quote != 0:
                yield charge


def _dearest(held: Held, instant: FundingInstant) -> Charge:
    prices = held.prices if instant.mark_price is None else (instant.mark_price,)
    pairs = ((quantity, price) for quantity in held.quantities for price in prices)
    quantity, price = max(pairs, key=lambda pair: pair[0] * pair[1] * instant.rate)
    return Charge(
        at_ns=instant.at_ns,
        symbol=held.instrument.symbol,
        kind=ChargeKind.FUNDING,
        amount_quote=round_up(quantity * price * instant.rate, MONEY_STEP),
        reason=f"funding of {instant.rate:f} on {quantity} {held.instrument.symbol} at {price}",
    )


def _loan(borrow: BorrowModel, held: Held) -> Iterator[Charge]:
    """Every hour that starts while something is short, and the started hour of what is newly sold short."""
    symbol = held.instrument.symbol
    hours, short = _hours_in(held.since_ns, held.until_ns), -min(held.quantities)
    if hours and short > 0:
        cost = borrow.cost_quote(symbol, short * max(held.prices), hours)
        yield _loan_charge(held, hours, _first_hour(held.since_ns), cost)
    quantity = held.quantities[0]
    for fill in held.fills:
        after = quantity + fill.quantity * fill.side.sign
        newly_short = min(quantity, ZERO) - min(after, ZERO)
        if newly_short > 0:
            yield _loan_charge(held, 1, fill.at_ns, borrow.cost_quote(symbol, newly_short * fill.price, 1))
        quantity = after


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
    """How many full hours lie in [start_ns, stop_ns)."""
    return max(0, (_first_hour(stop_ns) - _first_hour(start_ns)) // NS_PER_HOUR)
