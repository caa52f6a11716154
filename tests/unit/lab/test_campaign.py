"""A campaign does every task once, keeps what is done, and goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from rung.domain.errors import UserError
from rung.lab.campaign import Inline, Outcome, Task, Work, run_campaign

TASKS = [Task.of({"n": n}) for n in range(5)]


def square(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"square": payload["n"] ** 2}


class Counting:
    """Does tasks last one first, and counts; `until` : stops as if interrupted."""

    def __init__(self, until: int = 99) -> None:
        self.done: list[str] = []
        self._until = until

    def run(self, work: Work, tasks: Sequence[Task]) -> Iterator[tuple[str, Outcome]]:
        for task in reversed(tasks):
            if len(self.done) == self._until:
                raise KeyboardInterrupt
            self.done.append(task.id)
            yield task.id, work(task.payload)


def test_outcomes_come_in_the_order_of_the_tasks_whatever_the_order_they_finish_in() -> None:
    found = run_campaign(square, TASKS, pool=Counting())
    assert list(found) == [task.id for task in TASKS]
    assert [outcome["square"] for outcome in found.values()] == [0, 1, 4, 9, 16]


def test_the_same_question_is_the_same_task_whatever_the_order_of_its_words() -> None:
    assert Task.of({"a": 1, "b": 2}).id == Task.of({"b": 2, "a": 1}).id
    assert Task.of({"a": 1}).id != Task.of({"a": 2}).id


def test_a_task_named_twice_is_done_once() -> None:
    pool = Counting()
    assert len(run_campaign(square, [*TASKS, *TASKS], pool=pool)) == 5
    assert len(pool.done) == 5


def test_a_pool_that_tells_an_outcome_twice_does_not_count_it_twice(tmp_path: Path) -> None:
    class Stammering:
        def run(self, work: Work, tasks: Sequence[Task]) -> Iterator[tuple[str, Outcome]]:
            for task in tasks:
                yield task.id, work(task.payload)
                yield task.id, work(task.payload)

    told: list[int] = []
    run_campaign(square, TASKS, pool=Stammering(), kept=tmp_path / "k", progress=lambda done, total: told.append(done))
    assert told == [0, 1, 2, 3, 4, 5]
    assert len((tmp_path / "k").read_text().splitlines()) == 5


def test_an_interrupted_campaign_goes_on_where_it_was(tmp_path: Path) -> None:
    kept = tmp_path / "kept.jsonl"
    first = Counting(until=3)
    with pytest.raises(KeyboardInterrupt):
        run_campaign(square, TASKS, pool=first, kept=kept)
    second = Counting()
    found = run_campaign(square, TASKS, pool=second, kept=kept)
    assert len(second.done) == 2
    assert not set(first.done) & set(second.done)
    assert found == run_campaign(square, TASKS, pool=Inline())


def test_a_torn_last_line_is_dropped_and_done_again(tmp_path: Path) -> None:
    kept = tmp_path / "kept.jsonl"
    run_campaign(square, TASKS, pool=Inline(), kept=kept)
    kept.write_bytes(kept.read_bytes()[:-7])
    again = Counting()
    run_campaign(square, TASKS, pool=again, kept=kept)
    assert again.done == [TASKS[-1].id]
    assert [json.loads(line)["task"] for line in kept.read_text().splitlines()] == [task.id for task in TASKS]


def test_outcomes_of_other_tasks_in_the_file_are_left_alone(tmp_path: Path) -> None:
    kept = tmp_path / "kept.jsonl"
    run_campaign(square, TASKS, pool=Inline(), kept=kept)
    assert list(run_campaign(square, TASKS[:2], pool=Counting(until=0), kept=kept)) == [t.id for t in TASKS[:2]]


@pytest.mark.parametrize("line", ["not json\n", '{"task": 1}\n', "[1]\n"])
def test_a_file_that_is_something_else_is_refused_and_left_as_it_is(tmp_path: Path, line: str) -> None:
    kept = tmp_path / "kept.jsonl"
    kept.write_text(line)
    with pytest.raises(UserError, match="line 1 is no outcome"):
        run_campaign(square, TASKS, pool=Inline(), kept=kept)
    assert kept.read_text() == line


def test_a_pool_that_loses_a_task_is_an_error_and_not_a_short_answer() -> None:
    class Losing:
        def run(self, work: Work, tasks: Sequence[Task]) -> Iterator[tuple[str, Outcome]]:
            yield tasks[0].id, work(tasks[0].payload)

    with pytest.raises(RuntimeError, match="lost 4 tasks"):
        run_campaign(square, TASKS, pool=Losing())
