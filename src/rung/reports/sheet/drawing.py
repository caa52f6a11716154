"""Sheet → the numbers its charts are drawn from, small enough to embed; thinning changes no figure elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np

from rung.kernels.statistics.growth import falls
from rung.reports.sheet.content import Curve, Floats, Sheet

MAX_POINTS = 3_000
NS_PER_MS = 1_000_000
MAX_BINS = 60


def sheet_drawing(sheet: Sheet) -> dict[str, Any]:
    """Everything the script of the page reads, as plain values; a number that is not finite is null."""
    start = float(sheet.figure("start_equity_quote").value or 0)
    surface = sheet.surface
    return {
        "currency": sheet.currency,
        "curve": curve_points(sheet.curve, start),
        "rolling": {
            "dates": sheet.rolling.dates,
            "ratio": sheet.rolling.ratio,
            "low": sheet.rolling.low,
            "high": sheet.rolling.high,
        },
        "waterfall": sheet.waterfall,
        "returns": bins(sheet.trades.returns_frac),
        "surface": None
        if surface is None
        else {
            "x": surface.x,
            "y": surface.y,
            "values": surface.values,
            "names": [surface.x_name, surface.y_name, surface.measure],
            "chosen": surface.chosen,
        },
    }


def curve_points(curve: Curve, start: float) -> dict[str, Any]:
    """Columns of at most about MAX_POINTS: last equity and benchmark, deepest fall, mean exposure of each bucket."""
    n = len(curve.at_ns)
    width = -(-n // MAX_POINTS)
    first = np.arange(0, n, width)
    last = np.append(first[1:], n) - 1
    fallen = -falls(curve.equity_quote, start)[1:] * 100
    exposed = np.divide(curve.gross_quote, curve.equity_quote, out=np.zeros(n), where=curve.equity_quote > 0) * 100
    counts = np.append(first[1:], n) - first
    return {
        "start": start,
        "t": (curve.at_ns[last] // NS_PER_MS).tolist(),
        "equity": _rounded(curve.equity_quote[last], 2),
        "hold": _rounded(curve.hold_quote[last], 2),
        "fall": _rounded(np.minimum.reduceat(fallen, first), 3),
        "exposure": _rounded(np.add.reduceat(exposed, first) / counts, 2),
    }


def bins(returns_frac: Floats) -> dict[str, Any]:
    """Histogram of trade returns in per cent, an edge at zero: a bar is of winners or of losers. {} without trades."""
    if len(returns_frac) == 0:
        return {}
    row = returns_frac * 100
    low, high = min(float(row.min()), 0.0), max(float(row.max()), 0.0)
    wanted = min(MAX_BINS, max(8, round(2.0 * np.sqrt(len(row)))))
    width = max((high - low) / wanted, 1e-6)
    edges = np.arange(np.floor(low / width), np.floor(high / width) + 2) * width
    counts, _ = np.histogram(row, edges)
    return {
        "middle": _rounded((edges[:-1] + edges[1:]) / 2, 6),
        "width": float(width),
        "count": counts.tolist(),
        "mean": round(float(row.mean()), 6),
    }


def _rounded(values: Floats, places: int) -> list[float | None]:
    return [round(v, places) if v - v == 0 else None for v in values.tolist()]
