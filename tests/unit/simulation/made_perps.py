"""A stage for perpetuals and short spot: UTC days, bars of any length, no costs unless a test asks for them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tests.unit.simulation.made import cap, slippage

from rung.domain.bar import Bar
from rung.domain.charge import Charge, ChargeKind
from rung.domain.clock import NS_PER_MINUTE
from rung.domain.fill import Fill
from rung.domain.funding import FundingHistory, FundingInstant
from rung.domain.instrument import AssetClass, Instrument, PerpetualTerms, margin_tier
from rung.domain.order import Order, OrderKind, Side
from rung.domain.session import Session
from rung.domain.slice import Slice
from rung.domain.target import Action
from rung.domain.verdicts import Approved
from rung.ledger.ledger import Ledger
from rung.simulation.borrow import HourlyBorrow
from rung.simulation.fees import FlatBpsFees
from rung.simulation.financed import FinancedVenue, Financing, TradeModels
from rung.simulation.funding import RecordedFunding
from rung.simulation.latency import FixedLatency
from rung.simulation.margin import MarginAccount
from rung.simulation.params import BorrowParams, MarginParams

D = Decimal
BTC, ETH, COIN = "BTCUSDT", "ETHUSDT", "BTC"
USUAL = {BTC: D(50_000), ETH: D(2_500), COIN: D(100)}
DAY_NS = 86_400_000_000_000
HOUR_NS = 3_600_000_000_000
START_NS = 20_300 * DAY_NS  # 2025-07-31 00:00 UTC
TERMS = PerpetualTerms(
    contract_value_base=D(1),
    funding_interval_ns=8 * HOUR_NS,
    tiers=(margin_tier("0", "0.005", "100"), margin_tier("100000", "0.01", "50")),
)


def perpetual(symbol: str = BTC, terms: PerpetualTerms | None = TERMS) -> Instrument:
    return Instrument(
        symbol=symbol, venue="test", asset_class=AssetClass.CRYPTO_PERP, quote_currency="USDT",
        tick_size=D("0.1"), lot_size=D("0.001"), min_notional=D(5), perpetual=terms,
    )  # fmt: skip


def coin(symbol: str = COIN) -> Instrument:
    return Instrument(
        symbol=symbol, venue="test", asset_class=AssetClass.CRYPTO_SPOT, quote_currency="USDT",
        tick_size=D("0.1"), lot_size=D("0.001"), min_notional=D(5),
    )  # fmt: skip


def history(
    symbol: str = BTC, rates: tuple[str, ...] = ("0",) * 30, marks: Mapping[int, str] | None = None, **changes: Any
) -> FundingHistory:
    """Rates every eight hours from the start; `marks` gives some of them a mark price."""
    known = {i: D(price) for i, price in (marks or {}).items()}
    instants = tuple(
        FundingInstant(at_ns=START_NS + i * 8 * HOUR_NS, rate=D(rate), mark_price=known.get(i))
        for i, rate in enumerate(rates)
    )
    given: dict[str, Any] = {"symbol": symbol, "interval_ns": 8 * HOUR_NS, "instants": instants, "source": "a test"}
    return FundingHistory(**{**given, **changes})


def models(taker_bps: str = "0", maker_bps: str = "0", half_spread: str = "0") -> TradeModels:
    return TradeModels(
        fees=FlatBpsFees(maker_bps=D(maker_bps), taker_bps=D(taker_bps)),
        slippage=slippage("0", half_spread, "0"),
        liquidity=cap(),
        latency=FixedLatency(),
    )


class PerpStage:
    """A financed venue, the ledger a desk would keep beside it, and a tape that grows by a slice per call."""

    def __init__(
        self,
        capital: str = "1000",
        rates: Mapping[str, FundingHistory] | None = None,
        *,
        kind: type[FinancedVenue] = FinancedVenue,
        terms: PerpetualTerms = TERMS,
        minutes: int = 1,
        taker_bps: str = "0",
        maker_bps: str = "0",
        half_spread: str = "0",
        fee_bps: str = "0",
        collateral: str = "0",
        borrow_bps: str = "0",
    ) -> None:
        self.step_ns = minutes * NS_PER_MINUTE
        self.now_ns = START_NS
        self.count = 0
        self.charges: list[Charge] = []
        self.fills: list[Fill] = []
        self.margin = MarginAccount(
            D(capital), MarginParams(liquidation_fee_bps=D(fee_bps), spot_collateral_frac=D(collateral))
        )
        known = rates if rates is not None else {BTC: history(BTC), ETH: history(ETH)}
        self.venue = kind(
            models=models(taker_bps, maker_bps, half_spread),
            financing=Financing(
                funding=RecordedFunding(known),
                borrow=HourlyBorrow(BorrowParams(annual_bps=D(borrow_bps))),
                margin=self.margin,
            ),
            instruments={BTC: perpetual(BTC, terms), ETH: perpetual(ETH, terms), COIN: coin()},
        )
        self.ledger = Ledger("USDT", D(capital), margined=(BTC, ETH))

    def slice(self, **bars: tuple[float, ...] | float | None) -> tuple[Fill, ...]:
        """One more slice: per symbol a price or (open, high, low, close[, volume]); symbols left out have no bar."""
        made = {symbol: self._bar(symbol, prices) for symbol, prices in bars.items() if prices is not None}
        self.now_ns += self.step_ns
        day = (self.now_ns - 1) // DAY_NS
        session = Session(date=f"day {day}", open_ns=day * DAY_NS, close_ns=(day + 1) * DAY_NS)
        fills = self.venue.advance(Slice(at_ns=self.now_ns, session=session, bars=made))
        for fill in fills:
            self.ledger.book(fill)
        for charge in self.venue.charges():
            self.ledger.charge(charge)
        for bar in made.values():
            self.ledger.mark(bar.symbol, bar.close)
        self.fills += fills
        self.charges += self.venue.charges()
        return fills

    def _bar(self, symbol: str, prices: tuple[float, ...] | float) -> Bar:
        given = prices if isinstance(prices, tuple) else (prices,) * 4
        o, h, low, c, volume = (*given, 1e6)[:5]
        return Bar(
            symbol=symbol,
            open_ns=self.now_ns,
            interval_ns=self.step_ns,
            open=o,
            high=h,
            low=low,
            close=c,
            volume=volume,
        )

    def send(self, quantity: str, symbol: str = BTC, **changes: Any) -> str:
        """Buy (> 0) or sell (< 0)."""
        self.count += 1
        amount = D(quantity)
        given: dict[str, Any] = {
            "order_id": f"o{self.count}",
            "at_ns": self.now_ns,
            "symbol": symbol,
            "side": Side.BUY if amount > 0 else Side.SELL,
            "kind": OrderKind.LIMIT if "limit_price" in changes else OrderKind.MARKET,
            "quantity": abs(amount),
            "reference_price": USUAL[symbol],
            "reduce_only": False,
            "action": Action.ENTER_LONG if amount > 0 else Action.ENTER_SHORT,
            "reason": "a test",
            "strategy": "tests",
        }
        order = Order(**{**given, **changes})
        self.venue.submit(Approved(order, order.at_ns))
        return order.order_id

    def paid(self, kind: ChargeKind = ChargeKind.FUNDING) -> Decimal:
        return sum((charge.amount_quote for charge in self.charges if charge.kind is kind), D(0))
