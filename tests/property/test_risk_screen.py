"""Whatever is ordered, what is approved together stays within the limits, and what cuts risk always passes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.unit.risk import made

from rung.domain.account import Position
from rung.domain.order import Order, OrderKind, Side
from rung.domain.slice import Slice
from rung.domain.target import Protection
from rung.domain.verdicts import Approved, Refused, Violation, ViolationKind
from rung.domain.view import View
from rung.risk.flag import PolledFlag
from rung.risk.gate import observe, observers
from rung.risk.gates.gross_notional import GrossNotional
from rung.risk.gates.halted_market import HaltedMarket
from rung.risk.gates.max_positions import MaxPositions
from rung.risk.gates.spiking_data import SpikingData
from rung.risk.gates.symbol_notional import SymbolNotional
from rung.risk.gates.trade_risk import TradeRisk
from rung.risk.params import ScreenLimits
from rung.risk.screen import screen

D = Decimal
SYMBOLS = ("TQQQ", "SQQQ", "UVXY", "SDS")
LIMITS = ScreenLimits(max_symbol_notional_frac=0.3, max_gross_notional_frac=0.6, max_positions=2)

quantities = st.integers(1, 700).map(D)
prices = st.sampled_from([D(99), D(100), D(101)])
numbers = st.sampled_from([D(0), D(-1), D("NaN"), D("sNaN"), D("Infinity"), D("-Infinity"), D(5), D(100_000)])
floats = st.sampled_from([math.nan, math.inf, -math.inf, -1.0, 0.0, 1e-9, 100.0, 1e9])


@st.composite
def openings(draw: st.DrawFn) -> Order:
    stop = draw(st.sampled_from([None, 0.001, 0.02, 0.2]))
    limit = draw(st.sampled_from([None, D(99), D(100)]))
    return made.order(
        draw(st.sampled_from(SYMBOLS)),
        str(draw(quantities)),
        order_id=str(draw(st.integers(0, 50))),
        side=draw(st.sampled_from(Side)),
        kind=OrderKind.MARKET if limit is None else OrderKind.LIMIT,
        limit_price=limit,
        reference_price=draw(prices),
        protection=Protection(stop_frac=stop),
    )


@st.composite
def books(draw: st.DrawFn) -> list[Position]:
    symbols = draw(st.lists(st.sampled_from(SYMBOLS), unique=True, max_size=3))
    return [
        made.position(symbol, str(draw(quantities) * draw(st.sampled_from([1, -1]))), mark=str(draw(prices)))
        for symbol in symbols
    ]


def leaves(held: Sequence[Position]) -> list[Order]:
    return [made.exit_of(each, order_id=f"exit-{each.symbol}") for each in held]


def everything() -> Slice:
    return made.slice_(*(made.bar(symbol) for symbol in SYMBOLS))


def worth(view: View, approved: Sequence[Order]) -> dict[str, Decimal]:
    """Absolute value by symbol if every approved order filled, told plainly: market exits count, limit exits do not."""
    held = {symbol: position.quantity for symbol, position in view.account.positions.items()}
    price = {symbol: position.mark_price for symbol, position in view.account.positions.items()}
    for order in approved:
        before = held.get(order.symbol, D(0))
        after = before + order.quantity * (1 if order.side is Side.BUY else -1)
        if order.kind is OrderKind.MARKET or abs(after) > abs(before):
            held[order.symbol] = after
        price[order.symbol] = order.reference_price
    return {symbol: abs(quantity) * price[symbol] for symbol, quantity in held.items()}


@given(books(), st.lists(openings(), max_size=6), st.booleans(), st.data())
def test_what_is_approved_together_stays_within_every_limit(
    held: list[Position], orders: list[Order], rotate: bool, data: st.DataObject
) -> None:
    batch: list[Order] = data.draw(st.permutations([*orders, *(leaves(held) if rotate else [])]))
    view = made.view(everything(), made.account(*held))
    gates = [SymbolNotional(0.3), GrossNotional(0.6), MaxPositions(2), TradeRisk(0.5)]
    approved: list[Order] = []
    for verdict in screen(batch, gates, view):
        if isinstance(verdict, Refused):
            continue
        approved.append(verdict.order)
        if verdict.order.reduce_only:
            continue
        after = worth(view, approved)
        assert after[verdict.order.symbol] <= D("0.3") * made.EQUITY
        assert sum(after.values()) <= D("0.6") * made.EQUITY
        opened = verdict.order.symbol not in {p.symbol for p in held}
        assert not opened or sum(1 for value in after.values() if value) <= 2 or _held_ahead(verdict.order, approved)


def _held_ahead(order: Order, approved: Sequence[Order]) -> bool:
    """The symbol was opened by an order approved before: adding to it takes no new place."""
    return any(each.symbol == order.symbol for each in approved[:-1])


class Refusing:
    name, halts = "refusing", True

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        return [Violation(kind=ViolationKind.KILL_SWITCH, gate=self.name, message="no")]


@given(books(), numbers, st.integers(-3, 3), st.integers(-500, 500), floats, st.data())
def test_an_exit_passes_whatever_is_wrong_with_the_world(
    held: list[Position], equity: Decimal, late: int, minute: int, price: float, data: st.DataObject
) -> None:
    at_ns = made.OPEN_NS + minute * 60_000_000_000
    event = made.slice_(replace(made.bar("SPY", at_ns=at_ns), close=price), at_ns=at_ns)
    account = replace(made.account(*held, at_ns=at_ns + late), equity_quote=equity)
    view = made.view(event, account)
    gates = (*made.guard(LIMITS, maintenance=PolledFlag()).gates, Refusing())
    observe(observers(gates), event)
    orders = []
    for each in held:
        size = data.draw(st.integers(1, int(abs(each.quantity))))
        broken = data.draw(numbers.filter(lambda number: not number.is_snan()))
        orders.append(replace(made.exit_of(each, D(size)), reference_price=broken, order_id=""))
    assert all(isinstance(verdict, Approved) for verdict in screen(orders, gates, view))


@given(openings(), numbers, floats, st.sampled_from(["open", "high", "low", "close", "volume"]), st.integers(-2, 2))
def test_no_broken_fact_ever_lets_an_opening_through(
    order: Order, equity: Decimal, value: float, field: str, late: int
) -> None:
    """P9: with anything non-finite, non-positive or of another instant in sight, nothing opens."""
    sound = made.bar(order.symbol)
    event = made.slice_(replace(sound, **{field: value}, open_ns=sound.open_ns + late))
    view = made.view(event, replace(made.account(), equity_quote=equity))
    gates = made.guard(LIMITS).gates
    observe(observers(gates), event)
    (verdict,) = screen([order], gates, view)
    if isinstance(verdict, Approved):
        assert late == 0
        assert equity == 100_000
        assert math.isfinite(value)
        assert value > 0


@settings(max_examples=50)
@given(books(), st.lists(openings(), max_size=5))
def test_screening_the_same_twice_gives_the_same(held: list[Position], orders: list[Order]) -> None:
    view = made.view(everything(), made.account(*held))

    def once() -> tuple[object, ...]:
        gates = made.guard(LIMITS).gates
        observe(observers(gates), view.slice)
        return screen([*leaves(held), *orders], gates, view)

    assert once() == once()


GAPS = st.lists(st.sampled_from([1, 1, 1, 1, 2, 6, 30]), min_size=1, max_size=25)
CLOSES = st.lists(st.sampled_from([100.0, 100.0, 101.0, 80.0, 125.0]), min_size=25, max_size=25)


@settings(max_examples=200)
@given(GAPS, CLOSES, st.integers(1, 4), st.integers(1, 6))
def test_a_gate_judges_as_if_it_had_seen_all_when_it_is_shown_as_much_as_it_remembers(
    gaps: list[int], closes: list[float], resume_bars: int, every: int
) -> None:
    """Asked now and then: between two questions it is shown only the newest slices, and none of them twice."""
    minutes = [sum(gaps[: n + 1]) for n in range(len(gaps))]
    stamps = [made.OPEN_NS + minute * 60_000_000_000 for minute in minutes]
    slices = [
        made.slice_(made.bar(at_ns=at_ns, close=close), at_ns=at_ns)
        for at_ns, close in zip(stamps, closes, strict=False)
    ]
    for make in (lambda: HaltedMarket(gap_minutes=5, resume_bars=resume_bars), lambda: SpikingData(0.05, 0.1)):
        whole, part, shown = make(), make(), -1
        for number, event in enumerate(slices):
            whole.observe(event)
            if number % every:
                continue
            for past in range(max(shown, number - part.remembers) + 1, number + 1):
                part.observe(slices[past])
            shown = number
            view = made.view(event)
            assert part.check(made.order(), view, ()) == whole.check(made.order(), view, ())
