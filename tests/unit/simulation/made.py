"""A small stage for tests of the simulated venue: one symbol, one-minute bars, no costs unless a test asks for them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from rung.domain.bar import Bar
from rung.domain.clock import NS_PER_MINUTE
from rung.domain.fill import Fill
from rung.domain.instrument import us_equity
from rung.domain.order import Order, OrderKind, Side
from rung.domain.session import Session
from rung.domain.slice import Slice
from rung.domain.target import Action, Protection
from rung.domain.verdicts import Approved
from rung.simulation.fees import FlatBpsFees
from rung.simulation.liquidity import ParticipationCap
from rung.simulation.params import FeeParams, LiquidityParams, SlippageParams, UsEquityRates
from rung.simulation.slippage import SpreadSlippage
from rung.simulation.venue import SimVenue

D = Decimal
SYMBOL = "TQQQ"
OPEN_NS = 1_758_029_400_000_000_000  # 2025-09-16 09:30 New York
DAY_NS = 86_400_000_000_000
SESSION_MINUTES = 390


def rates(day: str, sec: str, taf: str, cap: str, cat: str) -> UsEquityRates:
    return UsEquityRates(
        valid_from=date.fromisoformat(day),
        sec_per_million_quote=D(sec),
        taf_per_share_quote=D(taf),
        taf_cap_quote=D(cap),
        cat_per_share_quote=D(cat),
    )


def fee_params(**changes: Any) -> FeeParams:
    given: dict[str, Any] = {
        "commission_per_share_quote": D(0),
        "commission_min_quote": D(0),
        "borrow_annual_bps": D(0),
        "checked_through": date(2026, 6, 30),
        "rates": (
            rates("2025-01-01", "27.80", "0.000166", "8.30", "0.00005"),
            rates("2025-05-14", "0", "0.000166", "8.30", "0.00005"),
            rates("2026-01-01", "20.60", "0.000195", "9.79", "0.00002"),
        ),
    }
    return FeeParams(**{**given, **changes})


def slippage(half_spread_bps: str = "0", least: str = "0", slippage_bps: str = "0") -> SpreadSlippage:
    return SpreadSlippage(
        SlippageParams(half_spread_bps=D(half_spread_bps), min_half_spread_quote=D(least), slippage_bps=D(slippage_bps))
    )


def cap(frac: str = "1") -> ParticipationCap:
    return ParticipationCap(LiquidityParams(max_participation_frac=D(frac)))


def sim(**models: Any) -> SimVenue:
    given: dict[str, Any] = {
        "fees": FlatBpsFees(maker_bps=D(0), taker_bps=D(0)),
        "slippage": slippage(),
        "liquidity": cap(),
        "instruments": {SYMBOL: us_equity(SYMBOL), "SQQQ": us_equity("SQQQ")},
    }
    return SimVenue(**{**given, **models})


def session(day: int = 0) -> Session:
    start = OPEN_NS + day * DAY_NS
    return Session(date=f"2025-09-{16 + day}", open_ns=start, close_ns=start + SESSION_MINUTES * NS_PER_MINUTE)


class Stage:
    """A venue and a tape that grows by a bar per call. `minute` counts bars of the present session."""

    def __init__(self, venue: SimVenue | None = None, **models: Any) -> None:
        self.venue = venue if venue is not None else sim(**models)
        self.day, self.minute, self.count = 0, 0, 0

    @property
    def now_ns(self) -> int:
        return session(self.day).open_ns + self.minute * NS_PER_MINUTE

    def bar(
        self, open: float = 100.0, high: float = 100.0, low: float = 100.0, close: float = 100.0, volume: float = 1e6
    ) -> tuple[Fill, ...]:
        """One more minute of TQQQ; answers what filled in it."""
        given = Bar(
            symbol=SYMBOL, open_ns=self.now_ns, interval_ns=NS_PER_MINUTE,
            open=open, high=high, low=low, close=close, volume=volume,
        )  # fmt: skip
        return self.slice({SYMBOL: given})

    def slice(self, bars: dict[str, Bar]) -> tuple[Fill, ...]:
        self.minute += 1
        return self.venue.advance(Slice(at_ns=self.now_ns, session=session(self.day), bars=bars))

    def gap(self) -> tuple[Fill, ...]:
        """A minute in which TQQQ has no bar."""
        return self.slice({})

    def next_session(self) -> None:
        self.day, self.minute = self.day + 1, 0

    def to_last_minute(self) -> None:
        self.minute = SESSION_MINUTES - 1

    def send(self, side: Side, quantity: int | str = 100, **changes: Any) -> str:
        self.count += 1
        order_id = changes.pop("order_id", f"o{self.count}")
        given: dict[str, Any] = {
            "order_id": order_id,
            "at_ns": self.now_ns,
            "symbol": SYMBOL,
            "side": side,
            "kind": OrderKind.LIMIT if "limit_price" in changes else OrderKind.MARKET,
            "quantity": D(quantity),
            "reference_price": D(100),
            "reduce_only": False,
            "action": Action.ENTER_LONG if side is Side.BUY else Action.ENTER_SHORT,
            "reason": "a test",
            "strategy": "tests",
        }
        order = Order(**{**given, **changes})
        self.venue.submit(Approved(order, order.at_ns))
        return order_id

    def buy(self, quantity: int | str = 100, **changes: Any) -> str:
        return self.send(Side.BUY, quantity, **changes)

    def sell(self, quantity: int | str = 100, **changes: Any) -> str:
        return self.send(Side.SELL, quantity, **changes)

    def exit(self, quantity: int | str = 100, side: Side = Side.SELL, **changes: Any) -> str:
        return self.send(side, quantity, **{"reduce_only": True, "action": Action.EXIT, **changes})

    def cancel(self) -> str:
        return self.send(Side.SELL, 0, kind=OrderKind.CANCEL, reduce_only=True)

    def protect(self, stop: float | None = None, target: float | None = None, **trail: float) -> str:
        guard = protection(stop, target, **trail)
        return self.send(Side.SELL, 0, kind=OrderKind.PROTECT, reduce_only=True, protection=guard)

    def held(self, quantity: int = 100, stop: float | None = None, target: float | None = None, **trail: float) -> None:
        """Be long (or short, < 0) from a fill at 100.00."""
        side = Side.BUY if quantity > 0 else Side.SELL
        self.send(side, abs(quantity), protection=protection(stop, target, **trail))
        assert len(self.bar()) == 1


def protection(stop: float | None = None, target: float | None = None, **trail: float) -> Protection | None:
    """trail : trail_frac or trail_quote."""
    guard = Protection(stop_frac=stop, take_profit_frac=target, **trail)
    return guard if guard != Protection() else None


def told(fills: tuple[Fill, ...]) -> list[tuple[str, str, str, str]]:
    """What a reader compares at a glance: side, quantity, price, trigger."""
    return [(str(f.side), str(f.quantity), f"{f.price:.4f}", str(f.trigger)) for f in fills]
