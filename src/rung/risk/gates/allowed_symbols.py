"""The list of what may be opened."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from rung.domain.order import Order
from rung.domain.verdicts import Violation, ViolationKind
from rung.domain.view import View


class AllowedSymbols:
    """The symbol is on the list. An empty list is a mistake, not a wish: leave the gate out to allow everything."""

    name = "allowed_symbols"
    halts = False

    def __init__(self, symbols: Collection[str]) -> None:
        if not symbols:
            raise ValueError("an allow-list without symbols would refuse everything: name one or leave it out")
        self._symbols = frozenset(symbols)

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        if order.symbol in self._symbols:
            return ()
        allowed = ", ".join(sorted(self._symbols))
        return (
            Violation(
                kind=ViolationKind.SYMBOL_NOT_ALLOWED,
                gate=self.name,
                message=f"{order.symbol} is not on the allow-list ({allowed})",
                value=order.symbol,
                limit=allowed,
            ),
        )
