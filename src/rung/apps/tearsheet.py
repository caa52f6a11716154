"""A finished backtest → the sheet its page, its text and its JSON are drawn from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import rung
from rung.apps.backtest_box import OutOfSample, honesty_box
from rung.apps.backtest_figures import figure_groups, too_few_words
from rung.apps.cli.output import jsonable
from rung.lab.metrics import rolling_sharpe
from rung.lab.result import BacktestResult, Identity
from rung.reports.sheet.content import Curve, Group, Rolling, Sheet, Surface, TradeList, TradeRow

if TYPE_CHECKING:
    import polars as pl

TRADES_FILE = "trades.csv"
TRADE_COSTS = ("fees", "slippage", "funding", "borrow", "liquidation_fee")
MOST_TRADES = 500
SHORT_WINDOW, LONG_WINDOW = 30, 90
LONG_RECORD_DAYS = 365
MINUTE = "%Y-%m-%d %H:%M"


def tearsheet(result: BacktestResult, *, after: OutOfSample | None = None, surface: Surface | None = None) -> Sheet:
    """Everything a sheet shows.

    after : daily returns nobody chose on, beside which the run stands as in sample.   surface : what a sweep of the
    same strategy found, `surface_of` its frame.
    """
    identity, groups = result.identity, figure_groups(result)
    plain = jsonable(identity)
    assert isinstance(plain, dict)  # noqa: S101 (a dataclass is a mapping in JSON)
    return Sheet(
        strategy=identity.strategy,
        origin=identity.origin,
        symbols=identity.symbols,
        start=identity.start,
        end=identity.end,
        currency=identity.currency,
        synthetic=identity.synthetic,
        identity=plain,
        parameters=tuple((name, str(value)) for name, value in identity.parameters.items()),
        costs=identity.costs,
        ids=_ids(identity),
        groups=groups,
        honest=result.honesty,
        box=honesty_box(result, after),
        curve=_curve(result.equity, result.hold),
        daily=tuple(result.daily.iter_rows()),
        rolling=_rolling(result),
        waterfall=_waterfall(groups),
        trades=_trades(result.trades),
        surface=surface,
        refused=result.figures.refused,
        doubts=identity.warnings,
        notes=(*((result.advice,) if result.advice else ()), *result.notes),
    )


def _ids(identity: Identity) -> tuple[tuple[str, str], ...]:
    return (
        ("Strategy", f"{identity.origin}, {identity.strategy_id}"),
        ("Costs", identity.costs_id),
        ("Limits", identity.limits_id),
        *((f"Tape {symbol}", tape_id) for symbol, tape_id in identity.tape_ids.items()),
        *((f"Funding {symbol}", funding_id) for symbol, funding_id in identity.funding_ids.items()),
        ("Calendar", f"{identity.calendar}, {identity.periods_per_year} days a year"),
        ("Code", rung.__version__),
    )


def _curve(equity: pl.DataFrame, hold: pl.DataFrame) -> Curve:
    return Curve(
        at_ns=equity["at"].to_physical().to_numpy(),
        equity_quote=equity["equity"].to_numpy(),
        hold_quote=hold["equity"].to_numpy(),
        gross_quote=equity["gross"].to_numpy(),
    )


def _rolling(result: BacktestResult) -> Rolling:
    daily = result.daily
    window = SHORT_WINDOW if len(daily) <= LONG_RECORD_DAYS else LONG_WINDOW
    missing = too_few_words(len(daily), window + 1)
    if missing:
        return Rolling(window=window, missing=missing)
    row = daily["return_frac"].to_numpy()
    found = rolling_sharpe(row, window, result.identity.periods_per_year)
    return Rolling(
        window=window,
        dates=tuple(daily["date"][window - 1 :]),
        ratio=tuple(None if ratio is None else round(ratio.annual, 4) for ratio in found),
        low=tuple(None if ratio is None else round(ratio.interval.low, 4) for ratio in found),
        high=tuple(None if ratio is None else round(ratio.interval.high, 4) for ratio in found),
    )


def _waterfall(groups: tuple[Group, ...]) -> tuple[tuple[str, float], ...]:
    """Gross, each cost that was charged, net: the amounts of the figures, so that they add up."""
    values = {figure.key: figure.value for group in groups for figure in group.figures}
    costs = (("fees_quote", "fees"), ("slippage_quote", "slippage"), ("funding_quote", "funding"),
             ("borrow_quote", "borrow"), ("liquidation_fees_quote", "liquidation"))  # fmt: skip
    charged = [(name, -float(value)) for key, name in costs if (value := values[key]) is not None]
    return (
        ("before costs", float(values["before_costs_quote"] or 0)),
        *charged,
        ("after costs", float(values["net_quote"] or 0)),
    )


def _trades(trades: pl.DataFrame) -> TradeList:
    shown = trades.head(MOST_TRADES).iter_rows(named=True)
    rows = tuple(
        TradeRow(
            symbol=row["symbol"],
            side=row["side"],
            opened=row["opened"].strftime(MINUTE),
            closed=row["closed"].strftime(MINUTE),
            bars=row["bars"],
            entry_price=row["entry_price"],
            exit_price=row["exit_price"],
            return_frac=row["return_frac"],
            pnl_quote=row["pnl"],
            costs_quote=sum(row[name] for name in TRADE_COSTS),
            trigger=row["trigger"].replace("_", " ").lower(),
            why=f"{row['entry_reason']} / {row['exit_reason']}",
        )
        for row in shown
    )
    returns = np.asarray(trades["return_frac"].to_numpy(), dtype=np.float64)
    return TradeList(rows=rows, count=len(trades), returns_frac=returns, file=TRADES_FILE)
