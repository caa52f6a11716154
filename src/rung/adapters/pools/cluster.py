"""Tasks on a Dask cluster. Needs the extra `cluster`."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from rung.domain.errors import UserError, install_words

CONNECT_SECONDS = 10.0
KNOCK_SECONDS = 3.0
"""How long an address may take to answer, and then to speak."""
LONGEST_GREETING = 1 << 20
"""A scheduler greets with a short message that begins with its length in eight bytes; anything else is no scheduler."""
START = "start `dask scheduler` and `dask worker`, name the scheduler as tcp://HOST:PORT"
_ADDRESS = re.compile(r"(?P<protocol>tcp|tls)://(?P<host>\[[0-9a-fA-F:]+\]|[^:/\s]+):(?P<port>[0-9]{1,5})")


class _Task(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def payload(self) -> Mapping[str, Any]: ...


_Work = Callable[[Mapping[str, Any]], Mapping[str, Any]]


class ClusterPool:
    """The workers of one Dask scheduler, `tcp://HOST:PORT`.

    Every worker needs this version of Rung and the same files under the same paths. A worker that dies is no loss:
    the scheduler gives its tasks to another. UserError, within seconds and before any work: nobody answers there, or
    not a scheduler.
    """

    def __init__(self, address: str, *, patience_seconds: float = CONNECT_SECONDS) -> None:
        self._address = address
        self._patience = patience_seconds
        knock(address)

    def run(self, work: _Work, tasks: Sequence[_Task]) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """(task id, outcome) as they finish. Raises what `work` raises; UserError for a cluster that is not there."""
        if not tasks:
            return
        client = self._connect()
        try:
            yield from self._run(client, work, tasks)
        finally:
            client.close(timeout=self._patience)

    def _run(self, client: Any, work: _Work, tasks: Sequence[_Task]) -> Iterator[tuple[str, Mapping[str, Any]]]:
        from distributed import KilledWorker, as_completed
        from distributed.client import FutureCancelledError

        futures = {client.submit(work, task.payload, key=f"rung-{task.id}", pure=True): task.id for task in tasks}
        try:
            for future in as_completed(futures, loop=client.loop):
                yield futures[future], future.result()
        except KilledWorker as error:
            raise UserError(
                f"a task took several workers with it: {error}", where=self._address, remedy="look at their memory"
            ) from None
        except (FutureCancelledError, OSError) as error:
            raise UserError(
                f"the cluster went away: {error}", where=self._address, remedy="start it again; nothing done is lost"
            ) from None
        finally:
            client.cancel(list(futures), force=True)

    def _connect(self) -> Any:
        try:
            from distributed import Client
        except ImportError:
            raise UserError("a cluster needs the extra `cluster`", remedy=install_words("cluster")) from None
        try:
            client = Client(self._address, timeout=self._patience, set_as_default=False)
        except Exception as error:  # noqa: BLE001 - whatever another version of Dask stumbles over
            words = f"there is no cluster that can be used: {type(error).__name__}: {error}"
            raise UserError(words, where=self._address, remedy=START) from None
        if not client.scheduler_info()["workers"]:
            client.close()
            raise UserError("the cluster has no workers", where=self._address, remedy="start `dask worker`")
        return client


def knock(address: str) -> None:
    """Ask whether a scheduler answers there. UserError when the address is none, nobody does, or somebody else."""
    found = _ADDRESS.fullmatch(address)
    if found is None or not 0 < int(found["port"]) < 1 << 16:
        raise UserError("is no address of a cluster", where=address, remedy=START)
    host, port = found["host"].strip("[]"), int(found["port"])
    try:
        with socket.create_connection((host, port), timeout=KNOCK_SECONDS) as line:
            greeting = _heard(line) if found["protocol"] == "tcp" else b""
    except OSError as error:
        words = f"there is no cluster: {error.strerror or error}"
        raise UserError(words, where=address, remedy=START) from None
    if found["protocol"] == "tcp" and not 0 < int.from_bytes(greeting, "little") < LONGEST_GREETING:
        raise UserError("there is no cluster: what answers is no Dask scheduler", where=address, remedy=START)


def _heard(line: socket.socket) -> bytes:
    """The first eight bytes that were said, b"" when there were fewer in time."""
    greeting = b""
    try:
        while len(greeting) < 8:
            part = line.recv(8 - len(greeting))
            if not part:
                return b""
            greeting += part
    except TimeoutError:
        return b""
    return greeting
