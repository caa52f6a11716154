"""What integration tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.integration.clusters import Cluster, a_cluster


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A scheduler and two workers; each file of tests has its own, so that it may kill them."""
    pytest.importorskip("distributed")
    with a_cluster() as found:
        yield found
