"""Tasks on the cores of this machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any, Protocol

from rung.domain.errors import UserError

MOST_DEATHS = 5
"""After so many dead workers without one finished task in between, it is the work that kills them."""


class _Task(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def payload(self) -> Mapping[str, Any]: ...


_Work = Callable[[Mapping[str, Any]], Mapping[str, Any]]


class ProcessPool:
    """`workers` processes, one per core unless said otherwise. A worker that dies is replaced, its tasks run again."""

    def __init__(self, workers: int | None = None) -> None:
        self._workers = workers or len(os.sched_getaffinity(0))

    def run(self, work: _Work, tasks: Sequence[_Task]) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """(task id, outcome) as they finish. Raises what `work` raises; UserError when workers keep dying."""
        left = {task.id: task for task in tasks}
        deaths = 0
        while left:
            try:
                for task_id, outcome in self._round(work, list(left.values())):
                    del left[task_id]
                    deaths = 0
                    yield task_id, outcome
            except BrokenProcessPool:
                deaths += 1
                if deaths >= MOST_DEATHS:
                    raise UserError(
                        f"workers died {deaths} times in a row while {len(left)} tasks were left",
                        remedy="look at the machine's memory, or use fewer workers",
                    ) from None

    def _round(self, work: _Work, tasks: Sequence[_Task]) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Until all are done or a worker dies. Few are handed out at a time, so that a death loses little."""
        waiting = iter(tasks)
        with ProcessPoolExecutor(self._workers, mp_context=get_context("spawn")) as pool:
            running: dict[Future[Mapping[str, Any]], str] = {}
            try:
                while True:
                    for task in waiting:
                        running[pool.submit(work, task.payload)] = task.id
                        if len(running) >= 2 * self._workers:
                            break
                    if not running:
                        return
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        yield running.pop(future), future.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
