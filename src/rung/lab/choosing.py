"""Choosing a set of values on some days, and having it counted: what a walk and a cross-validation share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rung.domain.errors import UserError
from rung.kernels.statistics.growth import total_return
from rung.lab.statistics.series import ROUNDING, TINY, Floats, matrix_of
from rung.lab.statistics.sharpe import MIN_DAYS
from rung.lab.statistics.trials import Seen, Trial, TrialBook
from rung.lab.subject import Subject, Values

SELECTIONS = ("sharpe", "return")


def check_choice(select: str, purge_minutes: int) -> None:
    """UserError: no such way to choose, a negative gap."""
    if select not in SELECTIONS:
        raise UserError(f"{select!r} is no way to choose", where="--select", remedy=f"use {' or '.join(SELECTIONS)}")
    if purge_minutes < 0:
        raise UserError("a gap cannot be negative", where="--purge-minutes")


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
    """Every combination as a trial on the days of choosing, counted before it runs. UserError: there is none."""
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
