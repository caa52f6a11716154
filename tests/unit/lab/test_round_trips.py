"""Fills become closed positions whose money adds up to the change of the account."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from rung.domain.charge import Charge, ChargeKind
from rung.domain.fill import Fill, Trigger
from rung.domain.order import Side
from rung.domain.target import Action
from rung.lab.round_trips import RoundTrips
from rung.ledger.ledger import Ledger


def fill(n: int, side: Side, quantity: str, price: str, fee: str = "0", symbol: str = "BTCUSDT") -> Fill:
    return Fill(
        fill_id=f"f{n}", order_id=f"o{n}", at_ns=n, symbol=symbol, side=side, quantity=Decimal(quantity),
        price=Decimal(price), reference_price=Decimal(price) - side.sign, fee_quote=Decimal(fee),
        trigger=Trigger.ORDER, action=Action.HOLD, reason=f"why {n}", closes=False,
    )  # fmt: skip


def taken(*fills: Fill) -> RoundTrips:
    trips = RoundTrips()
    for each in fills:
        trips.take(each, each.at_ns)
    return trips


def test_a_long_bought_twice_and_sold_twice_is_one_trip_at_averages() -> None:
    trips = taken(
        fill(1, Side.BUY, "1", "100", "1"),
        fill(2, Side.BUY, "1", "110", "1"),
        fill(5, Side.SELL, "1", "120", "1"),
        fill(9, Side.SELL, "1", "130", "2"),
    )
    (trip,) = trips.closed
    assert (trip.side, trip.quantity, trip.entry_price, trip.exit_price) == (1, 2, 105, 125)
    assert (trip.pnl_quote, trip.fees_quote, trip.slippage_quote) == (35, 5, 4)
    assert (trip.opened_ns, trip.closed_ns, trip.bars) == (1, 9, 8)
    assert (trip.entry_reason, trip.exit_reason) == ("why 1", "why 9")
    assert trip.return_frac == 35 / 210


def test_a_fill_that_crosses_zero_closes_one_trip_and_opens_another() -> None:
    trips = taken(fill(1, Side.BUY, "1", "100"), fill(2, Side.SELL, "3", "90", "3"), fill(3, Side.BUY, "2", "80", "1"))
    long, short = trips.closed
    assert (long.side, long.pnl_quote, long.fees_quote) == (1, -11, 1)
    assert (short.side, short.quantity, short.pnl_quote, short.fees_quote) == (-1, 2, 17, 3)


def test_an_open_position_is_no_trip_yet() -> None:
    trips = taken(fill(1, Side.BUY, "1", "100"), fill(2, Side.SELL, "0.4", "120"))
    assert trips.closed == []
    assert trips.still_open == 1


def charge(symbol: str, kind: ChargeKind, amount: str) -> Charge:
    return Charge(at_ns=1, symbol=symbol, kind=kind, amount_quote=Decimal(amount), reason="a test")


def test_a_trip_bears_its_charges_those_told_after_it_closed_too() -> None:
    trips = taken(fill(1, Side.BUY, "1", "100", "1"))
    trips.charge(charge("BTCUSDT", ChargeKind.FUNDING, "-0.5"))
    trips.charge(charge("ETHUSDT", ChargeKind.FUNDING, "7"))
    trips.take(fill(2, Side.SELL, "1", "90"), 2)
    trips.charge(charge("BTCUSDT", ChargeKind.FUNDING, "0.2"))
    trips.charge(charge("BTCUSDT", ChargeKind.LIQUIDATION_FEE, "3"))
    (trip,) = trips.closed
    assert (trip.funding_quote, trip.borrow_quote, trip.liquidation_fee_quote) == (Decimal("-0.3"), 0, 3)
    assert trip.fees_quote == 1
    assert trip.pnl_quote == -10 - 1 - 3 + Decimal("0.3")


LEGS = st.lists(
    st.tuples(st.sampled_from(Side), st.integers(1, 5), st.integers(50, 150), st.integers(0, 3)),
    min_size=1,
    max_size=40,
)


@given(LEGS, st.lists(st.tuples(st.sampled_from(ChargeKind), st.integers(-3, 3)), max_size=40))
def test_trips_with_charges_are_what_a_margined_ledger_made_once_flat(
    legs: list[tuple[Side, int, int, int]], due: list[tuple[ChargeKind, int]]
) -> None:
    ledger, trips = Ledger("USDT", Decimal(10_000), margined=("BTCUSDT",)), RoundTrips()
    fills = [fill(n, side, str(size), str(price), str(fee)) for n, (side, size, price, fee) in enumerate(legs, start=1)]
    held = sum(size * side.sign for side, size, _, _ in legs)
    if held:
        fills.append(fill(len(fills) + 1, Side.SELL if held > 0 else Side.BUY, str(abs(held)), "100", "1"))
    for row, each in enumerate(fills):
        ledger.book(each)
        trips.take(each, each.at_ns)
        for kind, amount in due[row : row + 1] if trips.still_open or trips.closed else ():
            ledger.charge(charge("BTCUSDT", kind, str(amount)))
            trips.charge(charge("BTCUSDT", kind, str(amount)))
    made = sum((trip.pnl_quote for trip in trips.closed), Decimal(0))
    assert abs(made - (ledger.equity_quote - 10_000)) < Decimal("1e-6")
    assert sum((t.funding_quote for t in trips.closed), Decimal(0)) == ledger.funding_quote
    assert sum((t.borrow_quote for t in trips.closed), Decimal(0)) == ledger.borrow_quote


@given(LEGS, st.lists(st.sampled_from(["BTCUSDT", "ETHUSDT"]), min_size=40, max_size=40), st.booleans())
def test_every_trip_made_what_the_ledger_remembers_of_it(
    legs: list[tuple[Side, int, int, int]], symbols: list[str], margined: bool
) -> None:
    ledger = Ledger("USDT", Decimal(10_000), margined=("BTCUSDT",) if margined else ())
    trips = RoundTrips()
    for n, (side, size, price, fee) in enumerate(legs, start=1):
        each = fill(n, side, f"{size}.3", f"{price}.07", f"0.0{fee}", symbols[n - 1])
        ledger.book(each)
        trips.take(each, n)
        due = charge(each.symbol, ChargeKind.FUNDING, f"0.0{n}")
        ledger.charge(due)
        trips.charge(due)
    remembered = ledger.account(0, {}, {}).closed_trades_quote
    assert tuple(trip.pnl_quote for trip in trips.closed)[-len(remembered) :] == remembered
    assert trips.still_open == len(ledger.held_symbols())


@given(LEGS)
def test_what_all_trips_made_is_what_the_ledger_made_once_flat(legs: list[tuple[Side, int, int, int]]) -> None:
    ledger, trips, held = Ledger("USDT", Decimal(10_000)), RoundTrips(), 0
    fills = [fill(n, side, str(size), str(price), str(fee)) for n, (side, size, price, fee) in enumerate(legs, start=1)]
    held = sum(size * side.sign for side, size, _, _ in legs)
    if held:
        fills.append(fill(len(fills) + 1, Side.SELL if held > 0 else Side.BUY, str(abs(held)), "100", "1"))
    for each in fills:
        ledger.book(each)
        trips.take(each, each.at_ns)
    made = sum((trip.pnl_quote for trip in trips.closed), Decimal(0))
    assert trips.still_open == 0
    assert abs(made - (ledger.equity_quote - 10_000)) < Decimal("1e-6")
    assert abs(sum((t.fees_quote for t in trips.closed), Decimal(0)) - ledger.fees_quote) < Decimal("1e-6")
