"""Does the same question have the same answer: a second time, in a fresh process, from a later start, a step aside?"""

from __future__ import annotations

import hashlib
import json
import math
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, NamedTuple

from rung.domain.errors import UserError
from rung.engine.replay import replay
from rung.lab.bench import Bench
from rung.lab.checking.runs import Runner
from rung.lab.checking.watching import Difference, Row, Watch, first_difference, same_wishes
from rung.strategy.parameters import Param, declared_params, settings

LATER_STARTS = (1, 7, 61, 389)
STEP_FRAC = 0.05
CLIFF_FRAC, CLIFF_LEAST = 0.5, 0.02
"""A cliff costs at least half of the result, and at least 2 % of the capital."""
OTHER_HASH_SEEDS = ("4242", "2424")
"""The second one for a process that has the first itself."""
CHILD_SECONDS = 600


class Parting(NamedTuple):
    """The first bar at which two runs that should be one differ."""

    bar: int
    difference: Difference


def parting(was: Sequence[Row], now: Sequence[Row]) -> Parting | None:
    """None when both runs are the same from end to end."""
    for bar, (here, there) in enumerate(zip(was, now, strict=False)):
        found = first_difference(here, there)
        if found is not None:
            return Parting(bar, found)
    return None


def repeated(runner: Runner) -> tuple[Parting | None, Parting | None]:
    """Where a second run parts from the first, and where a third does, of the class that made the second.

    What differs in the second is chance without a seed; in the third, state kept in the module or the class.
    """
    bench = runner.fresh()
    first = list(runner.rows(bench, Watch()))
    return parting(runner.whole, first), parting(first, list(runner.rows(bench, Watch())))


def fingerprint(rows: Sequence[Row]) -> str:
    """A hash of everything that was seen, to the last bit."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(repr(tuple(row)).encode())
    return digest.hexdigest()[:16]


def fingerprint_elsewhere(asked: Mapping[str, Any]) -> str:
    """The fingerprint of the same run in a fresh process with another hash seed.

    asked : the words of a BacktestRequest, as JSON. Raises UserError when that process fails.
    """
    seed = next(seed for seed in OTHER_HASH_SEEDS if seed != os.environ.get("PYTHONHASHSEED"))
    env = dict(os.environ, PYTHONHASHSEED=seed, PYTHONPATH=os.pathsep.join(filter(None, sys.path)))
    done = subprocess.run(
        [sys.executable, "-m", "rung.lab.checking.fresh_process"],
        input=json.dumps(asked), capture_output=True, text=True, env=env, timeout=CHILD_SECONDS, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        words = (done.stderr.strip().splitlines() or ["no word"])[-1]
        raise UserError(f"the run fails in a fresh process: {words}", remedy="make it independent of this one's state")
    return done.stdout.strip()


class LaterStart(NamedTuple):
    """skipped : bars left out at the start.   settled : bars after the later start from which on all wishes are those
    of the whole run; None when they never are.   first_wish : bar of its first wish to hold something, None: none."""

    skipped: int
    settled: int | None
    first_wish: int | None


def later_starts(runner: Runner, moved: Callable[[int], None] = lambda done: None) -> list[LaterStart]:
    """The run begun some bars later, for several numbers of bars; only those that leave half of the tape."""
    found = []
    for number, skipped in enumerate(LATER_STARTS, 1):
        if 2 * skipped < len(runner.whole):
            late = list(runner.rows(runner.fresh(), Watch(), skipped))
            found.append(_settled(runner.whole[skipped:], late, skipped))
        moved(number)
    return found


def _settled(whole: Sequence[Row], late: Sequence[Row], skipped: int) -> LaterStart:
    first = next((bar for bar, row in enumerate(late) if any(wish[1] for wish in row.wishes)), None)
    last = max((bar for bar, (a, b) in enumerate(zip(whole, late, strict=True)) if not same_wishes(a, b)), default=-1)
    return LaterStart(skipped, last + 1 if last + 1 < len(late) else None, first)


class Neighbour(NamedTuple):
    """The result of the same run with one parameter a step aside."""

    name: str
    value: float
    return_frac: float


def steps_aside(cls: type, values: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Each number ±5 %, whole ones by at least 1; within its range, and never to or from 0, which switches things."""
    found: list[tuple[str, float]] = []
    for name, declared in declared_params(cls).items():
        value = values[name]
        if declared.kind not in (int, float) or not value:
            continue
        step = max(1, round(abs(value) * STEP_FRAC)) if declared.kind is int else abs(value) * STEP_FRAC
        aside = (value - step, value + step)
        found += [(name, near) for near in aside if near and _allowed(declared, near)]
    return found


def _allowed(declared: Param, value: float) -> bool:
    try:
        declared.checked(value)
    except ValueError:
        return False
    return True


def return_of(bench: Bench) -> float:
    """What one run makes of its capital, as a fraction."""
    equity = Decimal(bench.capital)
    for step in replay(bench.market.feed, bench.desk()):
        equity = step.account.equity_quote
    return float(equity / bench.capital - 1)


def neighbours(runner: Runner, moved: Callable[[int], None] = lambda done: None) -> tuple[float, list[Neighbour]]:
    """The return as asked, and that of every step aside. A value the strategy itself refuses is left out."""
    bench = runner.fresh()
    base = return_of(bench)
    found = []
    for number, (name, value) in enumerate(steps_aside(bench.found.cls, bench.values), 1):
        try:
            values = settings(bench.found.cls, {**bench.values, name: value})
            found.append(Neighbour(name, value, return_of(replace(bench, values=values))))
        except UserError:
            continue
        finally:
            runner.steps += len(runner.whole)
            moved(number)
    return base, found


def is_cliff(base: float, beside: float) -> bool:
    """True when a step aside costs half of the result or more, and is no trifle."""
    fall = base - beside
    return math.isfinite(fall) and fall > CLIFF_LEAST and fall > CLIFF_FRAC * abs(base)
