"""Walks and searches on a real two-worker Dask cluster, a worker killed in the middle: same answers, same counts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.integration.clusters import Cluster, a_cluster

from rung.adapters.pools.cluster import ClusterPool
from rung.apps.tune_words import tune_summary
from rung.apps.walk_words import walk_summary
from rung.lab import invented_tapes
from rung.lab.bench import BacktestRequest
from rung.lab.campaign import Inline
from rung.lab.grids import parse_grid, read_grid
from rung.lab.optimising import open_book
from rung.lab.runner import RUNS_FILE
from rung.lab.strategy_subject import strategy_subject
from rung.lab.subject import Subject
from rung.lab.tuning import TunePlan, tune
from rung.lab.walking import Plan, walk_forward_of
from rung.market.tape_file import write_tape
from rung.strategy.crossover import Crossover

GRID = read_grid(Crossover, parse_grid(["period=30:60:10", "band=0.001,0.004"]))


@pytest.fixture
def subject(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Subject:
    """Crossovers on six invented days, as files that every worker can read."""
    monkeypatch.chdir(tmp_path)
    (tape,) = invented_tapes("COINUSDT", days=6)
    (tmp_path / "tapes").mkdir()
    write_tape(tape, tmp_path / "tapes" / "COINUSDT_1m.parquet")
    request = BacktestRequest(
        strategy="crossover", symbols=("COINUSDT",), data=str(tmp_path / "tapes"), cache=tmp_path / "cache"
    )
    return strategy_subject(request)


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """One of its own for every test, since each kills a worker."""
    pytest.importorskip("distributed")
    with a_cluster() as found:
        yield found


def killer(cluster: Cluster, after: int) -> Callable[[int, int], None]:
    """Progress that kills the first worker once so much is done."""

    def progress(done: int, total: int) -> None:
        if done >= after and cluster.workers[0].poll() is None:
            cluster.workers[0].kill()
            cluster.workers[0].wait()

    return progress


def kill_at(cluster: Cluster, folder: Path, runs: int) -> threading.Thread:
    """Kills the first worker as soon as so many runs are kept, in the middle of a batch."""

    def watch() -> None:
        while not (folder / RUNS_FILE).exists() or len(lines(folder)) < runs:
            time.sleep(0.01)
        cluster.workers[0].kill()

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


def lines(folder: Path) -> list[str]:
    return (folder / RUNS_FILE).read_text("utf-8").splitlines()


def test_a_walk_on_a_cluster_that_loses_a_worker_is_the_walk_of_one_process(
    subject: Subject, cluster: Cluster, tmp_path: Path
) -> None:
    plan = Plan(train_days=3, test_days=1)
    local, far = tmp_path / "local", tmp_path / "far"
    for folder in (local, far):
        folder.mkdir()
    combinations = GRID.combinations()
    here = walk_forward_of(subject, combinations, _in(plan, local), open_book(tmp_path / "a.sqlite"), Inline())
    pool, progress = ClusterPool(cluster.address), killer(cluster, after=5)
    there = walk_forward_of(subject, combinations, _in(plan, far), open_book(tmp_path / "b.sqlite"), pool, progress)
    assert cluster.workers[0].poll() is not None
    assert walk_summary(here) == walk_summary(there)
    assert sorted(lines(local)) == sorted(lines(far))
    assert len({line[:30] for line in lines(far)}) == len(lines(far)) > 3 * len(combinations)


def test_a_search_on_a_cluster_that_loses_a_worker_is_the_search_of_one_process(
    subject: Subject, cluster: Cluster, tmp_path: Path
) -> None:
    found = []
    for name in ("local", "far"):
        folder = tmp_path / name
        folder.mkdir()
        plan = TunePlan(trials=8, train_days=1, test_days=1, holdout_days=1, out=folder)
        pool = Inline() if name == "local" else ClusterPool(cluster.address)
        thread = None if name == "local" else kill_at(cluster, folder, runs=6)
        result = tune(subject, GRID.axes, plan, open_book(tmp_path / f"{name}.sqlite"), pool)
        if thread is not None:
            thread.join()
        found.append((tune_summary(result), sorted(lines(folder)), result.trials, result.looks))
    assert cluster.workers[0].wait() != 0
    assert found[0] == found[1]
    assert len({line[:30] for line in found[1][1]}) == len(found[1][1])


def _in(plan: Plan, folder: Path) -> Plan:
    return replace(plan, out=folder)
