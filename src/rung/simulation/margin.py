"""The margin of one account over all its symbols: what is left, what the venue wants, and the price of the end."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from math import inf

from rung.domain.charge import Charge
from rung.domain.errors import UserError
from rung.domain.fill import Fill
from rung.domain.instrument import PerpetualTerms
from rung.domain.order import Side
from rung.simulation.book import ZERO, SymbolBook
from rung.simulation.params import MarginParams
from rung.simulation.prices import round_up
from rung.simulation.turn import Turn

ONE = Decimal(1)
BPS = Decimal("0.0001")
MONEY_STEP = Decimal("0.00000001")
BUY = Side.BUY
NEARLY, NEARLY_ALL, DOUBT = 1.001, 0.999, 1e-9
"""Floats are trusted only when the margin is this much above the maintenance, and by this part of what is held."""


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
        self._spot_share = float(params.spot_collateral_frac)

    @property
    def money_quote(self) -> Decimal:
        """Capital less everything paid: for units, of perpetuals too, for fees and charges."""
        return self._money

    def book(self, fills: Sequence[Fill], charges: Sequence[Charge] = ()) -> None:
        for fill in fills:
            paid = fill.quantity * fill.price
            self._money -= (paid if fill.side is BUY else -paid) + fill.fee_quote
        for charge in charges:
            self._money -= charge.amount_quote

    def surely_safe(self, stakes: Sequence[Turn]) -> bool:
        """A quick look in floats at the worst prices; False only means that one must look closely."""
        left = float(self._money)
        for one in stakes:
            left += self._part(one.book, one.worst, one.worst)
        return left > 0.0

    def safe_move(self, held: Sequence[SymbolBook]) -> float:
        """By what fraction all prices may leave their newest closes at once and the account be surely safe; 0 is none.

        Parts of the margin are in proportion to the price while a rate holds. It is the one at twice the closes, and
        one of smaller positions is no higher: so the answer is at most 1, or infinity where nothing is on margin.
        """
        if not any(book.on_margin for book in held):
            return inf
        left, at_stake = float(self._money), 0.0
        for book in held:
            assert book.last is not None  # noqa: S101  (what is held was bought in some bar)
            close = book.last.close
            part = self._part(book, close, 2.0 * close)
            left += part
            at_stake += abs(part)
        if not left > 0.0 < at_stake:
            return 0.0
        return NEARLY_ALL * left / at_stake if left < at_stake else 1.0

    def _part(self, book: SymbolBook, price: float, highest: float) -> float:
        """What a position surely adds to the margin at `price`: its value less its maintenance in floats.

        The rate is that of the tier at the price `highest`: marginal rates make the whole a little less than this.
        """
        quantity, terms = float(book.quantity), book.instrument.perpetual
        value, size = quantity * price, abs(quantity)
        if terms is None:
            return (value if value < 0.0 else value * self._spot_share) - size * price * DOUBT
        return value - size * price * (_rate_at(terms, size * highest) * NEARLY + DOUBT)

    def margin_quote(self, stakes: Sequence[Turn], prices: Sequence[Decimal]) -> Decimal:
        """What is left to lose at these prices."""
        margin = self._money
        for one, price in zip(stakes, prices, strict=True):
            value = one.book.quantity * price
            counts_whole = value < 0 or one.book.is_perpetual
            margin += value if counts_whole else value * self._params.spot_collateral_frac
        return margin

    @staticmethod
    def maintenance_quote(stakes: Sequence[Turn], prices: Sequence[Decimal]) -> Decimal:
        """What the venue wants to see at these prices."""
        pairs = zip(stakes, prices, strict=True)
        held = ((one.book.instrument.perpetual, abs(one.book.quantity) * price) for one, price in pairs)
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


def dust_quote(stakes: Sequence[Turn]) -> Decimal:
    """The most that rounding can take: a price is rounded twice, once on its way and once when it is crossed."""
    steps = (abs(one.book.quantity) * one.book.step for one in stakes)
    return 2 * sum(steps, ZERO)


def _rate_at(terms: PerpetualTerms, value: float) -> float:
    """The rate of the tier of `value`."""
    rate = terms.tiers[0].maintenance_frac
    for tier in terms.tiers[1:]:
        if value < float(tier.from_notional_quote):
            break
        rate = tier.maintenance_frac
    return float(rate)
