"""Files of a backtest: the tearsheet as page, text and JSON; frames as Parquet, trades as CSV too."""

from __future__ import annotations

import io
from pathlib import Path

from rung.lab.result import BacktestResult
from rung.reports.files import make_folder, write_atomically
from rung.reports.sheet.content import Sheet
from rung.reports.sheet.page import sheet_page
from rung.reports.sheet.plain import sheet_json
from rung.reports.sheet.text import sheet_text

FRAMES = ("equity", "hold", "daily", "trades", "fills", "charges", "orders")


def write_results(result: BacktestResult, sheet: Sheet, folder: Path) -> tuple[Path, ...]:
    """Write report.html, report.txt, report.json, trades.csv and the frames as Parquet; each whole or not at all.

    sheet : that of `result`.   Raises UserError when the folder cannot be written.
    """
    make_folder(folder)
    contents = {
        "report.html": sheet_page(sheet),
        "report.txt": sheet_text(sheet).encode(),
        "report.json": sheet_json(sheet),
        sheet.trades.file: result.trades.write_csv().encode(),
    }
    for name in FRAMES:
        buffer = io.BytesIO()
        getattr(result, name).write_parquet(buffer, compression="zstd")
        contents[f"{name}.parquet"] = buffer.getvalue()
    for name, content in contents.items():
        write_atomically(folder / name, content)
    return tuple(folder / name for name in contents)
