"""zipline-reloaded: minutes from memory, orders filled at the next minute's open, 24/7 calendar, default metrics.

Its shares are whole: prices are scaled down and sizes up. It has no stops within a bar.
"""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import create_engine
from work import CAPITAL, FEE_FRAC, MINUTE_S, NOTIONAL, START, START_S, Mean, Task, Timer, task, tell

warnings.filterwarnings("ignore")

import zipline  # noqa: E402
from zipline.algorithm import TradingAlgorithm  # noqa: E402
from zipline.api import order, set_commission, set_slippage, sid  # noqa: E402
from zipline.assets import AssetDBWriter, AssetFinder  # noqa: E402
from zipline.data.bar_reader import NoDataOnDate  # noqa: E402
from zipline.data.data_portal import DataPortal  # noqa: E402
from zipline.data.resample import MinuteResampleSessionBarReader  # noqa: E402
from zipline.finance import metrics  # noqa: E402
from zipline.finance.commission import PerDollar  # noqa: E402
from zipline.finance.slippage import SlippageModel  # noqa: E402
from zipline.finance.trading import SimulationParameters  # noqa: E402
from zipline.utils.calendar_utils import get_calendar  # noqa: E402

SCALE = 1e-6
NS = 1_000_000_000
MINUTES_A_DAY = 1_440


class Minutes:
    """The tape as zipline's minute reader: one asset, sid 0."""

    data_frequency = "minute"

    def __init__(self, work: Task, calendar: Any) -> None:
        self.trading_calendar = calendar
        self._columns = {name: work.column(name) * SCALE for name in ("open", "high", "low", "close")}
        self._columns["volume"] = work.column("volume") / SCALE
        self._last = len(work.rows) - 1
        self.first_trading_day = pd.Timestamp(START)
        self.last_available_dt = pd.Timestamp((START_S + MINUTE_S * self._last) * NS, tz="UTC")

    def get_value(self, _: int, dt: pd.Timestamp, field: str) -> float:
        row = (dt.value // NS - START_S) // MINUTE_S
        if not 0 <= row <= self._last:
            raise NoDataOnDate
        return self._columns[field][row]

    def get_last_traded_dt(self, _: Any, dt: pd.Timestamp) -> pd.Timestamp:
        return min(dt, self.last_available_dt)

    def load_raw_arrays(self, fields: list[str], start: Any, end: Any, assets: Any) -> list[np.ndarray]:
        first, last = ((t.value // NS - START_S) // MINUTE_S for t in (start, end))
        return [self._columns[field][first : last + 1].reshape(-1, 1) for field in fields]


class NextOpen(SlippageModel):
    """Everything, at the open of the bar after the decision."""

    def process_order(self, data: Any, order: Any) -> tuple[float, int]:
        return data.current(order.asset, "open"), order.amount


class Work1:
    """The strategy, and the fills it sees in its own account."""

    def __init__(self) -> None:
        self.mean, self.held, self.row, self.entry, self.calls = Mean(), 0, -1, 0, 0
        self.trips: list[tuple[int, int, int]] = []

    def initialize(self, context: Any) -> None:
        self.asset = sid(0)
        set_slippage(NextOpen())
        set_commission(PerDollar(cost=FEE_FRAC))

    def handle_data(self, context: Any, data: Any) -> None:
        self.calls += 1
        self.row = (data.current_dt.value // NS - START_S) // MINUTE_S if self.row < 0 else self.row + 1
        close = data.current(self.asset, "close")
        wanted = self.mean.direction(close)
        if wanted == self.held:
            return
        amount = context.portfolio.positions[self.asset].amount if self.held else 0
        if self.held:
            self.trips.append((self.entry, self.row + 1, self.held))
        if amount:
            order(self.asset, -amount)
        if wanted:
            order(self.asset, wanted * round(NOTIONAL / close))
            self.entry = self.row + 1
        self.held = wanted


def finder(folder: str, calendar: Any, end: pd.Timestamp) -> AssetFinder:
    engine = create_engine(f"sqlite:///{Path(folder) / 'assets.db'}")
    start = pd.Timestamp(START)
    equities = pd.DataFrame(
        {"symbol": ["WORK"], "asset_name": ["WORK"], "start_date": [start], "end_date": [end], "exchange": ["SIM"]},
        index=[0],
    )
    exchanges = pd.DataFrame({"exchange": ["SIM"], "canonical_name": ["SIM"], "country_code": ["US"]})
    AssetDBWriter(engine).write(equities=equities, exchanges=exchanges)
    return AssetFinder(engine)


def algorithm(work: Task, strategy: Work1, folder: str) -> TradingAlgorithm:
    calendar = get_calendar("24/7", start=START, end="2026-03-01")
    minutes = Minutes(work, calendar)
    end = pd.Timestamp(START) + pd.Timedelta(days=len(work.rows) // MINUTES_A_DAY - 1)
    portal = DataPortal(
        finder(folder, calendar, end + pd.Timedelta(days=30)),
        trading_calendar=calendar,
        first_trading_day=minutes.first_trading_day,
        equity_minute_reader=minutes,
        equity_daily_reader=MinuteResampleSessionBarReader(calendar, minutes),
    )
    days = calendar.sessions_in_range(pd.Timestamp(START), end)
    return TradingAlgorithm(
        sim_params=SimulationParameters(
            pd.Timestamp(START), end, calendar, capital_base=CAPITAL, data_frequency="minute"
        ),
        data_portal=portal,
        trading_calendar=calendar,
        metrics_set=metrics.load("default"),
        benchmark_returns=pd.Series(0.0, index=days),
        initialize=strategy.initialize,
        handle_data=strategy.handle_data,
    )


def main() -> None:
    work = task()
    if work.stops:
        raise SystemExit("zipline has no stops within a bar")
    strategy = Work1()
    with tempfile.TemporaryDirectory() as folder:
        algo = algorithm(work, strategy, folder)
        with Timer() as timer:
            found = algo.run()
    trips = [trip for trip in strategy.trips if trip[1] <= strategy.row]
    tell(work, zipline.__version__, timer.seconds, found["portfolio_value"].iloc[-1], trips, bars=strategy.calls)


if __name__ == "__main__":
    main()
