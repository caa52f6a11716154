"""A symbol whose bar did not close at this very instant opens no risk."""

from __future__ import annotations

from collections.abc import Sequence

from rung.domain.order import Order
from rung.domain.verdicts import Violation, ViolationKind
from rung.domain.view import View


class StaleData:
    """The slice holds a bar of the symbol, and that bar became known exactly at the slice's instant."""

    name = "stale_data"
    halts = False

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        at_ns = view.slice.at_ns
        bar = view.slice.bars.get(order.symbol)
        if bar is None:
            return (self._broken("missing", f"the bar of {order.symbol} that should close now is missing"),)
        if bar.known_ns != at_ns:
            seconds = (at_ns - bar.known_ns) / 1e9
            return (self._broken(f"{seconds:g} s", f"the bar of {order.symbol} is {seconds:g} s old"),)
        return ()

    def _broken(self, value: str, sentence: str) -> Violation:
        return Violation(kind=ViolationKind.STALE_DATA, gate=self.name, message=sentence, value=value, limit="0 s")
