"""One open position at average cost, and the exact split of an execution into what it closes and what it opens."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from msgspec import Struct

from rung.domain.fill import Fill
from rung.domain.order import Side

BUY = Side.BUY
ZERO = Decimal(0)
MONEY_STEP = Decimal("0.00000001")


def share(total: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    """`total · part ÷ whole` to 8 decimals, all of it when `part` is the whole: the rest stays, nothing is lost."""
    return total if part == whole else (total * part / whole).quantize(MONEY_STEP)


def signed(fill: Fill) -> Decimal:
    """Base units that came, < 0 that went."""
    return fill.quantity if fill.side is BUY else -fill.quantity


class Piece(Struct, frozen=True, gc=False):
    """The part of a fill that only closes or only opens. signed : base units with the sign of the trade."""

    signed: Decimal
    fee: Decimal
    closes: bool


def pieces(fill: Fill, held: Decimal) -> tuple[Piece, ...]:
    """One piece, or two when the fill crosses zero from `held`; the fee is divided in proportion."""
    traded = signed(fill)
    if not held or (held > ZERO) is (fill.side is BUY):
        return (Piece(traded, fill.fee_quote, False),)
    if fill.quantity <= abs(held):
        return (Piece(traded, fill.fee_quote, True),)
    fee = share(fill.fee_quote, abs(held), fill.quantity)
    return (Piece(-held, fee, True), Piece(traded + held, fill.fee_quote - fee, False))


@dataclass(slots=True)
class Holding:
    """An open position. quantity and cost are signed (short < 0); fees are those of the open part.

    trip : realised P&L less every fee since the position was last flat.
    """

    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    fees: Decimal = ZERO
    trip: Decimal = ZERO
    opened_ns: int = 0

    def take(self, piece: Piece, price: Decimal, at_ns: int) -> Decimal:
        """Book a piece; answers the P&L it realised, fees not included."""
        value = piece.signed * price
        if piece.closes:
            released = share(self.cost, -piece.signed, self.quantity)
            self.fees -= share(self.fees, -piece.signed, self.quantity)
            self.cost -= released
            realised = -released - value
        else:
            if not self.quantity:
                self.opened_ns = at_ns
            self.cost += value
            self.fees += piece.fee
            realised = ZERO
        self.quantity += piece.signed
        self.trip += realised - piece.fee
        return realised
