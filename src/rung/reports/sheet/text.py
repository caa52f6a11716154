"""`report.txt`: the tearsheet without pictures."""

from __future__ import annotations

from textwrap import wrap

from rung.reports.sheet.content import MONTHS_FOR_A_MAP, Figure, Sheet
from rung.reports.text import RULE, SYNTHETIC, WIDTH
from rung.reports.words import percent

MOST_DAYS = 100


def sheet_text(sheet: Sheet) -> str:
    """The whole sheet, ending with a newline."""
    sections = (
        _head(sheet),
        *([f"{group.title}:", *map(_row, group.figures)] for group in sheet.groups),
        _periods(sheet),
        _refused(sheet),
        _box(sheet),
        _pairs("Parameters:", sheet.parameters),
        _pairs("Costs assumed:", sheet.costs),
        _pairs("To repeat it:", sheet.ids),
        ["Doubts:", *(line for doubt in sheet.doubts for line in _bullet(doubt))] if sheet.doubts else [],
        [SYNTHETIC] if sheet.synthetic else [],
        _wrapped(f"HONESTLY: {sheet.honest}."),
    )
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def _head(sheet: Sheet) -> list[str]:
    lines = [RULE, " BACKTEST", RULE]
    if sheet.synthetic:
        lines.append(SYNTHETIC)
    return [
        *lines,
        f"Strategy: {sheet.strategy} ({sheet.origin})",
        f"Instruments: {', '.join(sheet.symbols)}",
        f"Period: {sheet.start} to {sheet.end}",
        f"Currency: {sheet.currency}",
    ]


def _row(figure: Figure) -> str:
    return f"  {figure.label + ':':<25} {figure.text:>18}  {figure.aside}".rstrip()


def _periods(sheet: Sheet) -> list[str]:
    months = sheet.months
    if len(months) >= MONTHS_FOR_A_MAP:
        return ["Return per month:", *(f"  {month:<12} {percent(frac):>10}" for month, frac in months)]
    shown = [f"  {date:<12} {percent(frac):>10}" for date, frac in sheet.daily[:MOST_DAYS]]
    return ["Return per day:", *shown] if shown else []


def _refused(sheet: Sheet) -> list[str]:
    if not sheet.refused:
        return []
    return ["Broken rules of refused orders:", *(f"  {kind}: {count:,}" for kind, count in sheet.refused.items())]


def _box(sheet: Sheet) -> list[str]:
    box = sheet.box
    sides = zip(box.in_sample, box.out_of_sample, strict=True)
    rows = [f"  {inside.label + ':':<25} {inside.text:>18} {outside.text:>18}" for inside, outside in sides]
    head = f"  {'':<25} {'in sample':>18} {'out of sample':>18}"
    tried = (f"This was {box.tried}.",) if box.tried else ()
    said = [line for sentence in (*box.sentences, *tried) for line in _bullet(sentence)]
    missing = _wrapped("n/a: " + "; ".join(box.reasons)) if box.reasons else []
    return [f"Is it luck? {box.verdict}", *said, head, *rows, *missing]


def _pairs(title: str, pairs: tuple[tuple[str, str], ...]) -> list[str]:
    if not pairs:
        return []
    width = max(len(name) for name, _ in pairs) + 1
    return [title, *(f"  {name + ':':<{width}} {value}" for name, value in pairs)]


def _bullet(words: str) -> list[str]:
    return wrap(words, WIDTH, initial_indent="  - ", subsequent_indent="    ")


def _wrapped(words: str) -> list[str]:
    return wrap(words, WIDTH, initial_indent="  " if words.startswith("n/a") else "", subsequent_indent="    ")
