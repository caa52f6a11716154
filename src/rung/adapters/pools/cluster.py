"""Tasks on a Dask cluster. Needs the extra `cluster`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from rung.domain.errors import UserError

CONNECT_SECONDS = 10.0


class _Task(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def payload(self) -> Mapping[str, Any]: ...


_Work = Callable[[Mapping[str, Any]], Mapping[str, Any]]


class ClusterPool:
    """The workers of one Dask scheduler, `tcp://HOST:PORT`.

    Every worker needs this version of Rung and the same files under the same paths. A worker that dies is no loss:
    the scheduler gives its tasks to another.
    """

    def __init__(self, address: str, *, patience_seconds: float = CONNECT_SECONDS) -> None:
        self._address = address
        self._patience = patience_seconds

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
            raise UserError("a cluster needs the extra `cluster`", remedy="pip install 'rung[cluster]'") from None
        try:
            client = Client(self._address, timeout=self._patience, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            raise UserError(
                f"there is no cluster ({type(error).__name__})",
                where=self._address,
                remedy="start `dask scheduler` and `dask worker`, name the scheduler as tcp://HOST:PORT",
            ) from None
        if not client.scheduler_info()["workers"]:
            client.close()
            raise UserError("the cluster has no workers", where=self._address, remedy="start `dask worker`")
        return client
