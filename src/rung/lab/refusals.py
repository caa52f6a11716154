"""What to do about refused orders, where that can be said in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rung.domain.verdicts import ViolationKind

if TYPE_CHECKING:
    import polars as pl

    from rung.lab.result import Figures, Identity

ROOM = frozenset(
    {
        ViolationKind.NOTIONAL_GROSS, ViolationKind.NOTIONAL_SYMBOL, ViolationKind.LEVERAGE_GROSS,
        ViolationKind.LEVERAGE_SYMBOL, ViolationKind.MARGIN, ViolationKind.MAX_POSITIONS,
    }
)  # fmt: skip
"""Refused for want of room, which what is being closed has not made yet."""
SAY_AGAIN = (
    "an exit that was sent is not yet cash, so what is bought in the same bar can be refused: "
    "say the wish every bar until it is fulfilled"
)


def advice_on(figures: Figures, identity: Identity, orders: pl.DataFrame) -> str:
    """One sentence, "" where there is nothing to advise. orders : with `approved` and `why`.

    When nothing was ever opened and every refused order broke the same rule, what that asks for and where to mend it;
    when room was missing now and then, that the wish has to stand until it is fulfilled.
    """
    if not figures.refused:
        return ""
    kind, count = next(iter(figures.refused.items()))
    if not figures.trades and not figures.still_open and count == figures.refused_orders:
        return _mend(kind, count, identity, orders)
    return SAY_AGAIN if ROOM & set(figures.refused) else ""


def _mend(kind: str, count: int, identity: Identity, orders: pl.DataFrame) -> str:
    said = f"every opening order ({count:,}) was refused for one reason, {kind.replace('_', ' ')}"
    at = f" in decide, {identity.decide_at}" if identity.decide_at else ""
    if kind == ViolationKind.MISSING_STOP:
        return f"{said}: add stop=0.02 (2 % of the entry price) to the wish{at}"
    first = str(orders.filter(~orders["approved"])["why"][0])
    where = f", or the limits of {identity.limits_from} (--limits names others)" if identity.limits_from else ""
    return f"{said}; the first said: {first}. Mend the wish{at}{where}"
