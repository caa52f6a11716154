"""Real processes and a real Dask cluster on loopback: same outcomes as one after the other, also when workers die."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest
from tests.integration.clusters import Cluster, a_cluster, free_port
from tests.integration.pool_work import always_dies, dies_once, refuses, slow_square, square

from rung.adapters.pools.cluster import ClusterPool
from rung.adapters.pools.processes import ProcessPool
from rung.domain.errors import UserError
from rung.lab.campaign import Inline, Task, run_campaign

TASKS = [Task.of({"n": n}) for n in range(20)]


def test_two_processes_answer_what_one_does() -> None:
    assert run_campaign(square, TASKS, pool=ProcessPool(2)) == run_campaign(square, TASKS, pool=Inline())


def test_a_killed_worker_loses_nothing_and_counts_nothing_twice(tmp_path: Path) -> None:
    tasks = [Task.of({"n": n, "mark": str(tmp_path / "died")}) for n in range(20)]
    kept = tmp_path / "kept.jsonl"
    found = run_campaign(dies_once, tasks, pool=ProcessPool(2), kept=kept)
    assert [outcome["square"] for outcome in found.values()] == [n**2 for n in range(20)]
    assert (tmp_path / "died").exists()
    assert len(kept.read_text().splitlines()) == 20


def test_work_that_kills_every_worker_ends_with_a_sentence() -> None:
    with pytest.raises(UserError, match="workers died"):
        run_campaign(always_dies, TASKS[:2], pool=ProcessPool(1))


def test_what_the_work_refuses_is_told_as_it_was_said() -> None:
    with pytest.raises(UserError, match="cannot be squared"):
        run_campaign(refuses, TASKS, pool=ProcessPool(2))


def test_a_cluster_of_two_workers_answers_what_one_process_does(cluster: Cluster) -> None:
    assert run_campaign(square, TASKS, pool=ClusterPool(cluster.address)) == run_campaign(square, TASKS, pool=Inline())


def test_what_the_work_refuses_on_a_cluster_is_told_as_it_was_said(cluster: Cluster) -> None:
    with pytest.raises(UserError, match="cannot be squared"):
        run_campaign(refuses, TASKS[:3], pool=ClusterPool(cluster.address))


def test_a_worker_killed_in_the_middle_loses_nothing_and_counts_nothing_twice(cluster: Cluster, tmp_path: Path) -> None:
    log, kept = tmp_path / "log", tmp_path / "kept.jsonl"
    tasks = [Task.of({"n": n, "log": str(log)}) for n in range(40)]
    told: list[int] = []

    def progress(done: int, total: int) -> None:
        told.append(done)
        if done == 10:
            cluster.workers[0].kill()

    found = run_campaign(slow_square, tasks, pool=ClusterPool(cluster.address), kept=kept, progress=progress)
    assert [outcome["square"] for outcome in found.values()] == [n**2 for n in range(40)]
    assert told == list(range(41))
    assert len(kept.read_text().splitlines()) == 40
    assert cluster.workers[0].wait() != 0


def test_a_cluster_that_is_not_there_is_one_clear_line_before_anything_runs() -> None:
    address = f"tcp://127.0.0.1:{free_port()}"
    with pytest.raises(UserError, match="there is no cluster: Connection refused") as told:
        ClusterPool(address)
    assert told.value.where == address
    assert "start `dask scheduler` and `dask worker`" in told.value.remedy


@pytest.mark.parametrize("address", ["nonsense", "http://127.0.0.1:80", "tcp://127.0.0.1", "tcp://127.0.0.1:99999"])
def test_what_is_no_address_is_said(address: str) -> None:
    with pytest.raises(UserError, match="is no address of a cluster"):
        ClusterPool(address)


@pytest.mark.parametrize("said", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b""])
def test_somebody_else_at_the_address_is_no_scheduler(said: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            line, _ = server.accept()
            with line:
                line.sendall(said)

        speaker = threading.Thread(target=answer)
        speaker.start()
        with pytest.raises(UserError, match="what answers is no Dask scheduler"):
            ClusterPool(f"tcp://127.0.0.1:{server.getsockname()[1]}")
        speaker.join()


def test_a_cluster_without_workers_is_one_clear_line() -> None:
    with (
        a_cluster(workers=0) as empty,
        pytest.raises(UserError, match="the cluster has no workers"),
    ):
        run_campaign(square, TASKS, pool=ClusterPool(empty.address))
