"""Numbers as people read them. One place, so that the text, the log and the tables agree."""

from __future__ import annotations

from decimal import Decimal

CENT = Decimal("0.01")
NOTHING = "—"


def percent(frac: float | None, places: int = 2, *, signed: bool = True) -> str:
    """0.0073 → `+0.73%`. A value that rounds to zero has no sign; None is a dash."""
    if frac is None:
        return NOTHING
    text = f"{frac * 100:+.{places}f}%" if signed else f"{frac * 100:.{places}f}%"
    return text[1:] if signed and float(text[:-1]) == 0 else text


def money(amount: Decimal | None, *, signed: bool = False) -> str:
    """12345.678 → `12,345.68`; None is a dash."""
    if amount is None:
        return NOTHING
    rounded = amount.quantize(CENT)
    if rounded == 0:
        return "0.00"
    return f"{rounded:+,f}" if signed else f"{rounded:,f}"


def number(value: float | None, places: int = 2) -> str:
    return NOTHING if value is None else f"{value:,.{places}f}"


def plural(count: int, noun: str) -> str:
    """3, "session" → `3 sessions`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def span(dates: tuple[str, ...]) -> str:
    """The dates of a report's head."""
    if not dates:
        return "no session"
    if len(dates) == 1:
        return dates[0]
    return f"{dates[0]} to {dates[-1]} ({plural(len(dates), 'session')})"
