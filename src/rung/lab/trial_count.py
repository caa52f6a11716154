"""Counts backtests in the trial book: which configuration of its strategy a run was, on the tapes it saw."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING

from rung.domain.clock import Clock
from rung.domain.errors import UserError
from rung.lab.statistics.trial_file import SqliteTrialBook
from rung.lab.statistics.trials import Result, Seen, Tally, Trial, TrialBook

if TYPE_CHECKING:
    from rung.lab.metrics import Performance
    from rung.lab.result import Identity

DEFAULT_BOOK = Path(".rung") / "trials.sqlite"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What the book knew of a run's days after it.   new : this configuration had not been run on these bars before.

    tally : every try under the name, whatever file and version its code is in, on any of these days of any of
    these symbols: a copy of a file begins no new count.
    """

    tally: Tally
    new: bool

    @property
    def words(self) -> str:
        count = self.tally.count
        if count == 1:
            return "the only try under this name on any of these days so far"
        if self.new:
            return f"the {ordinal(count)} try on these days or some of them under this name, whatever the file"
        return f"run before, as one of {count:,} tries on these days or some of them under this name, whatever the file"


@dataclass(frozen=True, slots=True)
class Counted:
    """A trial that was recorded and has not reported yet."""

    trial: Trial
    new: bool


@dataclass(frozen=True, slots=True)
class Counting:
    """A book, and the clock its entries are stamped by."""

    book: TrialBook
    clock: Clock

    def begin(self, identity: Identity) -> Counted:
        """Count a run before it starts. UserError: the book cannot be written, a parameter has no canonical form."""
        trial = trial_of(identity, self.clock.now_ns())
        return Counted(trial, new=self.book.record([trial]) == 1)

    def died(self, counted: Counted) -> None:
        """The run ended with the author's mistake before it could show anything: it was no look at the days."""
        self.book.died(counted.trial)

    def end(self, counted: Counted, shown: Performance) -> Tried:
        """Note what it showed, and tell how many there are by now."""
        ratio = None if shown.sharpe is None else shown.sharpe.annual / sqrt(shown.sharpe.periods_per_year)
        self.book.report([(counted.trial, Result(sharpe=ratio, days=shown.days))])
        return Tried(tally=self.book.tally(counted.trial.strategy, [counted.trial.seen]), new=counted.new)


def book_at(path: Path) -> SqliteTrialBook:
    """The book in that file, its folder made. UserError: not writable, not a trial book."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"no place for the trial book: {error.strerror}", where=str(path.parent), remedy="work in a writable folder"
        ) from error
    return SqliteTrialBook(path)


def trial_of(identity: Identity, at_ns: int) -> Trial:
    """A run as the trial book knows it: costs and limits are no choice of the strategy and not part of it."""
    return Trial(
        strategy=identity.strategy,
        code_id=identity.strategy_id,
        params=identity.parameters,
        seen=seen_by(identity),
        at_ns=at_ns,
    )


def seen_by(identity: Identity) -> Seen:
    """The bars of a run: one id for symbols, contents and period, whatever the order the symbols were named in."""
    return bars_seen(identity.tape_ids, identity.start, identity.end)


def bars_seen(tape_ids: Mapping[str, str], first: str, last: str) -> Seen:
    """These tapes, by symbol, from the first to the last ISO day."""
    text = json.dumps([sorted(tape_ids.items()), first, last])
    tape_id = hashlib.sha256(text.encode("ascii")).hexdigest()
    return Seen(tape_id=tape_id, symbols=tuple(sorted(tape_ids)), first=first, last=last)


def ordinal(count: int) -> str:
    """1 → 1st, 12 → 12th."""
    ending = "th" if count % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(count % 10, "th")
    return f"{count:,}{ending}"
