"""Twin = truth over twelve thousand random configurations, and kernel = slow twin over as many with everything on."""

from __future__ import annotations

import pytest
from tests.property.test_bars import agree
from tests.property.test_bars_truth import one_case
from tests.unit.kernels.bars.made import made_bars, made_directions, made_rules, made_weights

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3_600)]
CONFIGURATIONS = 12_000
LENGTHS = (10, 60, 150)


def test_the_kernel_is_the_desk_over_twelve_thousand_configurations() -> None:
    fills = sum(len(one_case(1_000_000 + seed, LENGTHS[seed % 3]).fills) for seed in range(CONFIGURATIONS))
    assert fills > 10 * CONFIGURATIONS


def test_the_kernel_is_its_slow_twin_over_twelve_thousand_configurations() -> None:
    fills = 0
    for seed in range(2_000_000, 2_000_000 + CONFIGURATIONS):
        bars, rules = made_bars(seed, 200), made_rules(seed + 1)
        if seed % 3:
            fills += agree(bars, rules, directions=made_directions(seed + 2, 200))
        else:
            fills += agree(bars, rules, weights=made_weights(seed + 2, (200,)))
    assert fills > 30 * CONFIGURATIONS
