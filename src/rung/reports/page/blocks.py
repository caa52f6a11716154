"""What every page is built of: sections, tiles, tables, charts. Words are escaped, markup passed on."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from rung.reports.tables import Table

SYNTHETIC = "SYNTHETIC DATA: an invented market. Nothing on this page is evidence of anything."


def banner(*, synthetic: bool) -> str:
    return f'<p class="banner" role="alert">{SYNTHETIC}</p>' if synthetic else ""


def tone(frac: float) -> str:
    return "good-ink" if frac > 0 else "bad-ink" if frac < 0 else ""


def tile(name: str, value: str, remark: str, ink: str) -> str:
    return f'<div class="tile"><span class="name">{name}</span><b class="{ink}">{value}</b><span>{remark}</span></div>'


def mark(passed: bool) -> str:
    """Drawn with text glyphs: not every machine has emoji."""
    return '<i class="mark good" title="holds">✓</i>' if passed else '<i class="mark bad" title="fails">✗</i>'


def chart(name: str, label: str, height: str = "") -> str:
    return f'<div id="{name}" class="{f"chart {height}".strip()}" role="img" aria-label="{label}"></div>'


def section(title: str, remark: str, body: str) -> str:
    soft = f'<p class="soft">{escape(remark)}</p>' if remark else ""
    return f"<section><h2>{title}</h2>{soft}{body}</section>"


def options(rows: Sequence[tuple[str, str]], chosen: str) -> str:
    return "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(text)}</option>'
        for value, text in rows
    )


def table(rows: Table) -> str:
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in rows.header)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows.rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def folded(body: str, count: int, noun: str) -> str:
    """Long lists are closed until asked for."""
    return body if count <= 20 else f"<details><summary>Show all {count} {noun}</summary>{body}</details>"
