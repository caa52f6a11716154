"""Many evaluations of one kind — a sweep, a walk-forward, a tuning: each done once, none lost, in the order asked.

    tasks = [Task.of({"tape": path, "ma": n}) for n in range(20, 80)]
    outcomes = run_campaign(evaluate, tasks, pool=ProcessPool(), kept=Path("sweep.jsonl"))

`evaluate` is a function of a module: payload in, outcome out, both JSON objects, nothing else touched. The same task
then has the same outcome wherever it runs, so a task that was lost with its worker may be run again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from rung.domain.errors import UserError

Payload = Mapping[str, Any]
Outcome = Mapping[str, Any]
Work = Callable[[Payload], Outcome]
Progress = Callable[[int, int], None]
"""Told how many tasks are done, of how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One evaluation. id : content hash of the payload, so that the same question has the same name everywhere."""

    id: str
    payload: Payload

    @classmethod
    def of(cls, payload: Payload) -> Task:
        text = json.dumps(payload, sort_keys=True, separators=(",", ":"), allow_nan=False)
        return cls(id=hashlib.sha256(text.encode()).hexdigest()[:16], payload=payload)


class Pool(Protocol):
    """Where tasks run.

    `run` yields (task id, outcome) as they finish, in any order, each task once. A task whose worker died is run
    again. What `work` raises is raised here, and ends the run.
    """

    def run(self, work: Work, tasks: Sequence[Task]) -> Iterator[tuple[str, Outcome]]: ...


class Inline:
    """A pool without workers: one after the other, in this process."""

    def run(self, work: Work, tasks: Sequence[Task]) -> Iterator[tuple[str, Outcome]]:
        for task in tasks:
            yield task.id, work(task.payload)


def run_campaign(
    work: Work,
    tasks: Iterable[Task],
    *,
    pool: Pool,
    kept: Path | None = None,
    progress: Progress = lambda done, total: None,
) -> dict[str, Outcome]:
    """Outcomes by task id, in the order of `tasks`; a task named twice is done once.

    kept : a file of outcomes, one JSON object a line, written as they come. What it holds already is not done again,
    so an interrupted campaign goes on where it was; a torn last line is dropped. Raises UserError when the file
    cannot be read or written, and whatever `work` raises.
    """
    wanted = {task.id: task for task in tasks}
    done: dict[str, Outcome] = {} if kept is None else kept_outcomes(kept)
    todo = [task for task in wanted.values() if task.id not in done]
    have = len(wanted) - len(todo)
    progress(have, len(wanted))
    for task_id, outcome in pool.run(work, todo):
        if task_id in done:
            continue
        done[task_id] = outcome
        have += 1
        if kept is not None:
            _append(kept, task_id, outcome)
        progress(have, len(wanted))
    missing = [task_id for task_id in wanted if task_id not in done]
    if missing:
        raise RuntimeError(f"the pool lost {len(missing)} tasks, {missing[0]} the first")
    return {task_id: done[task_id] for task_id in wanted}


def kept_outcomes(path: Path) -> dict[str, Outcome]:
    """Whole lines of an earlier run, {} without one. The file is cut back to them, so that more can be added."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror}", where=str(path), remedy="name another file") from error
    whole = text[: text.rfind(b"\n") + 1]
    found: dict[str, Outcome] = {}
    for number, line in enumerate(whole.splitlines(), 1):
        try:
            row = json.loads(line)
            found[row["task"]] = row["outcome"]
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"line {number} is no outcome of a campaign", where=str(path), remedy="name another file"
            ) from error
    if len(whole) < len(text):
        with path.open("r+b") as file:
            file.truncate(len(whole))
    return found


def _append(path: Path, task_id: str, outcome: Outcome) -> None:
    line = json.dumps({"task": task_id, "outcome": outcome}, separators=(",", ":")) + "\n"
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(line)
    except OSError as error:
        raise UserError(f"cannot be written: {error.strerror}", where=str(path), remedy="free some space") from error
