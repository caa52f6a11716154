"""P17: money is exact and the books balance in every currency and asset, after any history."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.unit.ledger.made import buy, sell
from tests.unit.ledger.plain_trades import TradeFold

from rung.domain.charge import Charge, ChargeKind
from rung.domain.fill import Fill
from rung.domain.target import Protection
from rung.ledger.ledger import TRADES_REMEMBERED, Ledger
from rung.ledger.postings import Book, Posting, fold

D = Decimal
CAPITAL = D("100000.00")
SYMBOLS = ("TQQQ", "SQQQ", "BTC", "BTCUSDT")
MARGINED = ("BTCUSDT",)

quantities = st.one_of(
    st.integers(1, 5_000).map(D), st.integers(1, 10**10).map(lambda n: D(n).scaleb(-8))
)  # whole shares and crumbs of a coin
prices = st.integers(1, 2_000_000).map(lambda n: D(n).scaleb(-4))
fees = st.integers(0, 500).map(lambda n: D(n).scaleb(-2))
fills = st.builds(
    lambda side, quantity, price, fee, symbol: side(str(quantity), str(price), str(fee), symbol=symbol),
    st.sampled_from([buy, sell]),
    quantities,
    prices,
    fees,
    st.sampled_from(SYMBOLS),
)
marks = st.tuples(st.sampled_from(SYMBOLS), st.floats(0.01, 500.0).map(lambda x: round(x, 4)))
transfers = st.integers(0, 10_000_000).map(lambda n: D(n).scaleb(-2))
charges = st.builds(
    Charge,
    at_ns=st.just(0),
    symbol=st.sampled_from(SYMBOLS),
    kind=st.sampled_from(ChargeKind),
    amount_quote=st.integers(-(10**13), 10**13).map(lambda n: D(n).scaleb(-8)),
    reason=st.just("a test"),
)
histories = st.lists(st.one_of(fills, marks, transfers, charges), max_size=40)


def new_books(capital: Decimal = CAPITAL) -> Ledger:
    return Ledger("USD", capital, margined=MARGINED)


@given(histories)
@settings(max_examples=150)
def test_every_currency_and_asset_nets_to_zero_after_every_event(history: list[object]) -> None:
    books = new_books()
    for event in history:
        play(books, event)
        assert set(books.trial_balance().values()) <= {D(0)}


@given(histories)
@settings(max_examples=150)
def test_the_postings_of_one_event_cancel_in_every_unit_by_themselves(history: list[object]) -> None:
    books = new_books()
    for event in history:
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for posting in play(books, event):
            assert posting.amount != 0 or isinstance(event, Decimal)
            sums[posting.unit] += posting.amount
        assert set(sums.values()) <= {D(0)}


@given(histories, st.sampled_from(SYMBOLS))
@settings(max_examples=100)
def test_a_snapshot_is_what_a_ledger_that_took_none_before_would_say(history: list[object], guarded: str) -> None:
    """What is kept between snapshots is never out of date; only the peak is of the moments they were taken."""
    protections, working = {guarded: Protection(stop_frac=0.01)}, {guarded: "an order"}
    for row, event in enumerate(history):
        books, fresh = new_books(), new_books()
        for past in history[:row]:
            play(books, past)
            books.account(0, {}, {})
            play(fresh, past)
        play(books, event)
        play(fresh, event)
        seen = books.account(row, protections, working)
        expected = fresh.account(row, protections, working)
        assert repr(replace(seen, peak_equity_quote=D(0))) == repr(replace(expected, peak_equity_quote=D(0)))


@given(st.floats(min_value=5e-324, allow_infinity=False, allow_nan=False))
def test_a_mark_is_the_decimal_python_would_write(close: float) -> None:
    books = new_books()
    books.book(buy("1", "3", symbol="BTC"))
    books.mark("BTC", close)
    marked = books.account(0, {}, {}).positions["BTC"].mark_price
    assert float(marked) == close
    assert close == 3.0 or str(marked) == str(Decimal(repr(close)))


@given(histories)
@settings(max_examples=150)
def test_equity_is_capital_plus_realised_plus_unrealised_less_costs_to_the_last_digit(
    history: list[object],
) -> None:
    books = new_books()
    for event in history:
        play(books, event)
        account = books.account(0, {}, {})
        assert account.equity_quote == books.equity_quote
        assert books.equity_quote == (
            books.capital_quote + books.realised_quote + books.unrealised_quote
            - books.fees_quote - books.funding_quote - books.borrow_quote
        )  # fmt: skip
        paid_for = [p for p in account.positions.values() if p.symbol not in MARGINED]
        gain = books.equity_quote - account.cash_quote - sum((p.value_quote for p in paid_for), D(0))
        contract = account.positions.get(MARGINED[0])
        if contract is None:
            assert gain == 0
        else:
            contract_cost = -books.balances()[(Book.CONTRACT, MARGINED[0], "USD")]
            assert gain == contract.value_quote - contract_cost


@given(histories)
@settings(max_examples=100)
def test_a_contract_moves_cash_only_by_its_gains_and_its_costs(history: list[object]) -> None:
    books, cash = new_books(), CAPITAL
    for event in history:
        if isinstance(event, Fill):
            booked = books.book(event)
            if event.symbol in MARGINED:
                cash += booked.realised_quote - event.fee_quote
            else:
                cash -= event.quantity * event.side.sign * event.price + event.fee_quote
        else:
            play(books, event)
            cash += {Charge: -1, Decimal: 1}.get(type(event), 0) * money_of(event)
        assert books.cash_quote == cash


@given(histories)
@settings(max_examples=100)
def test_every_charge_stands_in_the_book_of_its_kind(history: list[object]) -> None:
    books = new_books()
    totals = {kind: D(0) for kind in ChargeKind}
    fees = D(0)
    for event in history:
        play(books, event)
        if isinstance(event, Charge):
            totals[event.kind] += event.amount_quote
        elif isinstance(event, Fill):
            fees += event.fee_quote
    assert books.funding_quote == totals[ChargeKind.FUNDING]
    assert books.borrow_quote == totals[ChargeKind.BORROW]
    assert books.fees_quote == fees + totals[ChargeKind.LIQUIDATION_FEE]


@given(histories)
@settings(max_examples=150)
def test_the_equity_is_what_a_child_would_count(history: list[object]) -> None:
    """Money in, money out, and what the units left are worth: with fractions, without any book."""
    books = new_books()
    money, units, price = Fraction(CAPITAL), defaultdict(Fraction), {}
    for event in history:
        play(books, event)
        if isinstance(event, Fill):
            before = units[event.symbol]
            units[event.symbol] += Fraction(event.quantity) * event.side.sign
            money -= Fraction(event.quantity) * event.side.sign * Fraction(event.price) + Fraction(event.fee_quote)
            if before == 0 or before * units[event.symbol] < 0:
                price[event.symbol] = Fraction(event.price)
        elif isinstance(event, tuple):
            if units[event[0]] != 0:
                price[event[0]] = Fraction(repr(event[1]))
        elif isinstance(event, Charge):
            money -= Fraction(event.amount_quote)
        else:
            assert isinstance(event, Decimal)
            money += Fraction(event)
    expected = money + sum(units[s] * price[s] for s in units if units[s] != 0)
    assert Fraction(books.equity_quote) == expected
    assert set(books.held_symbols()) == {s for s in units if units[s] != 0}


@given(histories)
@settings(max_examples=100)
def test_balances_are_a_fold_over_the_postings(history: list[object]) -> None:
    books = new_books(D(0))
    postings: list[Posting] = []
    for event in history:
        postings.extend(play(books, event))
    folded = fold(postings)
    assert {k: v for k, v in folded.items() if v} == {k: v for k, v in books.balances().items() if v}
    for symbol, position in books.account(0, {}, {}).positions.items():
        assert folded[(Book.UNITS, symbol, symbol)] == position.quantity


@given(st.lists(fills, max_size=40))
@settings(max_examples=100)
def test_round_trips_add_up_to_what_the_ledger_says(history: list[Fill]) -> None:
    books, trips = new_books(), TradeFold()
    trades = []
    for fill in history:
        books.book(fill)
        trade = trips.add(fill)
        if trade is not None:
            trades.append(trade)
    assert books.account(0, {}, {}).closed_trades_quote == tuple(t.net_quote for t in trades[-TRADES_REMEMBERED:])
    if not books.held_symbols():
        assert sum((t.gross_quote for t in trades), D(0)) == books.realised_quote
        assert sum((t.net_quote for t in trades), D(0)) == books.equity_quote - CAPITAL


@given(st.lists(st.one_of(fills, marks), max_size=20), transfers)
@settings(max_examples=100)
def test_a_deposit_changes_neither_the_sessions_result_nor_the_drawdown(history: list[object], amount: Decimal) -> None:
    books = new_books(D(10_000_000))
    for event in history:
        play(books, event)
    before = books.account(0, {}, {})
    books.transfer(amount, at_ns=0, ref="deposit")
    after = books.account(0, {}, {})
    assert (
        after.equity_quote - after.session_start_equity_quote == before.equity_quote - before.session_start_equity_quote
    )
    if before.equity_quote > 0:
        assert abs(after.drawdown_frac - before.drawdown_frac) <= D("1e-24")


def money_of(event: object) -> Decimal:
    return event.amount_quote if isinstance(event, Charge) else event if isinstance(event, Decimal) else D(0)


def play(books: Ledger, event: object) -> tuple[Posting, ...]:
    if isinstance(event, Fill):
        return books.book(event).postings
    if isinstance(event, tuple):
        books.mark(*event)
        return ()
    if isinstance(event, Charge):
        return books.charge(event).postings
    assert isinstance(event, Decimal)
    return books.transfer(event, at_ns=0, ref="deposit").postings
