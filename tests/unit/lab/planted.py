"""A subject with planted daily returns, cross-validated without a desk."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from rung.lab.campaign import Outcome, Payload
from rung.lab.cross_validating import CrossPlan, CrossResult, cross_validate
from rung.lab.statistics.trials import Tally
from rung.lab.subject import Subject

DAYS = 12
DATES = tuple(f"2025-03-{day:02d}" for day in range(1, DAYS + 1))
Table = dict[int, list[float]]


class Forgetful:
    """A book that remembers nothing: for results that do not depend on it."""

    def record(self, trials: Any, *, within_study: bool = False) -> int:
        return len(trials)

    def report(self, results: Any) -> None:
        return None

    def died(self, trial: Any) -> None:
        return None

    def tally(self, strategy: str, seen: Any = None, but: Any = ()) -> Tally:
        return Tally(count=1)


def paid(table: Table, payload: Payload) -> Outcome:
    """Made-up returns: by the value of `k`, one per day of the month."""
    first, last = (int(payload[end][-2:]) for end in ("start", "end"))
    returns = table[payload["values"]["k"]][first - 1 : last]
    return {"dates": list(DATES[first - 1 : last]), "returns": returns, "trades": returns}


def made_up(table: Table, **changed: Any) -> Subject:
    subject = Subject(
        name="made_up", code_id="c", work=partial(paid, table), fixed={}, defaults={"k": 0}, symbols=("X",),
        tape_ids={"X": "t"}, dates=DATES, periods_per_year=365, session_minutes=1440, interval_minutes=1.0,
        synthetic=True,
    )  # fmt: skip
    return replace(subject, **changed)


def random_table(seed: int, sets: int = 3) -> Table:
    chance = np.random.default_rng(seed)
    return {k: chance.normal(0.0, 0.01, DAYS).tolist() for k in range(sets)}


def cross(table: Table, plan: CrossPlan, **changed: Any) -> CrossResult:
    return cross_validate(made_up(table, **changed), [{"k": k} for k in table if k], plan, Forgetful())
