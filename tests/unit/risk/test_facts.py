"""What gates measure with."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from rung.risk.facts import exact


@pytest.mark.parametrize(
    ("given", "said"),
    [(0.1, "0.1"), (2, "2"), (Decimal("2.50"), "2.50"), (np.float64(0.1), "0.1"), (np.float32(0.5), "0.5")],
)
def test_a_limit_is_read_as_a_person_wrote_it_whatever_kind_of_number_it_is(given: float, said: str) -> None:
    assert str(exact(given)) == said
