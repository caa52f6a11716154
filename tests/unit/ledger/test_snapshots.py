"""Snapshots filled slot by slot are the same values that the constructors make, and as frozen."""

from __future__ import annotations

from decimal import Decimal

import pytest

from rung.domain.account import Account, Position
from rung.domain.target import Protection
from rung.ledger.holding import Holding
from rung.ledger.snapshots import Marked, Totals, account_of, position_of

D = Decimal
STOP = Protection(stop_frac=0.01)
HELD = Marked(
    symbol="TQQQ",
    holding=Holding(quantity=D(3), cost=D(31), fees=D("0.02"), trip=D("-0.02"), opened_ns=9),
    close=11.0,
    mark=D(11),
    entry_price=D(31) / 3,
)
TOTALS = Totals(
    currency="USD",
    cash=D(1),
    equity=D(34),
    peak=D(35),
    session_start=D(33),
    positions={"TQQQ": position_of(HELD, STOP)},
    working={"TQQQ": "a"},
    closed_trades=(D(5),),
)


def test_a_position_equals_one_made_by_its_constructor() -> None:
    assert position_of(HELD, STOP) == Position(
        symbol="TQQQ",
        quantity=D(3),
        entry_price=D(31) / 3,
        opened_ns=9,
        mark_price=D(11),
        entry_fees_quote=D("0.02"),
        protection=STOP,
    )


def test_an_account_equals_one_made_by_its_constructor() -> None:
    assert account_of(4, TOTALS) == Account(
        at_ns=4,
        currency="USD",
        cash_quote=D(1),
        equity_quote=D(34),
        peak_equity_quote=D(35),
        session_start_equity_quote=D(33),
        positions={"TQQQ": position_of(HELD, STOP)},
        working={"TQQQ": "a"},
        closed_trades_quote=(D(5),),
    )


@pytest.mark.parametrize("made", [position_of(HELD, None), account_of(4, TOTALS)])
def test_every_field_is_filled_and_none_can_be_changed(made: Position | Account) -> None:
    for name in made.__struct_fields__:
        getattr(made, name)
        with pytest.raises(AttributeError, match="immutable"):
            setattr(made, name, None)
