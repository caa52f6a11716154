"""What `backtest`, `sweep` and `walk_forward` may be told by name; one reading of it for all three."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypedDict

from rung.domain.errors import UserError
from rung.lab.costs import AnyCosts
from rung.lab.funding import Given
from rung.lab.instruments import Kind
from rung.market.tape import Tape
from rung.risk.limits import EffectiveLimits

Day = str | dt.date | None
"""`"2025-05-10"` or `datetime.date(2025, 5, 10)`; None is as far as the tapes go."""


class Options(TypedDict, total=False):
    """What a run may be told.

    symbols : one name or several, () takes all tapes given as objects.   start, end : first and last day, both
    included, ISO text or `datetime.date`; as far as the tapes go by default.   data : a folder of tapes ("data"), or
    tapes.   capital : equity at the start, quote currency, 100,000 by default.   costs, limits : a file or a value; the
    shipped file of that market by default.   settings : values of parameters, by name.   book : the trial book's file,
    `.rung/trials.sqlite` by default; None, for `backtest` alone, counts nothing.   funding : a folder of funding
    histories, or histories by symbol; looked for beside the tapes by default.   traded_as : "spot" takes a perpetual as
    a coin.   timeframe : "5m", "15m", "1h", longer bars made of the tapes'.   desk_only : every slice through the
    whole desk: slower, the same numbers.
    """

    symbols: Sequence[str] | str
    start: Day
    end: Day
    data: str | Path | Sequence[Tape]
    capital: Decimal | int | str
    costs: str | Path | AnyCosts | None
    limits: str | Path | EffectiveLimits | None
    settings: Mapping[str, Any]
    book: str | Path | None
    funding: Given
    traded_as: Kind | None
    timeframe: str | None
    desk_only: bool


class WalkOptions(Options, total=False):
    """What `walk_forward` may be told beyond `Options`. workers : 1 (the default) stays in this process, more are
    processes and need a strategy that is a file or a name.   cluster : `tcp://HOST:PORT` of a Dask cluster.
    """

    workers: int
    cluster: str | None


class SweepOptions(WalkOptions, total=False):
    """What `sweep` may be told beyond `WalkOptions`. out : folder that keeps finished work, so that a sweep that was
    broken off goes on; fresh : begin anew.   yes : more than a million combinations are meant.
    """

    out: str | Path | None
    fresh: bool
    yes: bool


def refuse_unknown(given: Mapping[str, object], known: type) -> None:
    """Raise UserError for a word that nobody reads: it would change nothing, and nobody would be told."""
    names: frozenset[str] = known.__optional_keys__  # type: ignore[attr-defined]
    for word in given:
        if word not in names:
            likely = get_close_matches(word, sorted(names), n=1)
            remedy = f"did you mean {likely[0]}?" if likely else f"there are {', '.join(sorted(names))}"
            raise UserError(f"there is no option {word!r}", where=known.__name__, remedy=remedy)


def iso_day(day: Day, where: str) -> str | None:
    """The day as ISO text, None as it is. Raises UserError for anything that is not one whole day."""
    if day is None or (isinstance(day, dt.date) and not isinstance(day, dt.datetime)):
        return day if day is None else day.isoformat()
    try:
        if isinstance(day, str):
            return dt.date.fromisoformat(day).isoformat()
    except ValueError:
        pass
    raise UserError(f"{day!r} is not a day", where=where, remedy='give "2025-05-10" or datetime.date(2025, 5, 10)')


def book_file(given: Options, default: Path) -> Path:
    """The trial book of a search. Raises UserError for None: whoever tries many has to be counted."""
    book = given.get("book", default)
    if book is None:
        raise UserError("a search is always counted", where="book", remedy="name a file, or leave book out")
    return Path(book)
