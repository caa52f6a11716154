"""Cross-validation on planted returns: every path is whole, and no choice hears of the days it is judged on."""

from __future__ import annotations

from functools import partial
from math import comb

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.lab.planted import DAYS, cross, random_table

from rung.domain.errors import UserError
from rung.lab.cross_validating import CrossPlan


@settings(max_examples=25)
@given(st.integers(2, 6), st.data(), st.integers(0, 2), st.integers(0, 1))
def test_every_path_covers_every_day_once_by_a_choice_that_never_saw_it(
    groups: int, draw: st.DataObject, purge: int, embargo: int
) -> None:
    """A day's planted return is found on every path; changing the returns of the judged days changes no choice."""
    plan_of = partial(CrossPlan, groups=groups, purge_minutes=purge * 1440, embargo_days=embargo, select="return")
    plan = plan_of(test_groups=draw.draw(st.integers(1, groups - 1)))
    table = random_table(draw.draw(st.integers(0, 99)), sets=4)
    try:
        result = cross(table, plan)
    except UserError:
        return  # the gaps leave nothing to learn: refused, as tests/property/test_splits.py has it
    assert len(result.paths) * groups == comb(groups, plan.test_groups) * plan.test_groups
    size = DAYS // groups
    for path, row in zip(result.paths, result.histories, strict=True):
        for day in range(DAYS):
            group = min(day // size, groups - 1)
            judged = result.judged[path.combinations[group] - 1]
            assert group + 1 in judged.test_groups
            assert row[day] == table[int(judged.values["k"])][day]
    number = draw.draw(st.integers(0, len(result.judged) - 1))
    first = result.judged[number]
    kept = [day for day in range(DAYS) if min(day // size, groups - 1) + 1 not in first.test_groups]
    other = {k: [row[day] if day in kept else -0.5 * k for day in range(DAYS)] for k, row in table.items()}
    assert cross(other, plan).judged[number].values == first.values
