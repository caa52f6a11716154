"""Views, accounts and bars for tests of authored strategies."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from rung.domain.account import Account, Position
from rung.domain.bar import Bar
from rung.domain.clock import NS_PER_MINUTE
from rung.domain.session import Session
from rung.domain.slice import Slice
from rung.domain.view import View

DAY_NS = 1_746_835_200_000_000_000  # 2025-05-10 00:00 UTC
SESSION = Session(date="2025-05-10", open_ns=DAY_NS, close_ns=DAY_NS + 1440 * NS_PER_MINUTE)


def bar(minute: int, close: float = 100.0, symbol: str = "BTCUSDT") -> Bar:
    """The bar that closes `minute` minutes after midnight."""
    open_ns = DAY_NS + (minute - 1) * NS_PER_MINUTE
    return Bar(
        symbol=symbol, open_ns=open_ns, interval_ns=NS_PER_MINUTE, open=close, high=close + 1.0, low=close - 1.0,
        close=close, volume=10.0,
    )  # fmt: skip


def position(quantity: str, symbol: str = "BTCUSDT", entry: str = "100") -> Position:
    return Position(
        symbol=symbol, quantity=Decimal(quantity), entry_price=Decimal(entry), opened_ns=DAY_NS,
        mark_price=Decimal(100), entry_fees_quote=Decimal(0),
    )  # fmt: skip


def view(
    minute: int,
    closes: float | Mapping[str, float] = 100.0,
    held: Mapping[str, str] | None = None,
    working: tuple[str, ...] = (),
) -> View:
    """One instant: closes by symbol (BTCUSDT alone when one number), holdings in base units, symbols with orders."""
    prices = closes if isinstance(closes, Mapping) else {"BTCUSDT": closes}
    at_ns = DAY_NS + minute * NS_PER_MINUTE
    account = Account(
        at_ns=at_ns, currency="USDT", cash_quote=Decimal(1000), equity_quote=Decimal(1000),
        peak_equity_quote=Decimal(1000), session_start_equity_quote=Decimal(1000),
        positions={s: position(q, s) for s, q in (held or {}).items()}, working=dict.fromkeys(working, "an-order"),
    )  # fmt: skip
    bars = {symbol: bar(minute, close, symbol) for symbol, close in prices.items()}
    return View(slice=Slice(at_ns=at_ns, session=SESSION, bars=bars), account=account)
