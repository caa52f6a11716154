"""`report.json`: every number of the report, with a schema version, and reading it back."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from rung.domain.errors import UserError
from rung.reports.figures import RunMetrics
from rung.reports.info import RunInfo
from rung.reports.judgement import Judgement

SCHEMA = "rung.report/1"
FILE_NAME = "report.json"
DECIMALS = 12
"""Floats are rounded so that the last bits, which differ between processors, do not reach the file."""


class StoredReport(msgspec.Struct, frozen=True):
    """What other verbs need back from a report."""

    schema: str
    dates: tuple[str, ...]
    run: RunInfo


def render_json(metrics: RunMetrics, judgement: Judgement, info: RunInfo) -> bytes:
    """The whole report, indented, ending with a newline. Money as exact decimal numbers, None as null."""
    content = {
        "schema": SCHEMA,
        "synthetic": info.synthetic,
        "dates": [day.date for day in metrics.days],
        "verdict": {
            "ready": judgement.ready,
            "line": judgement.line,
            "checks": [
                {"key": c.key, "value": c.value, "passed": c.passed, "words": c.words} for c in judgement.checks
            ],
        },
        "run": info,
        "metrics": metrics,
    }
    return to_json(content)


def to_json(value: object) -> bytes:
    """Indented JSON ending with a newline: money as exact decimal numbers, what is not finite as null."""
    plain = msgspec.to_builtins(value, builtin_types=(Decimal,))
    encoded = msgspec.json.Encoder(decimal_format="number").encode(_rounded(plain))
    return msgspec.json.format(encoded, indent=2) + b"\n"


def read_report(folder: Path) -> StoredReport | None:
    """The report recorded in a folder; None when there is none. A damaged or newer one raises UserError."""
    path = folder / FILE_NAME
    if not path.is_file():
        return None
    try:
        report = msgspec.json.decode(path.read_bytes(), type=StoredReport)
    except (msgspec.DecodeError, OSError) as error:
        raise UserError(f"not a report: {error}", where=str(path), remedy="run `rung mock` again") from error
    if report.schema != SCHEMA:
        raise UserError(f"schema {report.schema!r} is not {SCHEMA!r}", where=str(path), remedy="run `rung mock` again")
    return report


def _rounded(value: Any) -> Any:
    """The same tree with its floats rounded. NaN and infinities become None: JSON has neither."""
    if isinstance(value, float):
        return round(value, DECIMALS) if value - value == 0 else None
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(inner) for inner in value]
    return value
