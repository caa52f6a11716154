"""Files of a sweep: every row as CSV and Parquet, the summary as JSON, heat maps as a page."""

from __future__ import annotations

import io
import json
from pathlib import Path

from rung.apps.heat_maps import heat_maps
from rung.apps.sweep_words import summary
from rung.lab.sweep_outcome import SweepResult
from rung.reports.files import make_folder, write_atomically
from rung.reports.page.shell import write_plotly

CSV = "strategy_optimization_results.csv"
"""The name the source's optimiser gave it."""


def write_sweep(result: SweepResult, folder: Path) -> tuple[Path, ...]:
    """Each file whole or not at all. Raises UserError when the folder cannot be written."""
    make_folder(folder)
    buffer = io.BytesIO()
    result.rows.write_parquet(buffer, compression="zstd")
    text = json.dumps(summary(result), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    contents = {
        CSV: result.rows.write_csv().encode(), "sweep.parquet": buffer.getvalue(), "sweep.json": text.encode(),
    }  # fmt: skip
    page = heat_maps(result)
    if page is not None:
        write_plotly(folder)
        contents["heat_map.html"] = page.encode()
    for name, content in contents.items():
        write_atomically(folder / name, content)
    return tuple(folder / name for name in contents)
