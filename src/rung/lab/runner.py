"""Runs of a subject through a pool, each done once and kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from rung.lab.campaign import Outcome, Pool, Progress, run_campaign
from rung.lab.statistics.series import Floats
from rung.lab.subject import AS_ASSUMED, Conditions, Subject, Values, joined

RUNS_FILE = "runs.jsonl"
Run = tuple[Values, tuple[str, str]]
"""Values, and the first and last day."""


class Runner:
    """One subject, one pool, one file of outcomes (`runs.jsonl` in `out`, if given): an interrupted study goes on."""

    def __init__(self, subject: Subject, pool: Pool, out: Path | None, progress: Progress) -> None:
        self._subject = subject
        self._pool = pool
        self._kept = None if out is None else out / RUNS_FILE
        self._progress = progress

    def run(self, runs: Sequence[Run], conditions: Conditions = AS_ASSUMED) -> list[Outcome]:
        """The outcomes in the order of `runs`."""
        return self._all([(values, days, conditions) for values, days in runs])

    def conditions(self, runs: Sequence[Run]) -> Callable[[Sequence[Conditions]], list[Floats]]:
        """Given conditions: the stitched daily returns of all `runs` under each of them."""

        def under(wanted: Sequence[Conditions]) -> list[Floats]:
            outcomes = self._all([(values, days, each) for each in wanted for values, days in runs])
            size = len(runs)
            return [joined(outcomes[n * size : (n + 1) * size]) for n in range(len(wanted))]

        return under

    def _all(self, runs: Sequence[tuple[Values, tuple[str, str], Conditions]]) -> list[Outcome]:
        tasks = [self._subject.task(*run) for run in runs]
        done = run_campaign(self._subject.work, tasks, pool=self._pool, kept=self._kept, progress=self._progress)
        return [done[task.id] for task in tasks]
