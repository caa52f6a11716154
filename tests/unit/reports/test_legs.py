"""Legs: what each execution opened or realised, to the last digit."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.ledger.plain_trades import closed_trades
from tests.unit.reports.stream import busy_run, small_run

from rung.domain.fill import Fill, Trigger
from rung.domain.order import Side
from rung.domain.target import Action, Lean
from rung.reports.legs import Leg, LegBook, TradeFold, short

ZERO = Decimal(0)


def fill(signed: int, price: str, *, fee: str = "0", number: int = 1, closes: bool = False) -> Fill:
    return Fill(
        fill_id=f"f{number}", order_id=f"o{number}", at_ns=number * 60_000_000_000, symbol="AAA",
        side=Side.BUY if signed > 0 else Side.SELL, quantity=Decimal(abs(signed)), price=Decimal(price),
        reference_price=Decimal(price), fee_quote=Decimal(fee), trigger=Trigger.ORDER, action=Action.EXIT,
        reason="", closes=closes,
    )  # fmt: skip


def legs_of(fills: list[Fill]) -> list[Leg]:
    book = LegBook()
    return [leg for bar, each in enumerate(fills) for leg in book.book(each, bar)]


def test_a_long_that_rises_wins_what_it_rose_less_both_fees() -> None:
    entry, out = legs_of([fill(100, "10", fee="1"), fill(-100, "10.50", fee="2", number=2, closes=True)])
    assert (entry.entry, entry.direction, entry.pnl_quote, entry.position_after) == (True, Lean.LONG, None, 100)
    assert (out.entry, out.direction, out.pnl_quote, out.position_after) == (False, Lean.LONG, Decimal(47), ZERO)
    assert (out.pnl_frac, out.bars_held) == (Decimal("0.047"), 1)


def test_a_short_wins_when_the_price_falls() -> None:
    _, out = legs_of([fill(-100, "10"), fill(100, "9", number=2, closes=True)])
    assert (out.direction, out.pnl_quote, out.pnl_frac) == (Lean.SHORT, Decimal(100), Decimal("0.1"))


def test_a_partial_exit_releases_its_share_of_cost_and_fees() -> None:
    _, first, last = legs_of(
        [fill(300, "10", fee="3"), fill(-100, "11", number=2, closes=True), fill(-200, "12", number=3, closes=True)]
    )
    assert (first.pnl_quote, last.pnl_quote) == (Decimal(99), Decimal(398))
    assert first.position_after == 200


def test_a_fill_that_crosses_zero_is_an_exit_and_an_entry() -> None:
    _, out, back = legs_of([fill(100, "10"), fill(-250, "11", fee="2.50", number=2)])
    assert (out.shares, out.pnl_quote, out.fee_quote) == (100, Decimal(99), Decimal(1))
    assert (back.entry, back.direction, back.shares, back.fee_quote) == (True, Lean.SHORT, 150, Decimal("1.50"))


def test_bars_are_counted_from_the_first_entry() -> None:
    book = LegBook()
    book.book(fill(100, "10"), 5)
    book.book(fill(100, "10", number=2), 8)
    assert book.bars_held("AAA", 9) == 4
    assert book.book(fill(-200, "10", number=3, closes=True), 12)[0].bars_held == 7
    assert book.bars_held("AAA", 13) == 0


def test_an_exit_without_an_entry_is_refused() -> None:
    with pytest.raises(ValueError, match="entry was not seen"):
        legs_of([fill(-100, "10", closes=True)])


def test_a_trade_lasts_until_the_position_is_flat() -> None:
    fold = TradeFold()
    trades = [
        fold.add(leg)
        for leg in legs_of(
            [fill(300, "10"), fill(-100, "11", number=2, closes=True), fill(-200, "9", number=3, closes=True)]
        )
    ]
    assert trades[:2] == [None, None]
    assert trades[2] is not None
    assert (trades[2].pnl_quote, trades[2].opened_ns) == (Decimal(-100), 60_000_000_000)


def test_a_fold_that_begins_in_the_middle_still_closes_the_trade() -> None:
    out = legs_of([fill(100, "10"), fill(-100, "11", number=2, closes=True)])[1]
    trade = TradeFold().add(out)
    assert trade is not None
    assert trade.pnl_quote == Decimal(100)


@pytest.mark.parametrize("steps", [list(small_run()), list(busy_run(days=1, bars=120))], ids=["small", "busy"])
def test_the_ledger_counts_the_same_trades(steps: list) -> None:
    fills = [f for step in steps for f in step.fills]
    fold = TradeFold()
    ours = [t for leg in legs_of(fills) if (t := fold.add(leg)) is not None]
    theirs = closed_trades(fills)
    assert [(t.symbol, t.opened_ns, t.closed_ns, t.pnl_quote) for t in ours] == [
        (t.symbol, t.entered_ns, t.exited_ns, t.net_quote) for t in theirs
    ]


quantities = st.integers(-400, 400).filter(bool)
prices = st.decimals("0.5", "500", places=4)
fees = st.decimals("0", "5", places=4)


@settings(max_examples=60, derandomize=True)
@given(st.lists(st.tuples(quantities, prices, fees), min_size=1, max_size=25), prices)
def test_legs_add_up_to_the_change_of_equity(trades: list[tuple[int, Decimal, Decimal]], last: Decimal) -> None:
    fills = [fill(q, str(p), fee=str(f), number=i) for i, (q, p, f) in enumerate(trades, start=1)]
    held = sum(q for q, _, _ in trades)
    if held:
        fills.append(fill(-held, str(last), number=len(fills) + 1))
    cash = sum((-f.value_quote * f.side.sign - f.fee_quote for f in fills), ZERO)
    assert sum((leg.pnl_quote for leg in legs_of(fills) if leg.pnl_quote is not None), ZERO) == cash


@pytest.mark.parametrize(
    ("long", "text"),
    [
        (Decimal("50.33000000000000000000"), "50.33"),
        (Decimal(100) / 3, "33.33333333"),
        (Decimal("15099.00"), "15099.00"),
        (Decimal("5E+3") / Decimal("1.000000000"), "5E+3"),
        (Decimal("100.00000000"), "100"),
        (Decimal("0E-23"), "0"),
    ],
)
def test_an_amount_is_written_short_and_stays_the_same(long: Decimal, text: str) -> None:
    assert str(short(long)) == text
