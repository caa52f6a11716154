"""freqtrade: its backtesting class on one futures pair, one leverage, with an exchange object that asks nobody.

Signals at a close are filled at the next open. Its exits by stop and take profit are ratios of the stake, fees in.
Funding is switched off; the wallet is so large that the stake never falls short.
"""

from __future__ import annotations

import importlib.metadata
import logging
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from freqtrade.enums import CandleType, RunMode
from freqtrade.exchange import Exchange
from freqtrade.optimize.backtesting import Backtesting
from freqtrade.strategy import IStrategy
from work import (
    BAND,
    CAPITAL,
    FEE_FRAC,
    MINUTE_S,
    NOTIONAL,
    PERIOD,
    START,
    STOP_FRAC,
    TAKE_FRAC,
    Task,
    Timer,
    task,
    tell,
)

PAIR = "BTC/USDT:USDT"
NEVER = 100.0
FUNDING_EVERY_S = 8 * 3_600


class Work1(IStrategy):
    INTERFACE_VERSION = 3
    timeframe, can_short = "1m", True
    startup_candle_count = 0
    minimal_roi = {"0": NEVER}  # noqa: RUF012
    stoploss = -0.99
    position_adjustment_enable = False

    def populate_indicators(self, dataframe: pd.DataFrame, metadata: dict) -> pd.DataFrame:
        dataframe["mean"] = dataframe["close"].rolling(PERIOD).mean().shift(1)
        return dataframe

    def populate_entry_trend(self, dataframe: pd.DataFrame, metadata: dict) -> pd.DataFrame:
        up, down = self._sides(dataframe)
        dataframe["enter_long"], dataframe["enter_short"] = up.astype(int), down.astype(int)
        return dataframe

    def populate_exit_trend(self, dataframe: pd.DataFrame, metadata: dict) -> pd.DataFrame:
        up, down = self._sides(dataframe)
        dataframe["exit_long"], dataframe["exit_short"] = (~up).astype(int), (~down).astype(int)
        return dataframe

    @staticmethod
    def _sides(frame: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
        return frame["close"] > frame["mean"] * (1.0 + BAND), frame["close"] < frame["mean"] * (1.0 - BAND)


class Work1Stops(Work1):
    minimal_roi = {"0": TAKE_FRAC}  # noqa: RUF012
    stoploss = -STOP_FRAC


def config(folder: str, stops: bool) -> dict[str, Any]:
    price = {"price_side": "same", "use_order_book": False, "price_last_balance": 0.0}
    return {
        "strategy": "Work1Stops" if stops else "Work1",
        "strategy_path": str(Path(__file__).parent),
        "user_data_dir": Path(folder),
        "datadir": Path(folder),
        "exportfilename": Path(folder),
        "export": "none",
        "runmode": RunMode.BACKTEST,
        "timeframe": "1m",
        "stake_currency": "USDT",
        "stake_amount": NOTIONAL,
        "tradable_balance_ratio": 1.0,
        "max_open_trades": 1,
        "dry_run": True,
        "dry_run_wallet": CAPITAL,
        "fee": FEE_FRAC,
        "trading_mode": "futures",
        "margin_mode": "isolated",
        "candle_type_def": CandleType.FUTURES,
        "dataformat_ohlcv": "feather",
        "dataformat_trades": "feather",
        "entry_pricing": price,
        "exit_pricing": price,
        "pairlists": [{"method": "StaticPairList"}],
        "exchange": {"name": "binance", "pair_whitelist": [PAIR], "pair_blacklist": [], "enable_ws": False},
    }


def market() -> dict[str, Any]:
    limits = {"amount": {"min": 1e-8, "max": None}, "cost": {"min": 1e-8, "max": None}}
    return {
        "id": "BTCUSDT", "symbol": PAIR, "base": "BTC", "quote": "USDT", "settle": "USDT", "active": True,
        "spot": False, "swap": True, "future": False, "linear": True, "type": "swap", "contract": True,
        "contractSize": 1.0, "precision": {"price": 1e-8, "amount": 1e-8}, "taker": FEE_FRAC, "maker": FEE_FRAC,
        "limits": {**limits, "price": {"min": None, "max": None}, "leverage": {"min": 1, "max": 100}}, "info": {},
    }  # fmt: skip


def exchange(settings: dict[str, Any]) -> Exchange:
    from freqtrade.exchange import Binance

    class Offline(Binance):
        def reload_markets(self, *_: Any, **__: Any) -> None:
            self._markets = {PAIR: market()}

        def load_leverage_tiers(self) -> dict:
            return {}

        def get_max_leverage(self, *_: Any) -> float:
            return 1.0

        def get_liquidation_price(self, *_: Any, **__: Any) -> None:
            return None

        def get_maintenance_ratio_and_amt(self, *_: Any) -> tuple[float, None]:
            return 0.0, None

        def calculate_funding_fees(self, *_: Any, **__: Any) -> float:
            return 0.0

    there = Offline(settings, validate=False, load_leverage_tiers=False)
    there.reload_markets()
    return there


def frame(work: Task) -> pd.DataFrame:
    dates = pd.date_range(START, periods=len(work.rows), freq="1min", tz="UTC")
    return pd.DataFrame({"date": dates, **{n: work.column(n) for n in ("open", "high", "low", "close", "volume")}})


def main() -> None:
    warnings.filterwarnings("ignore")
    logging.disable(logging.CRITICAL)
    work = task()
    with tempfile.TemporaryDirectory() as folder:
        settings = config(folder, work.stops)
        bench = Backtesting(settings, exchange(settings))
        bench._set_strategy(bench.strategylist[0])
        bars = frame(work)
        bench.funding_fee_timeframe_secs = FUNDING_EVERY_S
        bench.futures_data = {PAIR: pd.DataFrame()}
        with Timer() as timer:
            processed = bench.strategy.advise_all_indicators({PAIR: bars})
            found = bench.backtest(
                processed=processed, start_date=bars["date"].iloc[0], end_date=bars["date"].iloc[-1]
            )["results"]
    start, minute = pd.Timestamp(START, tz="UTC"), pd.Timedelta(seconds=MINUTE_S)
    rows = [((found[name] - start) // minute).to_numpy() for name in ("open_date", "close_date")]
    side = np.where(found["is_short"], -1, 1)
    kept = (found["exit_reason"] != "force_exit").to_numpy()
    trips = np.column_stack([*rows, side])[kept]
    equity = CAPITAL + found["profit_abs"].sum()
    tell(work, importlib.metadata.version("freqtrade"), timer.seconds, equity, trips)


if __name__ == "__main__":
    main()
