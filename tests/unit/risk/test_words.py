"""What people read when something is refused, tripped, warned of or remarked on: a golden, to the letter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

from msgspec.structs import replace
from tests.contract.gate_contract import WITHOUT, shown
from tests.contract.test_gates import CASES, INSTRUMENTS
from tests.unit.risk import made

from rung.domain.errors import Refusable, UserError
from rung.domain.order import Order, OrderKind, Side
from rung.domain.target import Protection
from rung.domain.verdicts import Refused, Violation, ViolationKind
from rung.domain.view import View
from rung.risk.flag import PolledFlag
from rung.risk.gate import Gate
from rung.risk.gates.duplicate_order import DuplicateOrder
from rung.risk.gates.equity_floor import EquityFloor
from rung.risk.gates.global_level import GlobalLevel
from rung.risk.gates.price_collar import PriceCollar
from rung.risk.gates.sound_data import SoundData
from rung.risk.gates.spiking_data import SpikingData
from rung.risk.gates.spread import Spread
from rung.risk.gates.stale_data import StaleData
from rung.risk.gates.stop import MandatoryStop
from rung.risk.gates.strategy_enabled import StrategyEnabled
from rung.risk.gates.strategy_policy import StrategyAllowed
from rung.risk.gates.tick_lot import TickLot
from rung.risk.gates.trade_risk import TradeRisk
from rung.risk.gates.trading_state import TradingStateGate
from rung.risk.global_risk import Assessment, GlobalFacts, GlobalLimits, Issue, RiskLevel, Severity, assess
from rung.risk.global_state import GlobalRiskState
from rung.risk.latch import Consequence, Latch, LatchFacts
from rung.risk.latches import MANUAL, Latches
from rung.risk.limit_sets import CapitalProfile, QtsRisk, SafetyGate, UltraConservative
from rung.risk.loss_latch import LossLatch, LossRule, Period
from rung.risk.memory import Advice
from rung.risk.other_latches import SlippageLatch, StreakLatch
from rung.risk.params import ScreenLimits
from rung.risk.policy import StrategyPolicy
from rung.risk.quotes import Quote
from rung.risk.screen import screen
from rung.risk.states import TradingState

D = Decimal
NAN = float("nan")


def told(violations: Sequence[Violation]) -> Iterator[str]:
    for each in violations:
        offer = each.adjusted_quantity if each.adjusted_leverage is None else each.adjusted_leverage
        yield f"{each.gate} {each.kind.name}: {each.message} [{each.value} | {each.limit} | {offer}]"


def refused(order: Order, gate: Gate, view: View | None = None) -> Iterator[str]:
    view = view or made.view()
    (verdict,) = screen([order], [shown(gate, view)], view)
    assert isinstance(verdict, Refused)
    yield from told(verdict.violations)


def bar(**fields: float) -> View:
    event = made.slice_()
    return made.view(replace(event, bars={"TQQQ": replace(event.bars["TQQQ"], **fields)}))


def orders_that_are_no_orders() -> Iterator[str]:
    gate = StrategyAllowed(StrategyPolicy(), "micro")
    yield from refused(made.order(quantity="0"), gate)
    yield from refused(made.order(reference_price=D("NaN")), gate)
    yield from refused(made.order(kind=OrderKind.LIMIT), gate)
    yield from refused(made.order(kind=OrderKind.LIMIT, limit_price=D(0)), gate)
    guarded = made.view(of=made.account(made.position(protection=Protection(stop_frac=0.01))))
    loosened = made.order(kind=OrderKind.PROTECT, quantity="3", protection=Protection(stop_frac=0.04))
    yield from refused(loosened, gate, guarded)
    (verdict,) = screen([made.order()], [], made.view())
    assert isinstance(verdict, Refused)
    yield from told(verdict.violations)


def exits_that_are_no_exits() -> Iterator[str]:
    held = made.position()
    view = made.view(of=made.account(held))
    gate = StrategyAllowed(StrategyPolicy(), "micro")
    yield from refused(made.exit_of(held, D(101)), gate, view)
    yield from refused(made.exit_of(held, side=Side.BUY), gate, view)
    yield from refused(made.exit_of(made.position("SQQQ")), gate, view)
    for wrong in (Protection(stop_frac=NAN), Protection(take_profit_frac=-1.0)):
        order = made.order(kind=OrderKind.PROTECT, quantity="0", protection=wrong)
        yield from refused(order, gate, view)


class Book:
    def __init__(self, bid: float, ask: float, seconds: float = 0.0) -> None:
        self._quote = Quote(symbol="TQQQ", at_ns=made.NOON_NS - round(seconds * 1e9), bid=bid, ask=ask)

    def quote(self, symbol: str) -> Quote | None:
        return self._quote if symbol == "TQQQ" else None


def spread(book: Book) -> Spread:
    return Spread(book, max_bps=10, max_age_seconds=60)


def second_sentences() -> Iterator[str]:
    """Gates with more to say than the contract's case makes them say."""
    yield from refused(made.order(order_id=""), DuplicateOrder())
    yield from refused(made.order(), EquityFloor(D(200_000), 0.6, 110_000))
    for side, price in ((Side.BUY, "102"), (Side.SELL, "97")):
        yield from refused(made.order(side=side, kind=OrderKind.LIMIT, limit_price=D(price)), PriceCollar(0.01))
    for name in ("open", "high", "low", "close", "volume"):
        yield from refused(made.order(), SoundData(), bar(**{name: NAN}))
    yield from refused(made.order(), SoundData(), bar(volume=-1.0))
    gate = SpikingData(0.5, 0.1)
    earlier = made.NOON_NS - 60_000_000_000
    gate.observe(made.slice_(made.bar(at_ns=earlier, close=80.0), at_ns=earlier))
    yield from refused(made.order(), gate)
    yield from refused(made.order(), spread(Book(101.0, 100.0)))
    yield from refused(made.order(), spread(Book(100.0, 100.0, seconds=90)))
    yield from refused(made.order(), spread(Book(NAN, 100.0)))
    yield from refused(made.order("SPY"), spread(Book(100.0, 100.0)))
    stale = made.slice_()
    moved = replace(stale.bars["TQQQ"], open_ns=stale.bars["TQQQ"].open_ns - 90_000_000_000)
    yield from refused(made.order(), StaleData(), made.view(replace(stale, bars={"TQQQ": moved})))
    yield from refused(made.order(protection=None), MandatoryStop(0.005, 0.05))
    yield from refused(made.order(protection=None), TradeRisk(0.01))
    yield from refused(made.order(), StrategyEnabled(StrategyPolicy(disabled=("rotation",))))
    lists = StrategyPolicy(profile_blacklist={"micro": ("rotation",)}, profile_whitelist={"low": ("a", "b")})
    yield from refused(made.order(), StrategyAllowed(lists, "micro"))
    yield from refused(made.order(), StrategyAllowed(lists, "low"))
    yield from refused(made.order(strategy=""), StrategyAllowed(lists, "low"))
    yield from refused(made.order(quantity="1.5", kind=OrderKind.LIMIT, limit_price=D("100.005")), TickLot(INSTRUMENTS))
    yield from refused(made.order("SPY"), TickLot(INSTRUMENTS))
    polled = PolledFlag()
    yield f"a flag nobody looked at: {polled.why()}"


def states() -> Iterator[str]:
    reduced = Latch("warm", Consequence(state=TradingState.REDUCED, kind=ViolationKind.MAX_DRAWDOWN))
    latches = Latches([reduced])
    latches.trip("warm", 1, "test")
    gate = TradingStateGate(latches, max_symbol_frac=0.4, reduced_factor=0.5)
    yield from refused(made.order(quantity="300"), gate)
    latches.trip(MANUAL, 1, "test")
    yield from refused(made.order(quantity="300"), gate)
    level = GlobalRiskState()
    issue = Issue(name="hhi", severity=Severity.CRITICAL, value="0.9", limit="0.4")
    level.assessed(Assessment(at_ns=made.NOON_NS, level=RiskLevel.EMERGENCY, issues=(issue,), score=0.5))
    yield from refused(made.order(), GlobalLevel(level, max_symbol_frac=0.4, caution_factor=0.5))
    yield from refused(made.order(), GlobalLevel(GlobalRiskState(), max_symbol_frac=0.4, caution_factor=0.5))


def latches() -> Iterator[str]:
    def facts(minute: int, equity: object, **fields: object) -> LatchFacts:
        at_ns = made.OPEN_NS + minute * 60_000_000_000
        return LatchFacts(at_ns=at_ns, session=made.SESSION, equity_quote=D(str(equity)), **fields)  # type: ignore[arg-type]

    def show(latch: Latch, *every: LatchFacts) -> Iterator[str]:
        for each in every:
            yield from map(str, latch.tick(each))
            trip = latch.tripped
            yield (
                "    open" if trip is None else f"    {trip.at_ns} [{trip.value} | {trip.limit}] until {trip.until_ns}"
            )

    then = Consequence(state=TradingState.HALTED, kind=ViolationKind.DAILY_LOSS, cooldown_ns=60_000_000_000)
    share = LossRule(name="daily", origin="a", period=Period.SESSION, limit_frac=D("0.05"), consequence=then)
    money = LossRule(name="total", origin="b", period=Period.START, limit_quote=D(5), consequence=then)
    for rule in (share, money):
        yield from show(LossLatch(rule), facts(1, 100), facts(2, 95.9), facts(3, 94), facts(4, 100))
        yield from show(LossLatch(rule), facts(1, 100), facts(2, "NaN"), facts(3, 0, flow_quote=D(-100)))
        yield from show(LossLatch(rule), facts(1, 100), facts(2, 0, flow_quote=D(-100)))
    yield from show(StreakLatch("streak", 2, then), facts(1, 100, closed_trades_quote=(D(-1), D(-2))))
    yield from show(StreakLatch("streak", 2, then), facts(1, 100, closed_trades_quote=(D("NaN"),)))
    slip = SlippageLatch("slippage", 15.0, 2, then)
    yield from show(slip, facts(1, 100, slippage_bps=(15.0, 16.0)), facts(3, 100))
    yield from show(SlippageLatch("slippage", 15.0, 2, then), facts(1, 100, slippage_bps=(NAN,)))
    every = Latches([LossLatch(share)])
    every.tick(facts(5, 100))
    yield from map(str, every.tick(facts(4, 100)))
    for name in ("clock", "nobody", "manual"):
        try:
            yield str(every.rearm(name, made.NOON_NS, "ann", "looked"))
        except UserError as error:
            yield str(error)


def book() -> Iterator[str]:
    numbers = {name: 9.0 for name in GlobalFacts.__dataclass_fields__ if name not in ("at_ns", "unready", "blind")}
    worst = GlobalFacts(at_ns=1, **{**numbers, "liquidity": 0.1, "leveraged_positions": 2})  # type: ignore[arg-type]
    unknown = GlobalFacts(at_ns=1, **dict.fromkeys(numbers), unready=frozenset({"hhi"}))  # type: ignore[arg-type]
    for facts in (worst, unknown):
        seen = assess(facts, GlobalLimits())
        yield f"{seen.level} {seen.score:.4f}: {seen.sentence}"
        yield from (f"    {issue.severity} {issue.name} {issue.value} ({issue.limit})" for issue in seen.issues)
    state = GlobalRiskState()
    yield str(state.assessed(assess(worst, GlobalLimits())))
    for at_ns, person, reason in ((1, "", "x"), (0, "ann", "x"), (2, "ann", "x"), (3, "ann", "x")):
        try:
            yield state.rearm(at_ns, person, reason)
        except UserError as error:
            yield str(error)


def contradictions() -> Iterator[str]:
    attempts: list[Callable[[], object]] = [
        lambda: QtsRisk(min_stop_pct=0.06),
        lambda: ScreenLimits(min_stop_frac=0.06),
        lambda: SafetyGate(hourly_loss_pct=3),
        lambda: SafetyGate(drawdown_reduce_pct=11),
        lambda: UltraConservative(max_margin_per_trade_usd=6),
        lambda: UltraConservative(max_daily_loss_usd=11),
        lambda: CapitalProfile(
            max_daily_loss_pct=-3,
            max_weekly_loss_pct=-2,
            max_single_trade_risk_pct=1,
            max_open_positions=1,
            allowed_leverage=1,
        ),
    ]
    for attempt in attempts:
        try:
            attempt()
        except ValueError as error:
            yield str(error)


def missing_facts() -> Iterator[str]:
    for name, case in CASES.items():
        for fact in case.needs:
            view = WITHOUT[fact]()
            gate = shown(case.gate(), view)
            try:
                said = [each.message for each in gate.check(case.sound, view, ())]
            except Refusable as error:
                said = [str(error)]
            yield f"{name} without {fact}: {'; '.join(said)}"


def remarks() -> Iterator[str]:
    from rung.risk.atr import AverageTrueRange
    from rung.risk.gates.atr_stop import AtrStop

    gate = AtrStop(1.5, AverageTrueRange(period=1))
    gate.observe(made.slice_(made.bar(high=101.0, low=99.0)))
    yield from Advice([gate]).on([made.order()], made.view())


def test_every_sentence_reads_as_it_should(golden: Callable[[str, str], None]) -> None:
    chapters = (
        orders_that_are_no_orders, exits_that_are_no_exits, second_sentences, states, latches, book, contradictions,
        missing_facts, remarks,
    )  # fmt: skip
    lines: list[str] = []
    for chapter in chapters:
        lines += [f"# {chapter.__name__.replace('_', ' ')}", *chapter(), ""]
    golden("risk_sentences.txt", "\n".join(lines))
