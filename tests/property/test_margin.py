"""Funding, borrow and liquidation on random histories: the venue's money is the ledger's, ruin is said (P14, P17)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import inf

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.simulation.made_perps import BTC, COIN, ETH, START_NS, TERMS, USUAL, PerpStage, coin, history, perpetual

from rung.domain.bar import Bar
from rung.domain.charge import Charge, ChargeKind
from rung.domain.errors import Refusable
from rung.domain.fill import Fill, Trigger
from rung.domain.slice import Slice
from rung.domain.target import Protection
from rung.simulation.book import SymbolBook
from rung.simulation.financed import FinancedVenue
from rung.simulation.funding import RecordedFunding
from rung.simulation.margin import MarginAccount
from rung.simulation.params import MarginParams
from rung.simulation.prices import exact
from rung.simulation.turn import Turn

D = Decimal
SYMBOLS = (BTC, ETH, COIN)


@dataclass(frozen=True)
class Trade:
    """What is sent for one symbol: part of the capital, signed, times leverage."""

    symbol: str
    share: Decimal
    reduce: bool
    limit: bool
    stop: float | None


trades = st.builds(
    Trade,
    symbol=st.sampled_from(SYMBOLS),
    share=st.sampled_from([D(n) for n in ("-9", "-4", "-1", "-0.2", "0.2", "1", "4", "9")]),
    reduce=st.booleans(),
    limit=st.booleans(),
    stop=st.sampled_from([None, None, 0.02, 0.2]),
)
moves = st.tuples(*[st.integers(-120, 120)] * 4)
slices = st.tuples(
    st.lists(trades, max_size=2), st.fixed_dictionaries({s: st.one_of(st.none(), moves, moves, moves) for s in SYMBOLS})
)
rates = st.lists(st.integers(-300, 300).map(lambda n: str(D(n).scaleb(-5))), min_size=60, max_size=60).map(tuple)


@given(st.lists(slices, min_size=3, max_size=14), rates, st.sampled_from([60, 240, 1440]))
@settings(max_examples=150)
def test_the_books_balance_and_the_venues_money_is_the_ledgers(
    tape: list[tuple[list[Trade], dict[str, tuple[int, ...] | None]]], paid: tuple[str, ...], minutes: int
) -> None:
    on = PerpStage(
        "1000", {s: history(s, paid) for s in (BTC, ETH)}, minutes=minutes, taker_bps="5.5", maker_bps="2",
        half_spread="0.3", fee_bps="125", borrow_bps="1500",
    )  # fmt: skip
    for sent, bars in tape:
        for trade in sent:
            order(on, trade)
        before = len(on.charges)
        fills = on.slice(**{symbol: prices(symbol, move) for symbol, move in bars.items()})
        account = on.ledger.account(on.now_ns, {}, {})
        value = sum((p.value_quote for p in account.positions.values()), D(0))
        assert on.margin.money_quote + value == account.equity_quote
        assert set(on.ledger.trial_balance().values()) <= {D(0)}
        books = on.ledger
        assert books.equity_quote == (
            books.capital_quote + books.realised_quote + books.unrealised_quote
            - books.fees_quote - books.funding_quote - books.borrow_quote
        )  # fmt: skip
        charged = sum((c.amount_quote for c in on.charges[before:]), D(0))
        if any(f.trigger is Trigger.LIQUIDATION for f in fills):
            ruin_is_said(on, fills)
        elif COIN not in account.positions and account.positions:
            assert account.equity_quote + max(charged, D(0)) > 0
    assert all(c.amount_quote > 0 for c in on.charges if c.kind is not ChargeKind.FUNDING)


def order(on: PerpStage, trade: Trade) -> None:
    price = USUAL[trade.symbol]
    lots = (abs(trade.share) * 1000 / price).quantize(D("0.001"))
    if lots > 0:
        changes: dict[str, object] = {"reduce_only": trade.reduce}
        if trade.limit:
            changes["limit_price"] = price
        if trade.stop is not None and not trade.reduce:
            changes["protection"] = Protection(stop_frac=trade.stop)
        with suppress(Refusable):  # crumbs, and more leverage than is given
            on.send(str(lots if trade.share > 0 else -lots), trade.symbol, **changes)


def prices(symbol: str, move: tuple[int, ...] | None) -> tuple[float, ...] | None:
    """Thousandths around the usual price: up to 12 % of a move, gaps included."""
    if move is None:
        return None
    usual = USUAL[symbol]
    first, second, third, last = (float(round(usual * (1000 + m) / 1000, 1)) for m in move)
    return first, max(first, second, third, last), min(first, second, third, last), last


def ruin_is_said(on: PerpStage, fills: tuple[Fill, ...]) -> None:
    ends = [f for f in fills if f.trigger is Trigger.LIQUIDATION]
    account = on.ledger.account(on.now_ns, {}, {})
    assert {BTC, ETH}.isdisjoint(account.positions)
    assert dict(on.venue.working()) == {}
    assert all(f.reason.startswith("liquidated: a margin of") and f.fee_quote == 0 for f in ends)
    if COIN not in account.positions and account.equity_quote < 0:
        assert all("below zero" in f.reason for f in ends)


@given(
    st.sampled_from([1, -1]),
    st.integers(5, 400),
    moves.map(lambda m: tuple(x * 3 for x in m)),
    st.sampled_from(["0", "1.5", "40"]),
)
@settings(max_examples=300)
def test_one_position_ends_where_the_page_says_it_does(
    sign: int, thousandths: int, move: tuple[int, ...], half_spread: str
) -> None:
    """Counted again with fractions from the page of assumptions: 1 000 behind a position entered at 50 000."""
    on = PerpStage(half_spread=half_spread)
    quantity = D(sign * thousandths).scaleb(-3)
    on.send(str(quantity))
    entered = on.slice(BTCUSDT=50_000.0)
    if len(entered) > 1:
        return  # too large for the account from the start
    made = prices(BTC, move)
    assert made is not None
    opened, high, low, _ = (Fraction(repr(p)) for p in made)
    worst = low if sign > 0 else high
    q, entry, cost = Fraction(quantity), Fraction(entered[0].price), Fraction(half_spread)
    margin = 1000 + q * (worst - entry)
    ruined = margin <= Fraction(TERMS.maintenance_quote(D(abs(quantity)) * D(float(worst).__repr__())))
    fills = on.slice(BTCUSDT=made)
    assert bool(fills) is ruined
    if not fills:
        return
    (fill,) = fills
    at_open = 1000 + q * (opened - sign * cost - entry)
    bankrupt = entry - Fraction(1000) / q + sign * cost
    expected = opened if at_open <= 0 else max(low, bankrupt) if sign > 0 else min(high, bankrupt)
    assert abs(Fraction(fill.reference_price) - expected) <= Fraction(1, 5000)
    assert low <= Fraction(fill.reference_price) <= high
    left = on.ledger.equity_quote
    assert left >= min(D(0), D(at_open.numerator) / D(at_open.denominator)) - abs(quantity) * D("0.0003")
    assert ("below zero" in fill.reason) is (left < 0)


@given(rates, st.lists(st.integers(0, 59), min_size=1, max_size=30, unique=True).map(sorted), st.integers(1, 9))
@settings(max_examples=60)
def test_cut_into_any_windows_every_instant_is_due_once(paid: tuple[str, ...], cuts: list[int], shift: int) -> None:
    whole = history(BTC, paid)
    model = RecordedFunding({BTC: whole})
    first, hour = START_NS, 3_600_000_000_000
    edges = [first, *(first + cut * 8 * hour + shift for cut in cuts)]
    told = [i for a, b in pairwise(edges) for i in model.due(BTC, a, b)]
    assert tuple(told) == whole.within(edges[0], edges[-1])


@given(
    st.dictionaries(
        st.sampled_from(SYMBOLS),
        st.tuples(st.one_of(st.integers(-4000, 4000), st.integers(-2000, -1900)), st.sampled_from([-999, 0, 500, 999])),
        min_size=1,
    ),
    st.one_of(st.integers(1, 400), st.integers(400, 200_000)),
    st.sampled_from(["0", "0.9", "1"]),
)
@settings(max_examples=300)
def test_within_the_safe_move_the_exact_margin_is_more_than_it_must_be(
    held: dict[str, tuple[int, int]], capital: int, collateral: str
) -> None:
    """Every price moved by its own part of it, to the edge and inside, either way, across the tiers' border."""
    params = MarginParams(liquidation_fee_bps=D(0), spot_collateral_frac=D(collateral))
    account, positions = MarginAccount(D(capital), params), []
    for symbol, (thousandths, _) in held.items():
        quantity, price = D(thousandths).scaleb(-3), USUAL[symbol]
        if quantity:
            book = SymbolBook(coin(symbol) if symbol == COIN else perpetual(symbol))
            book.apply(1 if quantity > 0 else -1, abs(quantity), price)
            book.last = flat_bar(symbol, float(price))
            positions.append(book)
            account.book((), [charge(symbol, quantity * price)])
    move = account.safe_move(positions)
    assert (move == inf) is not any(book.on_margin for book in positions)
    if not 0.0 < move < inf:
        return
    turns = [Turn(b, flat_bar(b.symbol, 1.0), True, b.quantity, b.on_margin) for b in positions]
    parts = [move * held[b.symbol][1] / 1000 for b in positions]
    quotes = [exact(float(USUAL[b.symbol]) * (1.0 + part)) for b, part in zip(positions, parts, strict=True)]
    assert account.margin_quote(turns, quotes) > account.maintenance_quote(turns, quotes)


def flat_bar(symbol: str, price: float) -> Bar:
    return Bar(
        symbol=symbol, open_ns=START_NS, interval_ns=60, open=price, high=price, low=price, close=price, volume=1.0
    )  # fmt: skip


def charge(symbol: str, paid: Decimal) -> Charge:
    return Charge(at_ns=START_NS, symbol=symbol, kind=ChargeKind.FUNDING, amount_quote=paid, reason="what was bought")


class Careful(FinancedVenue):
    """Goes the long way in every slice."""

    def _settle(self, event: Slice) -> None: ...


calm_moves = st.tuples(*[st.integers(-12, 12)] * 4)
calm_slices = st.tuples(
    st.one_of(st.just([]), st.just([]), st.lists(trades, max_size=1)),
    st.fixed_dictionaries({s: st.one_of(st.none(), calm_moves, calm_moves, calm_moves, moves) for s in SYMBOLS}),
)


@given(
    st.lists(calm_slices, min_size=10, max_size=60), rates, st.sampled_from([5, 60, 480]), st.sampled_from(["0", "0.9"])
)
@settings(max_examples=100)
def test_the_short_way_through_calm_slices_is_the_long_way(
    tape: list[tuple[list[Trade], dict[str, tuple[int, ...] | None]]],
    paid: tuple[str, ...],
    minutes: int,
    collateral: str,
) -> None:
    def stage(kind: type[FinancedVenue]) -> PerpStage:
        return PerpStage(
            "2000", {s: history(s, paid) for s in (BTC, ETH)}, kind=kind, minutes=minutes, taker_bps="5.5",
            half_spread="0.3", fee_bps="125", borrow_bps="1500", collateral=collateral,
        )  # fmt: skip

    quick, careful = stage(FinancedVenue), stage(Careful)
    for sent, bars in tape:
        for on in (quick, careful):
            for trade in sent:
                order(on, trade)
            on.slice(**{symbol: prices(symbol, move) for symbol, move in bars.items()})
        assert quick.charges == careful.charges
        assert quick.fills == careful.fills
        assert dict(quick.venue.working()) == dict(careful.venue.working())
        assert dict(quick.venue.protections()) == dict(careful.venue.protections())


@given(
    st.lists(st.tuples(*[st.integers(-20, 20)] * 3), min_size=20, max_size=80),
    st.sampled_from([1, -1]),
    st.sampled_from([0.002, 0.005, 0.01]),
    st.sampled_from([None, 0.004, 0.01]),
)
@settings(max_examples=60)
def test_a_level_near_the_price_is_met_on_the_short_way_in_the_same_slice(
    steps: list[tuple[int, int, int]], side: int, stop: float, target: float | None
) -> None:
    """Small bars, each opening at the close before: most are calm until one reaches a level."""
    quick, careful = PerpStage("100000"), PerpStage("100000", kind=Careful)
    levels = Protection(stop_frac=stop, take_profit_frac=target)
    for on in (quick, careful):
        on.send(str(side), BTC, protection=levels)
        price = 50_000.0
        for up, down, move in steps:
            close = price * (1.0 + move / 10_000)
            high, low = max(price, close) * (1.0 + abs(up) / 20_000), min(price, close) * (1.0 - abs(down) / 20_000)
            on.slice(**{BTC: (price, high, low, close)})
            price = close
    assert quick.fills == careful.fills
    assert quick.charges == careful.charges
