"""A real Dask cluster on loopback for tests: a scheduler and two workers, processes of their own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


@dataclass
class Cluster:
    address: str
    workers: list[subprocess.Popen[bytes]]


@contextmanager
def a_cluster(workers: int = 2) -> Iterator[Cluster]:
    """A scheduler and its workers, processes of their own."""
    address = f"tcp://127.0.0.1:{free_port()}"
    env = {
        **os.environ,
        "PYTHONPATH": f"{PROJECT / 'src'}{os.pathsep}{PROJECT}",
        "DASK_DISTRIBUTED__DIAGNOSTICS__NVML": "False",
    }
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": env, "cwd": PROJECT}
    dask = [sys.executable, "-m", "dask"]
    scheduler = subprocess.Popen(
        [*dask, "scheduler", "--host", address, "--no-dashboard", "--no-jupyter"],
        **quiet,  # type: ignore[call-overload]
    )
    common = ["--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1", "--no-nanny", "--death-timeout", "30"]
    crew = [subprocess.Popen([*dask, "worker", address, *common], **quiet) for _ in range(workers)]  # type: ignore[call-overload]
    try:
        wait_for_workers(address, workers)
        yield Cluster(address, crew)
    finally:
        for process in (*crew, scheduler):
            process.kill()
            process.wait()


def wait_for_workers(address: str, count: int) -> None:
    from distributed import Client

    for _ in range(60):
        try:
            with Client(address, timeout=5, set_as_default=False) as client:
                if count:
                    client.wait_for_workers(count, timeout=30)
                return
        except (OSError, TimeoutError):
            time.sleep(0.5)
    raise TimeoutError("the cluster did not start")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
