"""The simulated venue against a plain second one; what must hold whatever is sent (P14: costs never understated)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.property.plain_matcher import D, PlainBar, PlainOrder, PlainVenue, Trade
from tests.unit.simulation.made import SESSION_MINUTES, SYMBOL, Stage, cap, protection, session, sim, slippage

from rung.domain.clock import NS_PER_MINUTE
from rung.domain.fill import Fill, Trigger
from rung.domain.instrument import us_equity
from rung.domain.order import Side
from rung.simulation.fees import FlatBpsFees
from rung.simulation.financed import FinancedVenue, Financing, TradeModels
from rung.simulation.latency import FixedLatency
from rung.simulation.models import LiquidityModel, SlippageModel
from rung.simulation.prices import exact, round_down
from rung.simulation.venue import SimVenue

COST, CAP = "0.02", "0.10"


@dataclass(frozen=True)
class Command:
    """One thing the desk sends between two bars."""

    what: str
    sign: int
    quantity: int
    limit: str | None
    stop: float | None
    target: float | None


@dataclass(frozen=True)
class Minute:
    """What is sent, and the bar that follows: offsets in cents from 100, None for a missing minute."""

    commands: tuple[Command, ...]
    prices: tuple[int, int, int, int] | None
    volume: int
    false_print: bool
    last_of_session: bool


fracs = st.sampled_from([None, 0.001, 0.005, 0.01, 0.02])
commands = st.builds(
    Command,
    what=st.sampled_from(["market", "market", "limit", "exit", "exit", "exit limit", "cancel", "protect"]),
    sign=st.sampled_from([1, -1]),
    quantity=st.integers(1, 120),
    limit=st.integers(-150, 150).map(lambda cents: str(D(10000 + cents) / 100)),
    stop=fracs,
    target=fracs,
)
offsets = st.integers(-200, 200)
minutes = st.builds(
    Minute,
    commands=st.lists(commands, max_size=2).map(tuple),
    prices=st.one_of(
        st.tuples(offsets, offsets, offsets, offsets), st.tuples(offsets, offsets, offsets, offsets), st.none()
    ),
    volume=st.sampled_from([0, 9, 200, 700, 3_000, 100_000]),
    false_print=st.sampled_from([False, False, False, True]),
    last_of_session=st.sampled_from([False] * 7 + [True]),
)
tapes = st.lists(minutes, min_size=2, max_size=20)


class Both:
    """Plays the same minutes to the simulated venue and to the plain one."""

    def __init__(self, tape: list[Minute], make: Callable[..., SimVenue] = sim) -> None:
        self.flagged: set[int] = set()
        self.stage = Stage(make(slippage=slippage("0", COST, "0"), liquidity=cap(CAP), flagged={SYMBOL: self.flagged}))
        self.plain = PlainVenue(D(COST), D(CAP))
        self.fills: list[tuple[int, Fill]] = []
        self.bars: list[PlainBar] = []
        self.sent: dict[str, tuple[int, bool]] = {}
        for minute in tape:
            self.play(minute)

    def play(self, minute: Minute) -> None:
        for command in minute.commands:
            self.send(command)
        if minute.last_of_session and self.stage.minute < SESSION_MINUTES - 1:
            self.stage.to_last_minute()
        open_ns, day = self.stage.now_ns, session(self.stage.day).date
        self.plain.new_day(day)
        if minute.prices is None:
            assert self.stage.gap() == ()
            if self.stage.now_ns >= session(self.stage.day).close_ns:
                self.plain.new_day("")
        else:
            if minute.false_print:
                self.flagged.add(open_ns)
            first, second, third, last = (100 + cents / 100 for cents in minute.prices)
            o, h, l, c = first, max(first, second, third, last), min(first, second, third, last), last  # noqa: E741
            fills = self.stage.bar(o, h, l, c, float(minute.volume))
            exact = [D(repr(x)) for x in (o, h, l, c)]
            bar = PlainBar(open_ns, self.stage.now_ns, day, *exact, D(minute.volume), minute.false_print)
            self.bars.append(bar)
            self.plain.see(bar, session(self.stage.day).close_ns)
            self.fills.extend((open_ns, fill) for fill in fills)
        if self.stage.minute >= SESSION_MINUTES:
            self.stage.next_session()

    def send(self, command: Command) -> None:
        stage, plain, sign = self.stage, self.plain, command.sign
        guard = protection(command.stop, command.target)
        if command.what == "cancel":
            stage.cancel()
            plain.cancel()
            return
        if command.what == "protect":
            if guard is not None:
                stage.protect(command.stop, command.target)
                plain.protect(command.stop, command.target)
            return
        reduce_only = command.what.startswith("exit")
        limit = D(command.limit or 0) if command.what.endswith("limit") else None
        fields: dict[str, object] = {"reduce_only": reduce_only, "protection": None if reduce_only else guard}
        if limit is not None:
            fields["limit_price"] = limit
        name = stage.send(Side.BUY if sign > 0 else Side.SELL, command.quantity, **fields)
        self.sent[name] = (stage.now_ns, reduce_only)
        order = PlainOrder(name, sign, D(command.quantity), reduce_only, stage.now_ns, session(stage.day).date, limit)
        if not reduce_only:
            order.stop, order.target = command.stop, command.target
        plain.orders.append(order)


def seen(fill: Fill) -> Trade:
    names = {"STOP": "stop", "TAKE_PROFIT": "target"}
    return (
        names.get(fill.trigger, fill.order_id), fill.side.sign, fill.quantity, fill.reference_price,
        fill.price, str(fill.trigger), fill.at_ns, fill.closes,
    )  # fmt: skip


@given(tapes)
@settings(max_examples=400)
def test_the_venue_and_a_plain_matcher_agree_fill_by_fill(tape: list[Minute]) -> None:
    both = Both(tape)
    assert [seen(fill) for _, fill in both.fills] == both.plain.trades


@given(tapes)
@settings(max_examples=200)
def test_a_financed_venue_without_financing_is_the_same_venue(tape: list[Minute]) -> None:
    both = Both(tape, unfinanced)
    assert [seen(fill) for _, fill in both.fills] == both.plain.trades
    assert [fill for _, fill in both.fills] == [fill for _, fill in Both(tape).fills]


def unfinanced(slippage: SlippageModel, liquidity: LiquidityModel, flagged: Mapping[str, frozenset[int]]) -> SimVenue:
    fees = FlatBpsFees(maker_bps=D(0), taker_bps=D(0))
    return FinancedVenue(
        models=TradeModels(fees=fees, slippage=slippage, liquidity=liquidity, latency=FixedLatency()),
        financing=Financing(funding=None, borrow=None, margin=None),
        instruments={SYMBOL: us_equity(SYMBOL)},
        flagged=flagged,
    )


@given(tapes)
@settings(max_examples=150)
def test_no_close_is_larger_than_what_is_held_and_reduce_only_never_adds(tape: list[Minute]) -> None:
    both = Both(tape)
    held = D(0)
    for _, fill in both.fills:
        signed = fill.quantity * fill.side.sign
        if fill.closes:
            assert held * signed < 0
            assert abs(signed) <= abs(held)
        else:
            assert held * signed >= 0
            assert not both.sent[fill.order_id][1]
        held += signed
    assert held == both.plain.held


@given(tapes)
@settings(max_examples=150)
def test_costs_are_never_in_our_favour(tape: list[Minute]) -> None:
    for _, fill in Both(tape).fills:
        assert fill.slippage_quote >= 0
        assert fill.fee_quote >= 0
        if str(fill.trigger) == "STOP":
            assert fill.slippage_quote >= D(COST) * fill.quantity


@given(tapes)
@settings(max_examples=150)
def test_a_bar_is_never_more_than_its_share_ours(tape: list[Minute]) -> None:
    both = Both(tape)
    volume = {bar.open_ns: bar.v for bar in both.bars}
    ours: dict[int, Decimal] = defaultdict(Decimal)
    for open_ns, fill in both.fills:
        ours[open_ns] += fill.quantity
        assert fill.quantity % 1 == 0
    assert all(quantity <= volume[open_ns] * D(CAP) for open_ns, quantity in ours.items())


@given(tapes)
@settings(max_examples=150)
def test_nothing_fills_before_it_was_sent_or_outside_the_bar_it_fills_in(tape: list[Minute]) -> None:
    both = Both(tape)
    lows = {bar.open_ns: (bar.l, bar.h) for bar in both.bars}
    for open_ns, fill in both.fills:
        low, high = lows[open_ns]
        assert open_ns <= fill.at_ns <= open_ns + NS_PER_MINUTE
        if fill.trigger is Trigger.TAKE_PROFIT:  # at its price, also when the whole bar was better
            assert fill.reference_price <= high if fill.side is Side.SELL else fill.reference_price >= low
        else:
            assert low <= fill.reference_price <= high
        if fill.order_id in both.sent:
            assert both.sent[fill.order_id][0] <= open_ns


@given(tapes)
@settings(max_examples=150)
def test_fill_ids_are_unique_and_no_order_fills_more_than_its_quantity(tape: list[Minute]) -> None:
    both = Both(tape)
    ids = [fill.fill_id for _, fill in both.fills]
    assert len(ids) == len(set(ids))
    working = both.stage.venue.working()
    assert set(working) <= {SYMBOL}
    assert bool(working) == bool(both.plain.orders)
    guarded = both.plain.held != 0 and (both.plain.stop is not None or both.plain.target is not None)
    assert bool(both.stage.venue.protections()) == guarded


prices = st.floats(1e-9, 1e9)
ticks = st.sampled_from([D("0.01"), D("0.1"), D("0.5"), D("0.0001"), D("0.00000001")])


@given(prices, st.integers(-3, 3), ticks)
@settings(max_examples=500)
def test_a_float_price_beyond_the_float_of_a_level_is_beyond_the_level_itself(
    price: float, steps: int, tick: Decimal
) -> None:
    """Why a bar strictly between `floor` and `ceiling` of a book needs no decimals: rounding to the nearest float keeps
    order. The levels are next to the price, where it matters."""
    level = round_down(exact(price), tick) + steps * tick
    if price > float(level):
        assert exact(price) > level
    if price < float(level):
        assert exact(price) < level
