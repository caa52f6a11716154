"""Money that a venue takes or gives without a trade."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct


class ChargeKind(StrEnum):
    """What a charge is for."""

    FUNDING = "FUNDING"
    """What the two sides of a perpetual pay each other: the longs pay a positive rate, the shorts a negative one."""
    BORROW = "BORROW"
    """The loan of units sold short."""
    LIQUIDATION_FEE = "LIQUIDATION_FEE"
    """What the venue takes for closing a position whose margin is gone."""


class Charge(Struct, frozen=True, kw_only=True, gc=False):
    """One payment. amount_quote : > 0 is paid by the account, < 0 received (funding only).

    at_ns : the instant it fell due; it is told at the first slice after that.   reason : a sentence with the numbers.
    """

    at_ns: int
    symbol: str
    kind: ChargeKind
    amount_quote: Decimal
    reason: str
