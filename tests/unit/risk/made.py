"""Orders, views and accounts for tests of the gates: everything sound unless a test says otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from rung.domain.account import Account, Position
from rung.domain.bar import Bar
from rung.domain.clock import NS_PER_MINUTE
from rung.domain.instrument import us_equity
from rung.domain.order import Order, OrderKind, Side
from rung.domain.session import Session
from rung.domain.slice import Slice
from rung.domain.target import Action, Protection
from rung.domain.verdicts import Violation
from rung.domain.view import View
from rung.risk.flag import PolledFlag, not_thrown
from rung.risk.gateway import GatePorts, build_guard
from rung.risk.global_risk import GlobalLimits
from rung.risk.guard import Guard
from rung.risk.limit_sets import CapitalProfile, QtsRisk, SafetyGate, UltraConservative
from rung.risk.limits import effective_limits
from rung.risk.params import ScreenLimits

OPEN_NS = 1_758_029_400_000_000_000  # 2025-09-16 09:30 New York
SESSION = Session(date="2025-09-16", open_ns=OPEN_NS, close_ns=OPEN_NS + 390 * NS_PER_MINUTE)
NOON_NS = OPEN_NS + 150 * NS_PER_MINUTE
EQUITY = Decimal(100_000)
D = Decimal
SYMBOLS = ("TQQQ", "SQQQ", "UVXY", "SDS", "SPXL", "UPRO", "SPY")
Schema = ScreenLimits | QtsRisk | SafetyGate | UltraConservative | GlobalLimits | CapitalProfile


def bar(symbol: str = "TQQQ", *, at_ns: int = NOON_NS, close: float = 100.0, **fields: float) -> Bar:
    """A calm bar of one minute that became known at `at_ns`."""
    prices = {"open": close, "high": close * 1.001, "low": close * 0.999, "close": close, "volume": 50_000.0}
    return Bar(symbol=symbol, open_ns=at_ns - NS_PER_MINUTE, interval_ns=NS_PER_MINUTE, **{**prices, **fields})


def slice_(*bars: Bar, at_ns: int = NOON_NS, session: Session = SESSION) -> Slice:
    present = bars or (bar(at_ns=at_ns),)
    return Slice(at_ns=at_ns, session=session, bars={each.symbol: each for each in present})


def position(symbol: str = "TQQQ", quantity: str = "100", mark: str = "100", **fields: Any) -> Position:
    return Position(
        symbol=symbol,
        quantity=D(quantity),
        entry_price=D(mark),
        opened_ns=OPEN_NS,
        mark_price=D(mark),
        entry_fees_quote=D(0),
        **fields,
    )


def account(
    *positions: Position,
    equity: Decimal = EQUITY,
    at_ns: int = NOON_NS,
    working: Mapping[str, str] | None = None,
    closed: Sequence[Decimal] = (),
) -> Account:
    return Account(
        at_ns=at_ns,
        currency="USD",
        cash_quote=equity,
        equity_quote=equity,
        peak_equity_quote=equity,
        session_start_equity_quote=equity,
        positions={each.symbol: each for each in positions},
        working=working or {},
        closed_trades_quote=tuple(closed),
    )


def view(event: Slice | None = None, of: Account | None = None) -> View:
    event = event or slice_()
    return View(slice=event, account=of or account(at_ns=event.at_ns))


def order(symbol: str = "TQQQ", quantity: str = "100", **fields: Any) -> Order:
    """An opening market buy with a stop of 2 %."""
    plain: dict[str, Any] = {
        "order_id": f"id-{symbol}-{quantity}",
        "at_ns": NOON_NS,
        "symbol": symbol,
        "side": Side.BUY,
        "kind": OrderKind.MARKET,
        "quantity": D(quantity),
        "reference_price": D(100),
        "reduce_only": False,
        "action": Action.ENTER_LONG,
        "reason": "a test",
        "strategy": "rotation",
        "protection": Protection(stop_frac=0.02),
    }
    return Order(**{**plain, **fields})


def exit_of(held: Position, quantity: Decimal | None = None, **fields: Any) -> Order:
    """A reduce-only market order against a position."""
    return order(
        held.symbol,
        **{
            "quantity": str(quantity if quantity is not None else abs(held.quantity)),
            "side": Side.SELL if held.quantity > 0 else Side.BUY,
            "reduce_only": True,
            "action": Action.EXIT,
            "protection": None,
            "reference_price": held.mark_price,
            **fields,
        },
    )


def kinds(violations: Sequence[Violation]) -> list[str]:
    return [each.kind.name for each in violations]


def down() -> PolledFlag:
    """A flag somebody looked at and found down."""
    flag = PolledFlag()
    flag.found(None)
    return flag


def guard(*sets: Schema, **changes: Any) -> Guard:
    """Everything these limit sets ask for, on an account that began with `EQUITY`; `changes` go into the ports."""
    plain: dict[str, Any] = {
        "kill": not_thrown(),
        "maintenance": down(),
        "start_equity_quote": EQUITY,
        "instruments": {symbol: us_equity(symbol) for symbol in SYMBOLS},
    }
    effective = effective_limits([each.limit_set(type(each).__name__) for each in sets])
    return build_guard(effective, GatePorts(**{**plain, **changes}))
