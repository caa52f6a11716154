"""The shell of a page: its head, its style, its numbers as JSON, its scripts — and plotly, beside it or inside."""

from __future__ import annotations

from html import escape
from importlib.metadata import version
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import msgspec

from rung.domain.errors import UserError
from rung.reports.files import write_atomically


def plotly_file_name() -> str:
    return f"plotly-{version('plotly')}.min.js"


def plotly_beside() -> str:
    """The tag of a page that has plotly's script as a file beside it (`write_plotly`)."""
    return f'<script src="{plotly_file_name()}"></script>'


def plotly_inside() -> str:
    """The tag of a page that carries plotly's script: nearly 5 MB, and the page can be sent anywhere."""
    return f"<script>{_plotly().read_text('utf-8')}</script>"


def write_plotly(folder: Path) -> None:
    """Put plotly's script into the folder, unless it is there already."""
    target, source = folder / plotly_file_name(), _plotly()
    if not (target.is_file() and target.stat().st_size == source.stat().st_size):
        write_atomically(target, source.read_bytes())


def page(title: str, body: str, numbers: object, *, script: str, plotly: str) -> bytes:
    """A whole page. numbers : what the scripts draw, plain values; they find it under the id `run`.

    script : file of the page's own drawing, after the common one.   plotly : `plotly_beside()` or `plotly_inside()`.
    """
    encoded = msgspec.json.encode(numbers).decode().replace("<", "\\u003c")
    lines = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<link rel="icon" href="data:,">',
        f"<title>{escape(title)}</title>\n<style>\n{_text('report.css')}</style>\n</head>\n<body>\n<main>",
        body,
        "</main>",
        f'<script type="application/json" id="run">{encoded}</script>',
        f"{plotly}\n<script>\n{_text('common.js')}\n{_text(script)}</script>\n</body>\n</html>\n",
    )
    return "\n".join(lines).encode()


def _text(name: str) -> str:
    return (files("rung.reports.page") / name).read_text("utf-8")


def _plotly() -> Path:
    spec = find_spec("plotly")
    if spec is None or not spec.submodule_search_locations:
        raise UserError("plotly is not installed", remedy="run `./rung doctor`")
    return Path(spec.submodule_search_locations[0]) / "package_data" / "plotly.min.js"
