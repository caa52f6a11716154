"""Where a campaign's tasks run, and the bar that shows how many are done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rung.lab.campaign import Pool


def pool_of(cluster: str | None, workers: int | None) -> Pool:
    """A Dask cluster when an address is given; else processes; with one worker none but this one."""
    if cluster is not None:
        from rung.adapters.pools.cluster import ClusterPool

        return ClusterPool(cluster)
    if workers == 1:
        from rung.lab.campaign import Inline

        return Inline()
    from rung.adapters.pools.processes import ProcessPool

    return ProcessPool(workers)


@contextmanager
def campaign_progress(kept: Path | None, what: str = "runs") -> Iterator[Callable[[int, int], None]]:
    """The progress bar as campaigns want it told: (done, of how many). kept : the folder that keeps what is done."""
    from rung.apps.cli.progress import resumable

    with resumable(kept, what) as bar:
        yield lambda done, total: bar(what, done, max(total, 1))
