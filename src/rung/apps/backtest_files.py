"""Files of a backtest: frames as Parquet, trades as CSV too, the summary as JSON."""

from __future__ import annotations

import io
import json
from pathlib import Path

from rung.apps.backtest_words import summary
from rung.lab.result import BacktestResult
from rung.reports.files import make_folder, write_atomically


def write_results(result: BacktestResult, folder: Path) -> tuple[Path, ...]:
    """Write summary.json, trades.csv and equity, trades, fills, charges, orders as Parquet; each whole or not at all.

    Raises UserError when the folder cannot be written.
    """
    make_folder(folder)
    text = json.dumps(summary(result), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    contents = {"summary.json": text.encode(), "trades.csv": result.trades.write_csv().encode()}
    for name in ("equity", "trades", "fills", "charges", "orders"):
        buffer = io.BytesIO()
        getattr(result, name).write_parquet(buffer, compression="zstd")
        contents[f"{name}.parquet"] = buffer.getvalue()
    for name, content in contents.items():
        write_atomically(folder / name, content)
    return tuple(folder / name for name in contents)
