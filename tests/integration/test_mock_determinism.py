"""P10: the same request on the same tapes writes the same bytes, whatever the hash seed and the thread counts."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.integration.mock_runs import digests, mock

WEEK = ("2025-09-22", "2025-09-23")
ENVIRONMENTS = (
    {"PYTHONHASHSEED": "0", "NUMBA_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"},
    {"PYTHONHASHSEED": "4242", "NUMBA_NUM_THREADS": "2", "POLARS_MAX_THREADS": "2", "OMP_NUM_THREADS": "2"},
)


@pytest.mark.data
def test_two_runs_write_the_same_bytes_the_journal_included(real_data: Path, tmp_path: Path) -> None:
    printed = []
    for n, environment in enumerate(ENVIRONMENTS):
        out = tmp_path / str(n) / "out"
        printed.append(
            mock(real_data / "equities", out, *WEEK, "--shuffles", "2", env=environment).replace(str(out), "OUT")
        )
    first, second = tmp_path / "0" / "out", tmp_path / "1" / "out"
    assert digests(first) == digests(second)
    assert len(digests(first)) >= 15  # five files a session, three reports, a journal, its anchors, a script
    assert printed[0] == printed[1]
