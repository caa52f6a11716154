"""A real PostgreSQL on loopback for as long as the tests run: Debian's binaries, a folder of its own, no password."""

from __future__ import annotations

import glob
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


def binaries() -> Path | None:
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    on_path = shutil.which("initdb")
    return Path(found[-1]).parent if found else Path(on_path).parent if on_path else None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def as_postgres(words: list[str]) -> list[str]:
    """PostgreSQL refuses to run as root; its own user was made with the package."""
    return ["runuser", "-u", "postgres", "--", *words] if os.geteuid() == 0 else words


@pytest.fixture(scope="session")
def postgres_dsn() -> Iterator[str]:
    """The connection string of an empty database."""
    folder = binaries()
    if folder is None:
        pytest.skip("PostgreSQL is not installed here (apt-get install postgresql)")
    home = Path(
        subprocess.run(as_postgres(["mktemp", "-d"]), check=True, capture_output=True, text=True).stdout.strip()
    )
    port = free_port()
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={home} -c fsync=off"
    control = [str(folder / "pg_ctl"), "-D", str(home / "data"), "-w", "-s"]
    try:
        init = [
            str(folder / "initdb"),
            "-D",
            str(home / "data"),
            "-U",
            "rung",
            "-A",
            "trust",
            "--no-sync",
            "-E",
            "UTF8",
        ]
        subprocess.run(as_postgres(init), check=True, capture_output=True, cwd="/")
        start = [*control, "-l", str(home / "log"), "-o", options, "start"]
        subprocess.run(as_postgres(start), check=True, cwd="/", stdout=subprocess.DEVNULL)
        yield f"host=127.0.0.1 port={port} user=rung dbname=postgres"
        subprocess.run(as_postgres([*control, "-m", "immediate", "stop"]), check=True, cwd="/")
    finally:
        subprocess.run(as_postgres(["rm", "-rf", str(home)]), check=False, cwd="/")
