"""How long an order travels."""

from __future__ import annotations

from rung.domain.order import Order


class FixedLatency:
    """Every order, cancel and protection travels equally long; with 0 it acts on the next bar's open."""

    def __init__(self, delay_ns: int = 0) -> None:
        if delay_ns < 0:
            raise ValueError("an order cannot arrive before it is sent")
        self._delay_ns = delay_ns

    def delay_ns(self, order: Order) -> int:
        return self._delay_ns
