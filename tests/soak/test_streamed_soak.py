"""Streamed = desk over ten thousand random configurations: strategies, costs, instruments, limits and tapes."""

from __future__ import annotations

from collections import Counter

import pytest
from tests.property.test_streamed_runs import one_case

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3_600)]
CONFIGURATIONS = 10_000
LENGTHS = (5, 40, 120)


def test_a_streamed_run_is_the_desks_over_ten_thousand_configurations() -> None:
    found: Counter[str] = Counter()
    for seed in range(CONFIGURATIONS):
        found += one_case(3_000_000 + seed, LENGTHS[seed % 3])
    assert found["ORDER"] > 10 * CONFIGURATIONS
    assert found["STOP"] > CONFIGURATIONS
