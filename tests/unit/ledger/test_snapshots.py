"""A marked holding: what it adds to the equity, and the frozen snapshot taken of it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from rung.domain.account import Position
from rung.domain.target import Protection
from rung.ledger.snapshots import Marked

D = Decimal
STOP = Protection(stop_frac=0.01)


def held(*, margined: bool = False) -> Marked:
    return Marked(
        symbol="TQQQ", quantity=D(3), cost=D(31), fees=D("0.02"), trip=D("-0.02"), opened_ns=9, close=11.0,
        mark=D(11), margined=margined, entry_price=D(31) / 3,
    )  # fmt: skip


def test_a_snapshot_says_what_is_held() -> None:
    assert held().snapshot(STOP) == Position(
        symbol="TQQQ",
        quantity=D(3),
        entry_price=D(31) / 3,
        opened_ns=9,
        mark_price=D(11),
        entry_fees_quote=D("0.02"),
        protection=STOP,
    )


def test_a_snapshot_is_kept_and_cannot_be_changed() -> None:
    marked = held()
    taken = marked.snapshot(None)
    assert marked.position is taken
    for name in taken.__struct_fields__:
        with pytest.raises(AttributeError, match="immutable"):
            setattr(taken, name, None)


def test_what_was_paid_for_adds_its_value_and_a_contract_its_gain() -> None:
    assert held().equity_quote == D(33)
    assert held(margined=True).equity_quote == D(2)
