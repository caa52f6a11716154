"""The margin of one account over all its symbols: what is left, what the venue wants, and the price of the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from rung.domain.bar import Bar
from rung.domain.charge import Charge
from rung.domain.errors import UserError
from rung.domain.fill import Fill
from rung.domain.instrument import PerpetualTerms
from rung.domain.order import Side
from rung.simulation.book import SymbolBook
from rung.simulation.calm import NEARLY
from rung.simulation.params import MarginParams
from rung.simulation.prices import exact, price_step, round_down, round_up

ZERO, ONE = Decimal(0), Decimal(1)
BPS = Decimal("0.0001")
MONEY_STEP = Decimal("0.00000001")


@dataclass(frozen=True, slots=True)
class Stake:
    """One position in one bar: from which price the bar starts and how far it goes against the position.

    For a symbol without a bar both are its newest close.
    """

    book: SymbolBook
    bar: Bar
    traded: bool
    opened: float
    worst: float

    @property
    def terms(self) -> PerpetualTerms | None:
        return self.book.instrument.perpetual

    @property
    def closing_side(self) -> Side:
        return Side.SELL if self.book.quantity > 0 else Side.BUY

    def price_at(self, way: Decimal) -> Decimal:
        """`way` 0 is the open, 1 the worst price; in between it is rounded against the position, inside the bar."""
        opened, worst = exact(self.opened), exact(self.worst)
        price, step = opened + way * (worst - opened), price_step(self.book.instrument.tick_size)
        if self.book.quantity > 0:
            return max(round_down(price, step), worst)
        return min(round_up(price, step), worst)


def stake(book: SymbolBook, bar: Bar | None, last: Bar) -> Stake:
    """The position of `book` in `bar`, or resting on the `last` bar there was when there is none now."""
    if bar is None:
        return Stake(book, last, False, last.close, last.close)
    return Stake(book, bar, True, bar.open, bar.low if book.quantity > 0 else bar.high)


class MarginAccount:
    """One cash account behind all symbols (cross margin), as the venue keeps it: the same money as the ledger's.

    Margin is cash, the gain of the perpetuals, what is owed in short spot in full, and `spot_collateral_frac` of what
    is held in spot. When it falls to the maintenance margin of the perpetuals (spot short wants none: it is closed when
    nothing is left), everything on margin is closed.
    Deposits made after the start are not known here.
    """

    def __init__(self, capital_quote: Decimal, params: MarginParams) -> None:
        if not capital_quote.is_finite() or capital_quote <= 0:
            raise UserError(f"{capital_quote} is not a capital to trade on margin with")
        self._params = params
        self._money = capital_quote
        self._money_float = float(capital_quote)

    @property
    def money_quote(self) -> Decimal:
        """Capital less everything paid: for units, of perpetuals too, for fees and charges."""
        return self._money

    @property
    def money_float(self) -> float:
        """The same, nearly: for a first look."""
        return self._money_float

    @property
    def spot_share(self) -> float:
        """`spot_collateral_frac`, nearly: for a first look."""
        return float(self._params.spot_collateral_frac)

    def book(self, fills: Sequence[Fill], charges: Sequence[Charge] = ()) -> None:
        for fill in fills:
            self._money -= fill.quantity * fill.side.sign * fill.price + fill.fee_quote
        for charge in charges:
            self._money -= charge.amount_quote
        if fills or charges:
            self._money_float = float(self._money)

    def surely_safe(self, stakes: Sequence[Stake]) -> bool:
        """A quick look in floats at the worst prices; False only means that one must look closely."""
        margin, needed, gross = self._money_float, 0.0, 0.0
        for one in stakes:
            value = float(one.book.quantity) * one.worst
            gross += abs(value)
            margin += value if value < 0 or one.terms is not None else value * float(self._params.spot_collateral_frac)
            if one.terms is not None:
                needed += abs(value) * _rate_at(one.terms, abs(value))
        return margin > needed * NEARLY + gross * 1e-9

    def margin_quote(self, stakes: Sequence[Stake], prices: Sequence[Decimal]) -> Decimal:
        """What is left to lose at these prices."""
        margin = self._money
        for one, price in zip(stakes, prices, strict=True):
            value = one.book.quantity * price
            margin += value if value < 0 or one.terms is not None else value * self._params.spot_collateral_frac
        return margin

    @staticmethod
    def maintenance_quote(stakes: Sequence[Stake], prices: Sequence[Decimal]) -> Decimal:
        """What the venue wants to see at these prices."""
        pairs = zip(stakes, prices, strict=True)
        held = ((one.terms, abs(one.book.quantity) * price) for one, price in pairs)
        return sum((terms.maintenance_quote(value) for terms, value in held if terms is not None), ZERO)

    def liquidation_fee_quote(self, value_quote: Decimal, left_quote: Decimal) -> Decimal:
        """The venue's fee, at most what is left: it is taken out of the margin."""
        fee = round_up(value_quote * self._params.liquidation_fee_bps * BPS, MONEY_STEP)
        return max(ZERO, min(fee, left_quote))


def way_to_ruin(start_quote: Decimal, end_quote: Decimal, dust: Decimal) -> Decimal:
    """How far the prices go from open (0) to worst (1) before nothing is left, given the margin at both ends.

    1 when something is left at the worst prices; 0 when the open was already beyond: that is the gap. In between it
    stops `dust` before nothing, so that rounding prices against us does not make it less than nothing.
    """
    if end_quote >= 0:
        return ONE
    return ZERO if start_quote <= dust else (start_quote - dust) / (start_quote - end_quote)


def dust_quote(stakes: Sequence[Stake]) -> Decimal:
    """The most that rounding can take: a price is rounded twice, once on its way and once when it is crossed."""
    steps = (abs(one.book.quantity) * price_step(one.book.instrument.tick_size) for one in stakes)
    return 2 * sum(steps, ZERO)


def _rate_at(terms: PerpetualTerms, value: float) -> float:
    """The rate of the tier of `value`: marginal rates make the whole a little less than this."""
    rate = terms.tiers[0].maintenance_frac
    for tier in terms.tiers[1:]:
        if value < float(tier.from_notional_quote):
            break
        rate = tier.maintenance_frac
    return float(rate)
