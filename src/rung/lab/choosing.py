"""Choosing a set of values on some days, and having it counted: what a walk and a cross-validation share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rung.domain.errors import UserError
from rung.kernels.statistics.growth import total_return
from rung.lab.statistics.extra import require_lab
from rung.lab.statistics.series import ROUNDING, TINY, Floats, matrix_of
from rung.lab.statistics.sharpe import MIN_DAYS
from rung.lab.statistics.trials import Seen, Trial, TrialBook
from rung.lab.subject import Subject, Values

SELECTIONS = ("sharpe", "return")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """How to choose, and what to leave out. purge_minutes : beside the days that judge, rounded up to whole days, since
    results are daily.   embargo_days : left out as well.   select : by Sharpe ratio or by total return.
    at_ns : now, UTC, for the trial book.   out : folder that keeps finished runs, None for none.
    """

    purge_minutes: int = 0
    embargo_days: int = 0
    select: str = "sharpe"
    seed: int = 7
    at_ns: int = 0
    out: Path | None = None

    def __post_init__(self) -> None:
        """UserError: no such way to choose, a negative gap."""
        if self.select not in SELECTIONS:
            words = f"{self.select!r} is no way to choose"
            raise UserError(words, where="--select", remedy=f"use {' or '.join(SELECTIONS)}")
        if self.purge_minutes < 0:
            raise UserError("a gap cannot be negative", where="--purge-minutes")

    @property
    def rule(self) -> dict[str, Any]:
        """The part of it that makes another study."""
        return {"purge_minutes": self.purge_minutes, "embargo_days": self.embargo_days, "select": self.select}


def best(rows: Sequence[Floats] | Floats, select: str) -> int:
    """The row that did best; of equals the first. (sets, days) daily returns, finite.

    By Sharpe ratio, as `statistics.sharpe` defines it, or by total return. Doing nothing has a ratio of zero, and so
    have fewer than three days.
    """
    return int(np.argmax(_scores(matrix_of(rows), select)))


def _scores(rows: Floats, select: str) -> Floats:
    if select == "return":
        return np.array([total_return(row) for row in rows])
    none = np.zeros(len(rows))
    if rows.shape[1] < MIN_DAYS:
        return none
    varies = np.ptp(rows, axis=1) > np.maximum(TINY, ROUNDING * np.abs(rows).max(axis=1))
    np.divide(rows.mean(axis=1), rows.std(axis=1, ddof=1), out=none, where=varies)
    return none


def count_trials(subject: Subject, grid: Sequence[Values], seen: Seen, at_ns: int, book: TrialBook) -> list[Trial]:
    """Every combination as a trial on the days of choosing, counted before it runs.

    UserError: there is none, or the library is missing that judges them.
    """
    require_lab("arch")
    if not grid:
        raise UserError("an empty grid: nothing to choose from", where="--grid", remedy="name a parameter")
    trials = [
        Trial(
            strategy=subject.name,
            code_id=subject.code_id,
            params={**subject.defaults, **values},
            seen=seen,
            at_ns=at_ns,
        )
        for values in grid
    ]
    book.record(trials, within_study=True)
    return trials


def count_look(subject: Subject, rule: Mapping[str, Any], seen: Seen, at_ns: int, book: TrialBook) -> Trial:
    """A study looks at the days it judges once. rule : whatever makes another study of it, JSON."""
    params = {**rule, "fixed": dict(subject.fixed), "defaults": dict(subject.defaults)}
    look = Trial(strategy=subject.name, code_id=subject.code_id, params=params, seen=seen, at_ns=at_ns)
    book.record([look], within_study=True)
    return look
