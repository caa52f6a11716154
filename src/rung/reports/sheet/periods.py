"""Returns by the calendar: a map of months, or of days where there are few months."""

from __future__ import annotations

from datetime import date, timedelta

from rung.kernels.statistics.growth import total_return
from rung.reports.page import blocks as block
from rung.reports.sheet.content import MONTHS_FOR_A_MAP, Sheet
from rung.reports.words import percent

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
LEAST_TINT, MOST_TINT = 8, 62


def section(sheet: Sheet) -> str:
    """The section of the page."""
    if not sheet.daily:
        return block.section("Return per day", "", '<p class="missing">n/a: no day has a return</p>')
    if len(sheet.months) >= MONTHS_FOR_A_MAP:
        return block.section("Return per month", "per cent; days compounded, after costs", _month_map(sheet))
    return block.section("Return per day", "per cent, after costs; a row is a week", _day_map(sheet))


def _month_map(sheet: Sheet) -> str:
    months = dict(sheet.months)
    worst = max(abs(frac) for frac in months.values())
    rows = []
    for year in sorted({month[:4] for month in months}):
        cells = [_cell(months.get(f"{year}-{number:02d}"), worst, "") for number in range(1, 13)]
        rows.append((year, [*cells, f"<td><b>{_number(_year(sheet, year))}</b></td>"]))
    return _table(("", *MONTHS, "Year"), rows)


def _year(sheet: Sheet, year: str) -> float:
    import numpy as np

    return total_return(np.array([frac for day, frac in sheet.daily if day[:4] == year]))


def _day_map(sheet: Sheet) -> str:
    days = {date.fromisoformat(day): frac for day, frac in sheet.daily}
    worst = max(abs(frac) for frac in days.values())
    columns = 7 if any(day.weekday() > 4 for day in days) else 5
    monday, last = min(days) - timedelta(days=min(days).weekday()), max(days)
    rows = []
    while monday <= last:
        week = [monday + timedelta(days=i) for i in range(columns)]
        cells = [
            _cell(days.get(day), worst, f"{day.day} {MONTHS[day.month - 1]}" if day in days else "") for day in week
        ]
        rows.append((f"{monday.day} {MONTHS[monday.month - 1]}", cells))
        monday += timedelta(days=7)
    return _table(("", *DAYS[:columns]), rows)


def _cell(frac: float | None, worst: float, name: str) -> str:
    if frac is None:
        return "<td></td>"
    share = abs(frac) / worst if worst > 0.0 else 0.0
    tint = round(LEAST_TINT + (MOST_TINT - LEAST_TINT) * share) if frac else 0
    ink = "good" if frac > 0 else "bad"
    title = f' title="{name}: {percent(frac)}"' if name else ""
    return f'<td{title} style="background:color-mix(in srgb,var(--{ink}) {tint}%,transparent)">{_number(frac)}</td>'


def _number(frac: float) -> str:
    """Per cent without the sign of it: the column says it. Never more than four digits."""
    return percent(frac, 1 if abs(frac) < 1.0 else 0).removesuffix("%")


def _table(header: tuple[str, ...], rows: list[tuple[str, list[str]]]) -> str:
    head = "".join(f'<th scope="col">{cell}</th>' for cell in header)
    body = "".join(f'<tr><th scope="row">{name}</th>{"".join(cells)}</tr>' for name, cells in rows)
    return f'<div class="wide"><table class="map"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
