"""`report.json`: every number of the tearsheet. A figure without a value is null, and `missing` says why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rung.reports.jsonreport import to_json
from rung.reports.sheet.content import Box, Figure, Sheet, Surface

SCHEMA = "rung.backtest/1"


def sheet_json(sheet: Sheet) -> bytes:
    """The whole sheet but its curves and trades, which are tables beside it. Money as exact decimal numbers."""
    figures = [figure for group in sheet.groups for figure in group.figures]
    return to_json(
        {
            "schema": SCHEMA,
            "synthetic": sheet.synthetic,
            "identity": sheet.identity,
            "figures": _values(figures),
            "missing": _reasons(figures),
            "refused": sheet.refused,
            "honesty": sheet.honest,
            "luck": _box(sheet.box),
            "daily": [{"date": date, "return_frac": frac} for date, frac in sheet.daily],
            "months": [{"month": month, "return_frac": frac} for month, frac in sheet.months],
            "surface": None if sheet.surface is None else _surface(sheet.surface),
            "trades_file": sheet.trades.file,
            "notes": len(sheet.notes),
        }
    )


def _values(figures: Sequence[Figure]) -> dict[str, Any]:
    values: dict[str, Any] = {figure.key: figure.value for figure in figures}
    return values | {f"{figure.key}_error": figure.error for figure in figures if figure.error is not None}


def _reasons(figures: Sequence[Figure]) -> dict[str, str]:
    return {figure.key: figure.missing for figure in figures if figure.missing}


def _box(box: Box) -> dict[str, Any]:
    return {
        "verdict": box.verdict,
        "sentences": box.sentences,
        "tried": box.tried or None,
        "in_sample": _values(box.in_sample),
        "out_of_sample": _values(box.out_of_sample),
        "missing": {"in_sample": _reasons(box.in_sample), "out_of_sample": _reasons(box.out_of_sample)},
    }


def _surface(surface: Surface) -> dict[str, Any]:
    return {
        "x": {"name": surface.x_name, "values": surface.x},
        "y": {"name": surface.y_name, "values": surface.y},
        "measure": surface.measure,
        "values": surface.values,
        "remark": surface.remark,
    }
