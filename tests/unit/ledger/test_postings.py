"""Postings fold into balances, and the trial balance tells books that do not balance."""

from __future__ import annotations

from decimal import Decimal

from rung.ledger.postings import Book, Posting, fold, trial_balance

D = Decimal


def posting(book: Book, amount: str, unit: str = "USD", symbol: str = "") -> Posting:
    return Posting(ref="f1", at_ns=1, book=book, symbol=symbol, unit=unit, amount=D(amount))


def test_balances_are_kept_by_book_symbol_and_unit() -> None:
    lines = [
        posting(Book.CASH, "-10"),
        posting(Book.CASH, "-5"),
        posting(Book.POSITION, "15", symbol="TQQQ"),
        posting(Book.UNITS, "3", unit="TQQQ", symbol="TQQQ"),
    ]
    assert fold(lines) == {
        (Book.CASH, "", "USD"): D(-15),
        (Book.POSITION, "TQQQ", "USD"): D(15),
        (Book.UNITS, "TQQQ", "TQQQ"): D(3),
    }


def test_the_trial_balance_sums_every_unit_by_itself() -> None:
    lines = [posting(Book.CASH, "-10"), posting(Book.FEES, "7"), posting(Book.UNITS, "3", unit="TQQQ", symbol="TQQQ")]
    assert trial_balance(fold(lines)) == {"USD": D(-3), "TQQQ": D(3)}
