"""One open position as it grows and shrinks; and what the books note beside the amounts."""

from __future__ import annotations

from decimal import Decimal

from tests.unit.ledger.made import START_NS, buy, sell

from rung.ledger.holding import Holding, pieces
from rung.ledger.ledger import Ledger

D = Decimal


def test_the_fees_of_a_position_are_those_of_every_fill_that_opened_it() -> None:
    books = Ledger("USD", D(10_000))
    books.book(buy("10", "50", "0.10"))
    books.book(buy("10", "51", "0.20"))
    assert books.account(START_NS, {}, {}).positions["TQQQ"].entry_fees_quote == D("0.30")
    books.book(sell("15", "52", "0.40"))
    assert books.account(START_NS, {}, {}).positions["TQQQ"].entry_fees_quote == D("0.075")


def test_a_position_is_filed_under_the_symbol_it_names() -> None:
    books = Ledger("USD", D(10_000))
    books.book(buy("10", "50"))
    assert {key: held.symbol for key, held in books.account(START_NS, {}, {}).positions.items()} == {"TQQQ": "TQQQ"}


def test_a_fill_through_zero_is_two_pieces_that_share_its_fee() -> None:
    closing, opening = pieces(sell("15", "50", "0.30"), D(10))
    assert (closing.signed, closing.fee, closing.closes) == (D(-10), D("0.20"), True)
    assert (opening.signed, opening.fee, opening.closes) == (D(-5), D("0.10"), False)
    holding = Holding()
    assert holding.take(opening, D(50), 7) == 0
    assert (holding.quantity, holding.cost, holding.opened_ns) == (D(-5), D(-250), 7)


def test_every_posting_says_when_it_happened_and_what_it_belongs_to() -> None:
    books = Ledger("USD", D(10_000))
    bought = buy("10", "50", "0.10")
    posted = books.book(bought).postings
    assert {(p.ref, p.at_ns) for p in posted} == {(bought.fill_id, bought.at_ns)}
    paid = books.transfer(D(-500), at_ns=77, ref="withdrawal 1")
    assert {(p.ref, p.at_ns) for p in paid.postings} == {("withdrawal 1", 77)}
    assert paid.realised_quote == 0


def test_a_transfer_at_half_a_dollar_of_equity_still_keeps_the_drawdown() -> None:
    books = Ledger("USD", D(100))
    books.book(buy("1", "99.5"))
    books.mark("TQQQ", 0.0001)
    before = books.account(START_NS, {}, {}).drawdown_frac
    books.transfer(D("0.5"), at_ns=1, ref="deposit")
    assert before > D("0.99")
    assert abs(books.account(START_NS, {}, {}).drawdown_frac - before) < D("1e-20")
