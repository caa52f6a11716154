"""RunRecord → the numbers the page's charts are drawn from, small enough to embed.

Times are whole minutes since the session's open. Long runs are thinned: coarser candles, one curve point per bucket
(last equity, deepest drawdown), never a changed figure elsewhere on the page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from rung.domain.clock import NS_PER_MINUTE
from rung.domain.target import Lean
from rung.reports.figures import RunMetrics
from rung.reports.info import RunInfo
from rung.reports.legs import Leg
from rung.reports.record import Candles, DayRecord, Floats, RunRecord, Stamps

MAX_CANDLES = 80_000
MAX_CURVE_POINTS = 6_000
WIDTHS_MINUTES = (1, 5, 15, 30, 60, 240)


def drawing(record: RunRecord, metrics: RunMetrics, info: RunInfo) -> dict[str, Any]:
    """Everything the script of the page reads, as plain values."""
    width = candle_minutes(record)
    zone = ZoneInfo(info.time_zone)
    return {
        "currency": info.currency,
        "candleMinutes": width,
        "days": [_day(day, zone, width) for day in record.days],
        "curve": _curve(record),
        "symbols": [s.symbol for s in metrics.symbols] or list(info.symbols),
        "waterfall": [
            ["before costs", float(metrics.costs.gross_quote)],
            ["slippage", -float(metrics.costs.slippage_quote)],
            ["fees", -float(metrics.costs.fees_quote)],
            ["after costs", float(metrics.costs.net_quote)],
        ],
        "daily": [round(d.return_frac * 100, 4) for d in metrics.days],
        "total": round(metrics.returns.total_frac * 100, 4),
        "baselines": [
            {"name": b.name, "returns": [round(r * 100, 4) for r in b.total_returns_frac]} for b in metrics.shuffled
        ],
        "hold": None if metrics.buy_and_hold is None else round(metrics.buy_and_hold.equal_weight_frac * 100, 4),
    }


def candle_minutes(record: RunRecord) -> int:
    """The finest candle width that keeps the page small."""
    minutes = sum(len(c.open_ns) for day in record.days for c in day.candles.values())
    return next((w for w in WIDTHS_MINUTES if minutes / w <= MAX_CANDLES), WIDTHS_MINUTES[-1])


def _day(day: DayRecord, zone: ZoneInfo, width: int) -> dict[str, Any]:
    opened = datetime.fromtimestamp(day.open_ns / 1e9, zone)
    at = _minutes(day.at_ns, day.open_ns)
    bucket = _bucket(at - 1, width)
    return {
        "date": day.date,
        "opens": opened.hour * 60 + opened.minute,
        "minutes": (day.close_ns - day.open_ns) // NS_PER_MINUTE,
        "t": _last(at, bucket).tolist(),
        "exposure": _rounded(_last(day.exposure_frac, bucket) * 100, 1),
        "confidence": [_rounded(_last(day.confidence_mean, bucket), 3), _rounded(_last(day.confidence_max, bucket), 3)],
        "strength": [_rounded(_last(day.strength_mean, bucket), 4), _rounded(_last(day.strength_max, bucket), 4)],
        "candles": {symbol: _candles(c, day.open_ns, width) for symbol, c in day.candles.items()},
        "legs": _legs_by_symbol(day),
        "bridges": _bridges(day),
    }


def _candles(candles: Candles, open_ns: int, width: int) -> list[list[float]]:
    """[t, open, high, low, close], each a column; t is where the candle begins."""
    minute = _minutes(candles.open_ns, open_ns)
    bucket = _bucket(minute, width)
    first = np.flatnonzero(np.diff(bucket, prepend=bucket[0] - 1))
    return [
        (bucket[first] * width).tolist(),
        _rounded(candles.open[first], 4),
        _rounded(np.maximum.reduceat(candles.high, first), 4),
        _rounded(np.minimum.reduceat(candles.low, first), 4),
        _rounded(_last(candles.close, bucket), 4),
    ]


def _legs_by_symbol(day: DayRecord) -> dict[str, list[list[Any]]]:
    """{symbol: [[t, price, entry?, long?, shares, pnl, bars held, decision, reason], …]}."""
    rows: dict[str, list[list[Any]]] = {}
    for leg in day.legs:
        rows.setdefault(leg.symbol, []).append(
            [
                _minute(leg.at_ns, day.open_ns),
                float(leg.price),
                int(leg.entry),
                int(leg.direction is Lean.LONG),
                float(leg.shares),
                None if leg.pnl_quote is None else round(float(leg.pnl_quote), 2),
                leg.bars_held,
                leg.action.value,
                leg.reason,
            ]
        )
    return rows


def _bridges(day: DayRecord) -> dict[str, list[list[float]]]:
    """{symbol: [[t, price, t, price, pnl], …]}: from the newest entry to each exit of the same session."""
    rows: dict[str, list[list[float]]] = {}
    entries: dict[str, Leg] = {}
    for leg in day.legs:
        if leg.entry:
            entries[leg.symbol] = leg
        elif leg.symbol in entries and leg.pnl_quote is not None:
            entry = entries[leg.symbol]
            ends = [_minute(entry.at_ns, day.open_ns), float(entry.price), _minute(leg.at_ns, day.open_ns)]
            rows.setdefault(leg.symbol, []).append([*ends, float(leg.price), round(float(leg.pnl_quote), 2)])
    return rows


def _curve(record: RunRecord) -> Mapping[str, Any]:
    """Equity, drawdown from the run's peak (percent) and where each session begins, thinned to whole buckets."""
    width = 1 + sum(len(day.at_ns) for day in record.days) // MAX_CURVE_POINTS
    equity = np.concatenate([day.equity_quote for day in record.days])
    start = float(record.days[0].start_equity_quote)
    peak = np.maximum(np.maximum.accumulate(equity), start)
    fall = np.where(peak > 0, (equity / peak - 1) * 100, 0.0)
    columns: dict[str, list[Any]] = {"t": [], "equity": [], "fall": [], "starts": []}
    done = 0
    for day in record.days:
        own = slice(done, done + len(day.at_ns))
        done = own.stop
        bucket = np.arange(len(day.at_ns)) // width
        first = np.flatnonzero(np.diff(bucket, prepend=-1))
        columns["starts"].append(len(columns["t"]))
        columns["t"] += _last(_minutes(day.at_ns, day.open_ns), bucket).tolist()
        columns["equity"] += _rounded(_last(equity[own], bucket), 2)
        columns["fall"] += _rounded(np.minimum.reduceat(fall[own], first), 3)
    return {"start": start, **columns}


def _minute(at_ns: int, open_ns: int) -> int:
    return (at_ns - open_ns) // NS_PER_MINUTE


def _minutes(at_ns: Stamps, open_ns: int) -> Stamps:
    return (at_ns - open_ns) // NS_PER_MINUTE


def _bucket(minutes: Stamps, width: int) -> Stamps:
    return minutes // width


def _last(values: Any, bucket: Stamps) -> Any:
    """The last value of each bucket. `bucket` is sorted."""
    return values[np.flatnonzero(np.diff(bucket, append=bucket[-1] + 1))]


def _rounded(values: Floats, places: int) -> Sequence[float | None]:
    """Plain numbers; what is not finite becomes None, which a chart leaves open."""
    return [round(v, places) if v - v == 0 else None for v in values.tolist()]
