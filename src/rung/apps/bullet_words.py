"""What a person asks of bullets, in words: times, regimes, violations."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches

from rung.domain.errors import UserError
from rung.domain.verdicts import ViolationKind
from rung.journal.regimes import WORDS


def words(given: str | Iterable[str]) -> tuple[str, ...]:
    """One word or several."""
    return (given,) if isinstance(given, str) else tuple(given)


def regimes(text: str) -> tuple[tuple[str, str], ...]:
    """ "low" → every dimension that has it; "volatility:low" (or with "=") → that one. UserError for anything else."""
    dimension, _, word = text.lower().replace("=", ":").rpartition(":")
    if dimension and dimension not in WORDS:
        raise UserError(f"{dimension!r} is no dimension of a regime", where="regime", remedy=_likely(dimension, WORDS))
    found = tuple((name, word) for name in ([dimension] if dimension else WORDS) if word in WORDS[name])
    if not found:
        known = WORDS[dimension] if dimension else sorted({w for some in WORDS.values() for w in some})
        raise UserError(f"{text!r} is no regime", where="regime", remedy=_likely(word, known))
    return found


def violations(text: str, recorded: Iterable[str]) -> tuple[str, ...]:
    """A kind by value or by name; one that only bullets saved by hand carry is known from `recorded`."""
    if text.upper() in ViolationKind.__members__:
        return (ViolationKind[text.upper()].value,)
    known = list(dict.fromkeys([*(kind.value for kind in ViolationKind), *recorded]))
    if text not in known:
        raise UserError(f"{text!r} is no violation", where="violation", remedy=_likely(text, known))
    return (text,)


def instant(given: str | int | date | datetime | None, where: str, *, end: bool = False) -> int | None:
    """UTC ns of an ISO date or time, a datetime (UTC unless it says otherwise) or ns; a bare date ends with its day."""
    if given is None or isinstance(given, int):
        return given
    if isinstance(given, str):
        given = _parsed(given, where)
    if not isinstance(given, datetime):
        given = datetime(given.year, given.month, given.day, tzinfo=UTC) + timedelta(days=int(end))
    aware = given if given.tzinfo is not None else given.replace(tzinfo=UTC)
    since_epoch = aware - datetime(1970, 1, 1, tzinfo=UTC)
    return (since_epoch.days * 86_400 + since_epoch.seconds) * 1_000_000_000 + since_epoch.microseconds * 1_000


def _parsed(text: str, where: str) -> date | datetime:
    for read in (date.fromisoformat, datetime.fromisoformat):
        try:
            return read(text)
        except ValueError:
            continue
    raise UserError(f"{text!r} is no time", where=where, remedy="write 2025-09-15 or 2025-09-15T14:30 (UTC)")


def _likely(word: str, known: Iterable[str]) -> str:
    known = list(known)
    close = get_close_matches(word, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(known)}"
