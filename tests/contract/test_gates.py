"""Every gate of the gateway passes the gate contract, and no gate is left out of it."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from tests.contract import gate_contract as contract
from tests.contract.gate_contract import GateCase
from tests.unit.risk import made

import rung.risk.gates as folder
from rung.domain.clock import NS_PER_MINUTE
from rung.domain.instrument import us_equity
from rung.domain.order import OrderKind
from rung.domain.target import Protection
from rung.domain.verdicts import ViolationKind as Kind
from rung.domain.view import View
from rung.risk.flag import PolledFlag
from rung.risk.gate import Gate, Remembers
from rung.risk.gates.account_profile import AccountProfile
from rung.risk.gates.allowed_symbols import AllowedSymbols
from rung.risk.gates.atr_stop import AtrStop
from rung.risk.gates.bar_volume import BarVolume
from rung.risk.gates.day_volume import DayVolume
from rung.risk.gates.duplicate_order import DuplicateOrder
from rung.risk.gates.end_of_day import EndOfDay
from rung.risk.gates.equity_floor import EquityFloor
from rung.risk.gates.global_level import GlobalLevel
from rung.risk.gates.gross_leverage import GrossLeverage
from rung.risk.gates.gross_notional import GrossNotional
from rung.risk.gates.halted_market import HaltedMarket
from rung.risk.gates.kill import Kill
from rung.risk.gates.latched import Latched
from rung.risk.gates.maintenance import Maintenance
from rung.risk.gates.margin_use import MarginUse
from rung.risk.gates.max_positions import MaxPositions
from rung.risk.gates.min_notional import MinNotional
from rung.risk.gates.order_rate import OrderRate
from rung.risk.gates.order_spacing import OrderSpacing
from rung.risk.gates.order_value import OrderValue
from rung.risk.gates.participation import Participation
from rung.risk.gates.price_collar import PriceCollar
from rung.risk.gates.session_open import SessionOpen
from rung.risk.gates.sound_data import SoundData
from rung.risk.gates.spiking_data import SpikingData
from rung.risk.gates.spread import Spread
from rung.risk.gates.stale_data import StaleData
from rung.risk.gates.stop import MandatoryStop
from rung.risk.gates.strategy_enabled import StrategyEnabled
from rung.risk.gates.strategy_policy import StrategyAllowed
from rung.risk.gates.symbol_leverage import SymbolLeverage
from rung.risk.gates.symbol_notional import SymbolNotional
from rung.risk.gates.tick_lot import TickLot
from rung.risk.gates.trade_margin import TradeMargin
from rung.risk.gates.trade_risk import TradeRisk
from rung.risk.gates.trading_state import TradingStateGate
from rung.risk.global_risk import Assessment, Issue, RiskLevel, Severity
from rung.risk.global_state import GlobalRiskState
from rung.risk.latch import LatchFacts
from rung.risk.latches import MANUAL, Latches
from rung.risk.policy import StrategyPolicy
from rung.risk.quotes import Quote

D = Decimal
BIG = made.order(quantity="600")
INSTRUMENTS = {"TQQQ": us_equity("TQQQ"), "HELD": us_equity("HELD")}
EQUITY_FACTS = ("equity", "positive equity", "finite equity", "fresh account")
BAR_FACTS = ("bar", "fresh bar")


def flag(why: str | None) -> PolledFlag:
    polled = PolledFlag()
    polled.found(why)
    return polled


def up_when_broken(gate_type: Callable[[PolledFlag], Gate]) -> tuple[Callable[[], Gate], Callable[[Gate], View]]:
    """A gate on a flag that is down, and the way to raise that flag."""
    polled: list[PolledFlag] = []

    def build() -> Gate:
        polled.append(flag(None))
        return gate_type(polled[-1])

    def raised(gate: Gate) -> View:
        polled[-1].found("somebody said so")
        return made.view()

    return build, raised


def ticked(latches: Latches) -> Latches:
    latches.tick(LatchFacts(at_ns=made.NOON_NS, session=made.SESSION, equity_quote=made.EQUITY))
    return latches


def tripping(gate_type: Callable[[Latches], Gate]) -> tuple[Callable[[], Gate], Callable[[Gate], View]]:
    every: list[Latches] = []

    def build() -> Gate:
        every.append(ticked(Latches([])))
        return gate_type(every[-1])

    def trip(gate: Gate) -> View:
        every[-1].trip(MANUAL, made.NOON_NS, "somebody said so")
        return made.view()

    return build, trip


def assessing() -> tuple[Callable[[], Gate], Callable[[Gate], View]]:
    states: list[GlobalRiskState] = []

    def told(level: RiskLevel) -> None:
        issue = Issue(name="leverage", severity=Severity.CRITICAL, value="9", limit="5")
        states[-1].assessed(Assessment(at_ns=made.NOON_NS, level=level, issues=(issue,), score=0.5))

    def build() -> Gate:
        states.append(GlobalRiskState())
        told(RiskLevel.NORMAL)
        return GlobalLevel(states[-1], max_symbol_frac=0.5, caution_factor=0.5)

    def worse(gate: Gate) -> View:
        told(RiskLevel.CAUTION)
        return made.view()

    return build, worse


def after_attempts(count: int) -> Callable[[Gate], View]:
    def view(gate: Gate) -> View:
        assert isinstance(gate, Remembers)
        for number in range(count):
            gate.remember(made.order(order_id=f"earlier-{number}"), made.view())
        return made.view()

    return view


def soon_after(gate: Gate) -> View:
    assert isinstance(gate, Remembers)
    at_ns = made.NOON_NS - 500_000_000
    gate.remember(made.order(), made.view(made.slice_(at_ns=at_ns)))
    return made.view()


def after_a_halt(gate: Gate) -> View:
    assert isinstance(gate, HaltedMarket)
    gate.observe(made.slice_(at_ns=made.NOON_NS - 10 * NS_PER_MINUTE))
    return made.view()


class Book:
    """A quote of TQQQ, and of nothing else."""

    def __init__(self, bid: float, ask: float, at_ns: int = made.NOON_NS) -> None:
        self._quote = Quote(symbol="TQQQ", at_ns=at_ns, bid=bid, ask=ask)

    def quote(self, symbol: str) -> Quote | None:
        return self._quote if symbol == "TQQQ" else None


def at(minutes: int) -> View:
    at_ns = made.OPEN_NS + minutes * NS_PER_MINUTE
    return made.view(made.slice_(at_ns=at_ns))


_kill, _killed = up_when_broken(Kill)
_maintenance, _maintained = up_when_broken(Maintenance)
_latched, _tripped = tripping(Latched)
_state, _worse_state = tripping(lambda latches: TradingStateGate(latches, max_symbol_frac=0.5, reduced_factor=0.5))
_global, _worse_risk = assessing()

CASES = {
    "account_profile": GateCase(
        gate=lambda: AccountProfile("low", lambda: "low"),
        kind=Kind.PROFILE,
        breaks_in=lambda gate: setattr(gate, "_assigned", lambda: "micro") or made.view(),
    ),
    "allowed_symbols": GateCase(
        gate=lambda: AllowedSymbols(["TQQQ"]), kind=Kind.SYMBOL_NOT_ALLOWED, breaks=made.order("SPY")
    ),
    "bar_volume": GateCase(
        gate=lambda: BarVolume(100.0),
        kind=Kind.MIN_VOLUME,
        breaks_in=lambda gate: made.view(made.slice_(made.bar(volume=99.0))),
        needs=(*BAR_FACTS, "volume"),
    ),
    "day_volume": GateCase(
        gate=lambda: DayVolume(1e6),
        kind=Kind.MIN_VOLUME,
        breaks_in=lambda gate: made.view(made.slice_(made.bar(volume=10.0))),
        needs=("bar", "close", "volume"),
    ),
    "duplicate_order": GateCase(
        gate=DuplicateOrder,
        kind=Kind.DUPLICATE_ORDER,
        breaks=made.order(order_id="earlier-0"),
        breaks_in=after_attempts(1),
    ),
    "end_of_day": GateCase(gate=lambda: EndOfDay(30), kind=Kind.END_OF_DAY, breaks_in=lambda gate: at(361)),
    "equity_floor": GateCase(
        gate=lambda: EquityFloor(made.EQUITY, 0.6, 10_000),
        kind=Kind.CIRCUIT_BREAKER,
        breaks_in=lambda gate: made.view(of=made.account(equity=D(9_000))),
        needs=EQUITY_FACTS,
    ),
    "global_level": GateCase(
        gate=_global, kind=Kind.GLOBAL_RISK, breaks=made.order(quantity="300"), breaks_in=_worse_risk
    ),
    "gross_leverage": GateCase(
        gate=lambda: GrossLeverage(0.5, {"TQQQ": 3.0}),
        kind=Kind.LEVERAGE_GROSS,
        breaks=made.order(quantity="167"),
        needs=(*EQUITY_FACTS, "mark"),
    ),
    "gross_notional": GateCase(
        gate=lambda: GrossNotional(0.5), kind=Kind.NOTIONAL_GROSS, breaks=BIG, needs=(*EQUITY_FACTS, "mark")
    ),
    "halted_market": GateCase(
        gate=lambda: HaltedMarket(gap_minutes=5, resume_bars=2), kind=Kind.HALTED_DATA, breaks_in=after_a_halt
    ),
    "kill": GateCase(gate=_kill, kind=Kind.KILL_SWITCH, breaks_in=_killed),
    "latched": GateCase(gate=_latched, kind=Kind.TRADING_STATE, breaks_in=_tripped),
    "maintenance": GateCase(gate=_maintenance, kind=Kind.MAINTENANCE, breaks_in=_maintained),
    "margin_use": GateCase(gate=lambda: MarginUse(0.5), kind=Kind.MARGIN, breaks=BIG, needs=(*EQUITY_FACTS, "mark")),
    "max_positions": GateCase(
        gate=lambda: MaxPositions(1),
        kind=Kind.MAX_POSITIONS,
        breaks_in=lambda gate: made.view(of=made.account(made.position("SQQQ"))),
    ),
    "min_notional": GateCase(
        gate=lambda: MinNotional(INSTRUMENTS),
        kind=Kind.MIN_NOTIONAL,
        breaks=made.order(quantity="1", reference_price=D("0.5")),
    ),
    "order_rate": GateCase(gate=lambda: OrderRate(3), kind=Kind.RATE_LIMIT, breaks_in=after_attempts(3)),
    "order_spacing": GateCase(gate=lambda: OrderSpacing(1.0), kind=Kind.RATE_LIMIT, breaks_in=soon_after),
    "order_value": GateCase(gate=lambda: OrderValue(0.5), kind=Kind.ORDER_VALUE, breaks=BIG, needs=EQUITY_FACTS),
    "participation": GateCase(
        gate=lambda: Participation(0.01), kind=Kind.PARTICIPATION, breaks=BIG, needs=(*BAR_FACTS, "volume")
    ),
    "price_collar": GateCase(
        gate=lambda: PriceCollar(0.01),
        kind=Kind.PRICE_COLLAR,
        breaks=made.order(reference_price=D(102)),
        needs=(*BAR_FACTS, "close", "positive close"),
    ),
    "session_open": GateCase(gate=SessionOpen, kind=Kind.SESSION_CLOSED, breaks_in=lambda gate: at(390)),
    "sound_data": GateCase(
        gate=SoundData,
        kind=Kind.CROSSED_DATA,
        breaks_in=lambda gate: made.view(made.slice_(made.bar(high=99.0))),
        needs=(*BAR_FACTS, "close", "positive close", "volume"),
    ),
    "spiking_data": GateCase(
        gate=lambda: SpikingData(0.05, 0.10),
        kind=Kind.SPIKING_DATA,
        breaks_in=lambda gate: made.view(made.slice_(made.bar(high=106.0))),
        needs=(*BAR_FACTS, "close", "positive close"),
    ),
    "spread": GateCase(
        gate=lambda: Spread(Book(99.99, 100.01), max_bps=10.0, max_age_seconds=60.0),
        kind=Kind.SPREAD,
        breaks_in=lambda gate: setattr(gate, "_quotes", Book(99.0, 101.0)) or made.view(),
    ),
    "stale_data": GateCase(
        gate=StaleData,
        kind=Kind.STALE_DATA,
        breaks=made.order("SPY"),
        needs=BAR_FACTS,
    ),
    "stop": GateCase(
        gate=lambda: MandatoryStop(0.005, 0.05),
        kind=Kind.INVALID_STOP,
        breaks=made.order(protection=Protection(stop_frac=0.06)),
    ),
    "strategy_enabled": GateCase(
        gate=lambda: StrategyEnabled(StrategyPolicy(disabled=("other",))),
        kind=Kind.STRATEGY_NOT_ALLOWED,
        breaks=made.order(strategy="other"),
    ),
    "strategy_policy": GateCase(
        gate=lambda: StrategyAllowed(StrategyPolicy(blacklist=("other",)), "micro"),
        kind=Kind.STRATEGY_NOT_ALLOWED,
        breaks=made.order(strategy="other"),
    ),
    "symbol_leverage": GateCase(
        gate=lambda: SymbolLeverage(INSTRUMENTS, major=1.5, other=1.2, equity=1),
        kind=Kind.LEVERAGE_SYMBOL,
        breaks=made.order(leverage=D(2)),
    ),
    "symbol_notional": GateCase(
        gate=lambda: SymbolNotional(0.5), kind=Kind.NOTIONAL_SYMBOL, breaks=BIG, needs=EQUITY_FACTS
    ),
    "tick_lot": GateCase(gate=lambda: TickLot(INSTRUMENTS), kind=Kind.TICK_LOT, breaks=made.order(quantity="1.5")),
    "trade_margin": GateCase(gate=lambda: TradeMargin(0.5), kind=Kind.MARGIN, breaks=BIG, needs=EQUITY_FACTS),
    "trade_risk": GateCase(gate=lambda: TradeRisk(0.01), kind=Kind.TRADE_RISK, breaks=BIG, needs=EQUITY_FACTS),
    "trading_state": GateCase(gate=_state, kind=Kind.TRADING_STATE, breaks_in=_worse_state),
}
REMARKS_ONLY = {AtrStop}
"""Gates that never refuse; they have their own tests."""

everyone = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


@everyone
def test_a_gate_lets_a_sound_order_through(case: GateCase) -> None:
    contract.check_lets_a_sound_order_through(case)


@everyone
def test_a_gate_refuses_with_kind_value_limit_and_a_sentence(case: GateCase) -> None:
    contract.check_refuses_with_kind_value_limit_and_sentence(case)


@everyone
def test_a_gate_answers_twice_the_same(case: GateCase) -> None:
    contract.check_answers_twice_the_same(case)


@everyone
def test_a_gate_never_sees_an_order_that_cuts_risk(case: GateCase) -> None:
    contract.check_never_sees_an_order_that_cuts_risk(case)


@pytest.mark.parametrize(
    ("case", "fact"),
    [pytest.param(case, fact, id=f"{name}-{fact}") for name, case in CASES.items() for fact in case.needs],
)
def test_a_gate_fails_closed_without_a_fact_it_needs(case: GateCase, fact: str) -> None:
    contract.check_fails_closed_without(case, fact)


@pytest.mark.parametrize(
    ("name", "order"),
    [
        ("min_notional", made.order("SPY")),
        ("tick_lot", made.order("SPY")),
        ("symbol_leverage", made.order("SPY")),
        ("symbol_leverage", made.order(leverage=D("NaN"))),
        ("trade_margin", made.order(leverage=D(0))),
        ("trade_risk", made.order(protection=None)),
        ("trade_risk", made.order(protection=Protection(stop_frac=float("nan")))),
        ("stop", made.order(protection=None)),
        ("stop", made.order(protection=Protection(stop_frac=float("nan")))),
        ("stop", made.order(protection=Protection(stop_frac=float("inf")))),
        ("spread", made.order("SPY")),
        ("strategy_policy", made.order(strategy="")),
        ("duplicate_order", made.order(order_id="")),
        ("price_collar", made.order(kind=OrderKind.LIMIT, limit_price=D("NaN"))),
    ],
)
def test_a_gate_fails_closed_when_the_order_lacks_what_it_judges(name: str, order: object) -> None:
    case = replace(CASES[name], sound=order)
    contract.WITHOUT["nothing else"] = made.view
    contract.check_fails_closed_without(case, "nothing else")


@pytest.mark.parametrize("gate", [SpikingData(0.05, 0.1), DayVolume(1.0), HaltedMarket(gap_minutes=5, resume_bars=2)])
def test_a_gate_that_was_not_shown_this_slice_cannot_judge(gate: Gate) -> None:
    from rung.domain.errors import Refusable

    with pytest.raises(Refusable, match="not shown"):
        gate.check(made.order(), made.view(), ())


def test_no_gate_is_left_out_of_the_contract() -> None:
    modules = [importlib.import_module(f"{folder.__name__}.{m.name}") for m in pkgutil.iter_modules(folder.__path__)]
    gates = {
        kind
        for module in modules
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if kind.__module__ == module.__name__ and hasattr(kind, "check")
    }
    assert gates - {type(case.gate()) for case in CASES.values()} == REMARKS_ONLY
    assert len(gates) > 30


def test_every_refusal_reads_as_it_should(golden: Callable[[str, str], None]) -> None:
    lines: list[str] = []
    for name, case in CASES.items():
        gate = case.gate()
        view = case.breaks_in(gate)
        for broken in contract.shown(gate, view).check(case.breaks, view, ()):
            offer = broken.adjusted_quantity if broken.adjusted_leverage is None else broken.adjusted_leverage
            lines += [
                f"{name}: {broken.message}",
                f"    {broken.kind.name}  value {broken.value}   limit {broken.limit}   offer {offer}   {gate.halts=}",
            ]
    golden("refusals.txt", "\n".join(lines) + "\n")
