"""NautilusTrader: one venue, bars only, market orders that fill at the close they were decided on.

On this tape that close is the next open. HEDGING, because NETTING looks through all orders ever sent at every fill.
--patched replaces `PortfolioAnalyzer.record_trade`, which appends to a pandas Series at every closed position.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import nautilus_trader
import numpy as np
from nautilus_trader.analysis.analyzer import PortfolioAnalyzer
from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.config import LoggingConfig
from nautilus_trader.model.currencies import BTC, USDT
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import CurrencyPair
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.trading.strategy import Strategy
from work import CAPITAL, FEE_FRAC, MINUTE_S, NOTIONAL, START_S, STOP_FRAC, TAKE_FRAC, Mean, Task, Timer, task, tell

NS = 1_000_000_000
VENUE = Venue("SIM")
PRICE_DIGITS, SIZE_DIGITS = 4, 5


def instrument() -> CurrencyPair:
    fee = Decimal(str(FEE_FRAC))
    return CurrencyPair(
        instrument_id=InstrumentId(Symbol("WORK"), VENUE), raw_symbol=Symbol("WORK"), base_currency=BTC,
        quote_currency=USDT, price_precision=PRICE_DIGITS, size_precision=SIZE_DIGITS,
        price_increment=Price(1e-4, PRICE_DIGITS), size_increment=Quantity(1e-5, SIZE_DIGITS), ts_event=0, ts_init=0,
        margin_init=Decimal(0), margin_maint=Decimal(0), maker_fee=fee, taker_fee=fee,
    )  # fmt: skip


class Work1(Strategy):
    def __init__(self, pair: CurrencyPair, bars: BarType, stops: bool) -> None:
        super().__init__()
        self.pair, self.bars, self.stops = pair, bars, stops
        self.mean, self.held, self.leaving = Mean(), 0, False
        self.guards, self.position_id = (), None
        self.trips: list[tuple[int, int, int]] = []

    def on_start(self) -> None:
        self.subscribe_bars(self.bars)

    def on_bar(self, bar: Bar) -> None:
        close = bar.close.as_double()
        wanted = self.mean.direction(close)
        if wanted == self.held:
            return
        self.leaving = self.held != 0
        if self.leaving:
            for order in map(self.cache.order, self.guards):
                if order.is_open:
                    self.cancel_order(order)
            self.close_position(self.cache.position(self.position_id))
        if wanted:
            self._open(wanted, close)

    def _open(self, wanted: int, close: float) -> None:
        side = OrderSide.BUY if wanted > 0 else OrderSide.SELL
        size = Quantity(NOTIONAL / close, SIZE_DIGITS)
        if not self.stops:
            self.submit_order(self.order_factory.market(self.pair.id, side, size))
            return
        stop, take = close * (1.0 - STOP_FRAC * wanted), close * (1.0 + TAKE_FRAC * wanted)
        bracket = self.order_factory.bracket(
            instrument_id=self.pair.id,
            order_side=side,
            quantity=size,
            sl_trigger_price=Price(stop, PRICE_DIGITS),
            tp_price=Price(take, PRICE_DIGITS),
        )
        self.guards = tuple(order.client_order_id for order in bracket.orders[1:])
        self.submit_order_list(bracket)

    def on_position_opened(self, event: Any) -> None:
        self.position_id = event.position_id
        self.held = 1 if event.entry == OrderSide.BUY else -1

    def on_position_closed(self, event: Any) -> None:
        self.held = 0
        within = 0 if self.leaving else 1  # a stop fills within the bar and is stamped with its close
        side = 1 if event.entry == OrderSide.BUY else -1
        rows = [(ns // NS - START_S) // MINUTE_S for ns in (event.ts_opened, event.ts_closed)]
        self.trips.append((rows[0], rows[1] - within, side))


def engine_of(work: Task) -> tuple[BacktestEngine, Work1]:
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
    engine.add_venue(
        VENUE, oms_type=OmsType.HEDGING, account_type=AccountType.MARGIN, base_currency=None,
        starting_balances=[Money(CAPITAL, USDT)],
    )  # fmt: skip
    pair = instrument()
    engine.add_instrument(pair)
    kind = BarType.from_str(f"{pair.id}-1-MINUTE-LAST-EXTERNAL")
    closes_ns = ((work.stamps_s() + MINUTE_S) * NS).astype(np.uint64)
    columns = [work.column(name) for name in ("open", "high", "low", "close", "volume")]
    engine.add_data(Bar.from_raw_arrays_to_list(kind, PRICE_DIGITS, SIZE_DIGITS, *columns, closes_ns, closes_ns.copy()))
    strategy = Work1(pair, kind, work.stops)
    engine.add_strategy(strategy)
    return engine, strategy


def main() -> None:
    work = task("--patched")
    if work.extra.patched:
        PortfolioAnalyzer.record_trade = lambda *_, **__: None
    engine, strategy = engine_of(work)
    with Timer() as timer:
        engine.run()
    pair = strategy.pair
    open_quote = sum(
        float(p.unrealized_pnl(Price(float(work.column("close")[-1]), PRICE_DIGITS)))
        for p in engine.cache.positions_open(instrument_id=pair.id)
    )
    equity = engine.portfolio.account(VENUE).balance_total(USDT).as_double() + open_quote
    trips = sorted(strategy.trips)
    tell(work, nautilus_trader.__version__, timer.seconds, equity, trips)


if __name__ == "__main__":
    main()
