"""The books: cash, positions at average cost, realised P&L, fees, equity, sessions, transfers."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.unit.ledger.made import START_NS, buy, sell

from rung.domain.account import Account
from rung.domain.charge import Charge, ChargeKind
from rung.domain.target import Protection
from rung.ledger.ledger import Ledger
from rung.ledger.postings import Book

D = Decimal
STOP = Protection(stop_frac=0.015)


def ledger(capital: str = "10000") -> Ledger:
    return Ledger("USD", D(capital))


def snapshot(books: Ledger, at_ns: int = START_NS) -> Account:
    return books.account(at_ns, {}, {})


def identity_holds(books: Ledger) -> bool:
    return books.equity_quote == (
        books.capital_quote + books.realised_quote + books.unrealised_quote - books.fees_quote
    )


def test_a_fresh_account_is_its_capital() -> None:
    account = snapshot(ledger(), 7)
    assert account == Account(
        at_ns=7,
        currency="USD",
        cash_quote=D(10000),
        equity_quote=D(10000),
        peak_equity_quote=D(10000),
        session_start_equity_quote=D(10000),
        positions={},
        working={},
        closed_trades_quote=(),
    )


def test_a_purchase_turns_cash_into_a_position() -> None:
    books = ledger()
    books.book(buy("100", "50.00", "0.01"))
    account = snapshot(books)
    position = account.positions["TQQQ"]
    assert account.cash_quote == D("4999.99")
    assert account.equity_quote == D("9999.99")
    assert (position.quantity, position.entry_price, position.mark_price) == (D(100), D(50), D(50))
    assert (position.opened_ns, position.entry_fees_quote, position.protection) == (START_NS, D("0.01"), None)


def test_a_mark_moves_equity_and_nothing_else() -> None:
    books = ledger()
    books.book(buy("100", "50.00"))
    books.mark("TQQQ", 51.25)
    account = snapshot(books)
    assert account.equity_quote == D("10125.00")
    assert account.cash_quote == D(5000)
    assert account.positions["TQQQ"].unrealised_quote == books.unrealised_quote == D(125)


@pytest.mark.parametrize("close", [float("nan"), float("inf"), 0.0, -1.0])
def test_what_is_no_price_marks_nothing(close: float) -> None:
    books = ledger()
    books.book(buy("100", "50.00"))
    books.mark("TQQQ", 51.0)
    books.mark("TQQQ", close)
    assert snapshot(books).positions["TQQQ"].mark_price == D("51.0")


def test_a_mark_of_something_not_held_is_no_news() -> None:
    books = ledger()
    books.mark("TQQQ", 51.0)
    assert books.held_symbols() == ()
    assert snapshot(books).equity_quote == D(10000)


def test_an_addition_averages_the_entry() -> None:
    books = ledger()
    books.book(buy("100", "50"))
    books.book(buy("50", "53", minute=5))
    position = snapshot(books).positions["TQQQ"]
    assert (position.quantity, position.entry_price) == (D(150), D(51))
    assert position.opened_ns == START_NS


def test_a_partial_sale_realises_its_share_and_keeps_the_average() -> None:
    books = ledger()
    books.book(buy("100", "50", "0.10"))
    assert books.book(sell("40", "52", "0.03")).realised_quote == D(80)
    position = snapshot(books).positions["TQQQ"]
    assert (position.quantity, position.entry_price, position.entry_fees_quote) == (D(60), D(50), D("0.06"))
    assert (books.realised_quote, books.fees_quote) == (D(80), D("0.13"))
    assert snapshot(books).closed_trades_quote == ()


def test_a_closed_position_leaves_only_money() -> None:
    books = ledger()
    books.book(buy("100", "50", "0.10"))
    books.book(sell("100", "49", "0.20"))
    account = snapshot(books)
    assert account.positions == {}
    assert account.cash_quote == account.equity_quote == D("9899.70")
    assert account.closed_trades_quote == (D("-100.30"),)
    assert books.held_symbols() == ()


def test_a_short_position_owes_its_value() -> None:
    books = ledger()
    books.book(sell("100", "50"))
    books.mark("TQQQ", 48.0)
    account = snapshot(books)
    assert account.cash_quote == D(15000)
    assert account.equity_quote == D(10200)
    assert account.positions["TQQQ"].quantity == D(-100)
    assert account.positions["TQQQ"].entry_price == D(50)
    assert books.book(buy("100", "47")).realised_quote == D(300)
    assert snapshot(books).equity_quote == D(10300)


def test_a_fill_that_crosses_zero_closes_and_opens() -> None:
    books = ledger()
    books.book(buy("100", "50"))
    booked = books.book(sell("150", "52", "0.30", minute=3))
    position = snapshot(books).positions["TQQQ"]
    assert booked.realised_quote == D(200)
    assert (position.quantity, position.entry_price, position.entry_fees_quote) == (D(-50), D(52), D("0.10"))
    assert position.opened_ns == START_NS + 3 * 60_000_000_000
    assert snapshot(books).closed_trades_quote == (D("199.80"),)
    assert identity_holds(books)


def test_an_average_that_does_not_divide_loses_nothing() -> None:
    books = ledger()
    books.book(buy("1", "10.00"))
    books.book(buy("2", "10.01"))
    for _ in range(3):
        books.book(sell("1", "10.00"))
        assert identity_holds(books)
    assert books.realised_quote == D("-0.02")
    assert set(books.trial_balance().values()) == {D(0)}


def test_the_postings_of_a_fill_cancel_in_every_currency_and_asset() -> None:
    books = ledger()
    opened = books.book(buy("100", "50.00", "0.01"))
    closed = books.book(sell("100", "51.00", "0.05"))
    for booked in (opened, closed):
        for unit in ("USD", "TQQQ"):
            assert sum(p.amount for p in booked.postings if p.unit == unit) == 0
    assert [(str(p.book), p.symbol, p.unit, str(p.amount)) for p in closed.postings] == [
        ("units", "TQQQ", "TQQQ", "-100"),
        ("market", "TQQQ", "TQQQ", "100"),
        ("position", "TQQQ", "USD", "-5000.00"),
        ("realised", "", "USD", "-100.00"),
        ("cash", "", "USD", "5100.00"),
        ("fees", "", "USD", "0.05"),
        ("cash", "", "USD", "-0.05"),
    ]
    assert {p.ref for p in opened.postings}.isdisjoint({p.ref for p in closed.postings})


def test_the_peak_is_kept_as_of_the_snapshots() -> None:
    books = ledger()
    books.book(buy("100", "50"))
    for close, peak in ((55.0, "10500"), (40.0, "10500"), (56.0, "10600")):
        books.mark("TQQQ", close)
        assert snapshot(books).peak_equity_quote == D(peak)
    books.mark("TQQQ", 50.12)
    assert snapshot(books).drawdown_frac == 1 - D("10012.00") / D("10600.0")


def test_a_session_starts_from_the_equity_of_that_moment() -> None:
    books = ledger()
    books.book(buy("100", "50"))
    books.mark("TQQQ", 51.0)
    books.start_session()
    books.mark("TQQQ", 49.0)
    account = snapshot(books)
    assert account.session_start_equity_quote == D(10100)
    assert account.equity_quote - account.session_start_equity_quote == D(-200)


@pytest.mark.parametrize("amount", ["5000", "-3000"])
def test_a_transfer_is_neither_profit_nor_loss(amount: str) -> None:
    books = ledger()
    books.book(buy("100", "50"))
    books.mark("TQQQ", 60.0)
    snapshot(books)
    books.mark("TQQQ", 55.0)
    before = snapshot(books)
    booked = books.transfer(D(amount), at_ns=START_NS, ref="wire 1")
    after = snapshot(books)
    assert after.equity_quote == before.equity_quote + D(amount)
    assert (
        after.equity_quote - after.session_start_equity_quote == before.equity_quote - before.session_start_equity_quote
    )
    assert abs(after.drawdown_frac - before.drawdown_frac) < D("1e-24")
    assert books.realised_quote == 0
    assert books.capital_quote == D(10000) + D(amount)
    assert sum(p.amount for p in booked.postings) == 0
    assert identity_holds(books)


def test_a_transfer_at_the_peak_leaves_no_drawdown_behind() -> None:
    books = ledger("0.1")
    books.transfer(D("0.2"), at_ns=START_NS, ref="wire 1")
    account = snapshot(books)
    assert account.peak_equity_quote == account.equity_quote == D("0.3")


def test_no_more_can_be_paid_out_than_there_is() -> None:
    books = ledger()
    with pytest.raises(ValueError, match="cannot be transferred"):
        books.transfer(D("-10000.01"), at_ns=START_NS, ref="wire 1")
    assert snapshot(books).equity_quote == D(10000)


def test_ten_closed_trades_are_remembered_newest_last() -> None:
    books = ledger()
    for gain in range(12):
        books.book(buy("1", "50"))
        books.book(sell("1", str(50 + gain)))
    assert snapshot(books).closed_trades_quote == tuple(D(gain) for gain in range(2, 12))


def test_a_snapshot_is_not_changed_by_what_happens_later() -> None:
    books = ledger()
    books.book(buy("100", "50"))
    working, protections = {"TQQQ": "a"}, {"TQQQ": STOP}
    before = books.account(1, protections, working)
    working["TQQQ"] = "b"
    protections.clear()
    books.mark("TQQQ", 60.0)
    books.book(sell("100", "61"))
    after = books.account(2, protections, working)
    assert (before.working, before.positions["TQQQ"].protection) == ({"TQQQ": "a"}, STOP)
    assert before.positions["TQQQ"].mark_price == D(50)
    assert before.equity_quote == D(10000)
    assert (after.working, after.positions) == ({"TQQQ": "b"}, {})


def test_what_did_not_change_is_shared_between_snapshots() -> None:
    books = ledger()
    books.book(buy("100", "50"))
    first = books.account(1, {"TQQQ": STOP}, {})
    second = books.account(2, {"TQQQ": STOP}, {})
    assert second.at_ns == 2
    assert second.positions is first.positions
    books.mark("TQQQ", 50.0)
    assert books.account(3, {"TQQQ": STOP}, {}).positions is first.positions


def test_a_change_of_protection_shows_in_the_next_snapshot() -> None:
    books = ledger()
    books.book(buy("100", "50"))
    assert books.account(1, {}, {}).positions["TQQQ"].protection is None
    assert books.account(2, {"TQQQ": STOP}, {}).positions["TQQQ"].protection is STOP
    assert books.account(3, {}, {}).positions["TQQQ"].protection is None


@pytest.mark.parametrize(("quantity", "price"), [("0", "50"), ("-1", "50"), ("NaN", "50"), ("1", "NaN"), ("1", "-1")])
def test_what_is_no_execution_is_not_booked(quantity: str, price: str) -> None:
    books = ledger()
    with pytest.raises(ValueError, match="is not an execution"):
        books.book(buy(quantity, price))
    assert books.cash_quote == D(10000)


@pytest.mark.parametrize("capital", ["-1", "NaN", "Infinity"])
def test_a_capital_is_a_finite_amount(capital: str) -> None:
    with pytest.raises(ValueError, match="not a capital"):
        Ledger("USD", D(capital))


def test_everything_can_be_paid_out() -> None:
    books = ledger()
    books.transfer(D(-10000), at_ns=START_NS, ref="wire 1")
    account = snapshot(books)
    assert (account.equity_quote, account.peak_equity_quote, account.drawdown_frac) == (D(0), D(0), D(0))
    assert snapshot(ledger("0")).equity_quote == 0


def test_money_paid_into_a_ruined_account_starts_no_new_peak() -> None:
    books = ledger("100")
    books.book(buy("1", "100"))
    books.book(sell("1", "0"))
    books.transfer(D(50), at_ns=START_NS, ref="wire 1")
    account = snapshot(books)
    assert (account.equity_quote, account.peak_equity_quote) == (D(50), D(150))
    assert account.equity_quote - account.session_start_equity_quote == D(-100)


def test_a_transfer_at_the_peak_is_exact_where_a_ratio_would_not_be() -> None:
    books = ledger("3024126.414047451764")
    books.transfer(D("6588274.527120517951"), at_ns=START_NS, ref="wire 1")
    account = snapshot(books)
    assert account.peak_equity_quote == account.equity_quote


def charge(amount: str, kind: ChargeKind = ChargeKind.FUNDING, symbol: str = "TQQQ") -> Charge:
    return Charge(at_ns=START_NS, symbol=symbol, kind=kind, amount_quote=D(amount), reason="a test")


def test_a_contract_is_not_paid_for() -> None:
    books = Ledger("USDT", D(1000), margined=["TQQQ"])
    books.book(buy("100", "50.00", "2.75"))
    books.mark("TQQQ", 52.0)
    account = snapshot(books)
    assert (account.cash_quote, account.equity_quote) == (D("997.25"), D("1197.25"))
    assert account.positions["TQQQ"].unrealised_quote == D(200)
    books.book(sell("40", "55.00"))
    assert books.cash_quote == D("997.25") + D(200)
    books.book(sell("60", "45.00"))
    assert books.cash_quote == D("997.25") + D(200) - D(300)
    assert set(books.trial_balance().values()) == {D(0)}


def test_a_contract_sold_short_gains_when_it_falls() -> None:
    books = Ledger("USDT", D(1000), margined=["TQQQ"])
    books.book(sell("100", "50.00"))
    books.mark("TQQQ", 48.0)
    assert (books.cash_quote, books.equity_quote) == (D(1000), D(1200))


def test_a_charge_moves_cash_into_the_book_of_its_kind() -> None:
    books = ledger()
    books.charge(charge("7.50"))
    books.charge(charge("-2.00"))
    books.charge(charge("0.30", ChargeKind.BORROW))
    booked = books.charge(charge("1.20", ChargeKind.LIQUIDATION_FEE))
    assert (books.funding_quote, books.borrow_quote, books.fees_quote) == (D("5.50"), D("0.30"), D("1.20"))
    assert books.cash_quote == D(10000) - D("7.00")
    assert [(p.book, p.amount) for p in booked.postings] == [(Book.FEES, D("1.20")), (Book.CASH, D("-1.20"))]
    assert booked.postings[0].ref == f"LIQUIDATION_FEE TQQQ {START_NS}"
    assert books.charge(charge("0")).postings == ()


def test_a_round_trip_bears_its_charges_also_those_told_after_it_closed() -> None:
    books = ledger()
    books.book(buy("100", "50.00"))
    books.charge(charge("10"))
    books.book(sell("100", "51.00"))
    books.book(buy("1", "20.00", symbol="SQQQ"))
    books.book(sell("1", "25.00", symbol="SQQQ"))
    assert snapshot(books).closed_trades_quote == (D(90), D(5))
    books.charge(charge("120", ChargeKind.LIQUIDATION_FEE))
    assert snapshot(books).closed_trades_quote == (D(-30), D(5))
    books.charge(charge("1", symbol="NEVER"))
    assert snapshot(books).closed_trades_quote == (D(-30), D(5))


def test_a_snapshot_shows_a_charge_at_once() -> None:
    books = ledger()
    before = snapshot(books)
    books.charge(charge("10"))
    after = snapshot(books)
    assert (before.equity_quote, after.equity_quote, after.drawdown_frac) == (D(10000), D(9990), D("0.001"))


def test_what_is_no_amount_is_not_charged() -> None:
    with pytest.raises(ValueError, match="not a charge"):
        ledger().charge(charge("NaN"))
