"""What would the gates say to this order, now? Nothing is sent, nothing is remembered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any, Literal

from annotated_doc import Doc
from annotated_types import Ge, Gt, MinLen

from rung.domain.account import Account, Position
from rung.domain.bar import Bar
from rung.domain.clock import NS_PER_MINUTE
from rung.domain.instrument import AssetClass, Instrument
from rung.domain.order import Order, OrderKind, Side
from rung.domain.session import Session
from rung.domain.slice import Slice
from rung.domain.target import Action, Protection
from rung.domain.view import View


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldPosition:
    """A position the account has."""

    quantity: Annotated[Decimal, Doc("base units, signed")]
    mark_price: Annotated[Decimal, Gt(0), Doc("last known price")]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountNow:
    """The account the order is for; left out, it is the one that --account last had."""

    equity_quote: Annotated[Decimal, Doc("marked to market")]
    start_equity_quote: Annotated[Decimal | None, Gt(0), Doc("what it began with, for the equity floor")] = None
    currency: Annotated[str, Doc("quote currency")] = "USD"
    positions: Annotated[Mapping[str, HeldPosition], Doc("by symbol")] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketNow:
    """The bar the order is decided on; without it every gate that needs one refuses."""

    open: Annotated[float, Doc("of the bar that just closed")]
    high: Annotated[float, Doc("of that bar")]
    low: Annotated[float, Doc("of that bar")]
    close: Annotated[float, Doc("of that bar")]
    volume: Annotated[float, Doc("of that bar, base units")]
    minutes_since_open: Annotated[int | None, Ge(0), Doc("of the session; 60 when it is not said")] = None
    minutes_to_close: Annotated[int | None, Ge(0), Doc("of the session; 330 when it is not said")] = None

    @property
    def says_session(self) -> bool:
        return self.minutes_since_open is not None and self.minutes_to_close is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentNow:
    """The steps and the class of what is traded; left out, a share of a US exchange."""

    asset_class: Annotated[AssetClass, Doc("what kind of thing it is")] = AssetClass.EQUITY
    tick_size: Annotated[Decimal, Gt(0), Doc("smallest price step")] = Decimal("0.01")
    lot_size: Annotated[Decimal, Gt(0), Doc("smallest quantity step")] = Decimal(1)
    min_notional: Annotated[Decimal, Ge(0), Doc("least order value")] = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderQuestion:
    """An order file: the order, and what is to be assumed about account and market."""

    symbol: Annotated[str, MinLen(1), Doc("what to trade")]
    side: Annotated[Side, Doc("which way")]
    quantity: Annotated[Decimal, Doc("base units")]
    reference_price: Annotated[Decimal, Doc("the close the decision was made on")]
    kind: Annotated[Literal["MARKET", "LIMIT"], Doc("how")] = "MARKET"
    limit_price: Annotated[Decimal | None, Doc("for LIMIT")] = None
    stop_frac: Annotated[float | None, Doc("stop distance, fraction of the entry price")] = None
    take_profit_frac: Annotated[float | None, Doc("target distance, fraction of the entry price")] = None
    leverage: Annotated[Decimal, Doc("borrowed multiple")] = Decimal(1)
    reduce_only: Annotated[bool, Doc("can only make the position smaller")] = False
    strategy: Annotated[str, Doc("who wants it")] = "manual"
    account: Annotated[AccountNow | None, Doc("the account")] = None
    market: Annotated[MarketNow | None, Doc("the bar")] = None
    instrument: Annotated[InstrumentNow, Doc("what is traded")] = field(default_factory=InstrumentNow)

    def order(self, at_ns: int) -> Order:
        """The order as it would be sent; its id is used nowhere else."""
        return Order(
            order_id=f"check-{at_ns}",
            at_ns=at_ns,
            symbol=self.symbol,
            side=self.side,
            kind=OrderKind(self.kind),
            quantity=self.quantity,
            reference_price=self.reference_price,
            reduce_only=self.reduce_only,
            action=Action.EXIT if self.reduce_only else Action.ENTER_LONG,
            reason="rung risk check",
            strategy=self.strategy,
            limit_price=self.limit_price,
            protection=Protection(stop_frac=self.stop_frac, take_profit_frac=self.take_profit_frac),
            leverage=self.leverage,
        )

    def view(self, at_ns: int, account: AccountNow) -> View:
        """The slice and the account the gates look at."""
        market = self.market
        since = 60 if market is None or market.minutes_since_open is None else market.minutes_since_open
        left = 330 if market is None or market.minutes_to_close is None else market.minutes_to_close
        session = Session(date="now", open_ns=at_ns - since * NS_PER_MINUTE, close_ns=at_ns + left * NS_PER_MINUTE)
        bars = {} if market is None else {self.symbol: _bar(self.symbol, market, at_ns)}
        return View(slice=Slice(at_ns=at_ns, session=session, bars=bars), account=_account(account, at_ns))

    def instruments(self) -> Mapping[str, Instrument]:
        """The one instrument of the order."""
        return {
            self.symbol: Instrument(
                symbol=self.symbol,
                venue="the venue",
                asset_class=self.instrument.asset_class,
                quote_currency="USD",
                tick_size=self.instrument.tick_size,
                lot_size=self.instrument.lot_size,
                min_notional=self.instrument.min_notional,
            )
        }


def account_of(snapshot: Mapping[str, Any]) -> AccountNow:
    """The account as a desk last left it in its risk file."""
    return AccountNow(
        equity_quote=Decimal(snapshot["equity_quote"]),
        currency=snapshot["currency"],
        positions={
            symbol: HeldPosition(quantity=Decimal(held["quantity"]), mark_price=Decimal(held["mark_price"]))
            for symbol, held in snapshot["positions"].items()
        },
    )


def _account(given: AccountNow, at_ns: int) -> Account:
    equity = given.equity_quote
    return Account(
        at_ns=at_ns,
        currency=given.currency,
        cash_quote=equity,
        equity_quote=equity,
        peak_equity_quote=equity,
        session_start_equity_quote=equity,
        positions={
            symbol: Position(
                symbol=symbol,
                quantity=held.quantity,
                entry_price=held.mark_price,
                opened_ns=at_ns,
                mark_price=held.mark_price,
                entry_fees_quote=Decimal(0),
            )
            for symbol, held in given.positions.items()
        },
        working={},
    )


def _bar(symbol: str, market: MarketNow, at_ns: int) -> Bar:
    return Bar(
        symbol=symbol,
        open_ns=at_ns - NS_PER_MINUTE,
        interval_ns=NS_PER_MINUTE,
        open=market.open,
        high=market.high,
        low=market.low,
        close=market.close,
        volume=market.volume,
    )
