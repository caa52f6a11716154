"""Fills for tests of the ledger: a share of TQQQ without fees unless a test says otherwise."""

from __future__ import annotations

from decimal import Decimal
from itertools import count
from typing import Any

from rung.domain.clock import NS_PER_MINUTE
from rung.domain.fill import Fill, Trigger
from rung.domain.order import Side
from rung.domain.target import Action

D = Decimal
START_NS = 1_758_029_400_000_000_000
_ids = count(1)


def fill(side: Side, quantity: str, price: str, fee: str = "0", minute: int = 0, **changes: Any) -> Fill:
    fill_id = f"f{next(_ids)}"
    given: dict[str, Any] = {
        "fill_id": fill_id,
        "order_id": f"o-{fill_id}",
        "at_ns": START_NS + minute * NS_PER_MINUTE,
        "symbol": "TQQQ",
        "side": side,
        "quantity": D(quantity),
        "price": D(price),
        "reference_price": D(price),
        "fee_quote": D(fee),
        "trigger": Trigger.ORDER,
        "action": Action.ENTER_LONG if side is Side.BUY else Action.EXIT,
        "reason": "a test",
        "closes": False,
    }
    return Fill(**{**given, **changes})


def buy(quantity: str, price: str, fee: str = "0", minute: int = 0, **changes: Any) -> Fill:
    return fill(Side.BUY, quantity, price, fee, minute, **changes)


def sell(quantity: str, price: str, fee: str = "0", minute: int = 0, **changes: Any) -> Fill:
    return fill(Side.SELL, quantity, price, fee, minute, **changes)
