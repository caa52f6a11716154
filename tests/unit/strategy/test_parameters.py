"""Parameters of authored strategies: declared with type and range, given as values or as text, refused by name."""

from __future__ import annotations

import pytest

from rung.domain.errors import UserError
from rung.strategy.authoring import Strategy
from rung.strategy.parameters import declared_params, param, settings


class Made(Strategy):
    period = param(60, low=2, high=500, about="bars")
    band = param(0.001, low=0.0, high=0.05)
    flips = param(True)
    kind = param("slow", choices=("slow", "fast"))


class Child(Made):
    period = 7  # no longer a parameter
    extra = param(1.5)


def test_defaults_are_plain_values_on_an_instance() -> None:
    made = Made()
    assert (made.period, made.band, made.flips, made.kind) == (60, 0.001, True, "slow")
    assert type(made.period) is int


def test_text_is_read_as_the_type_of_the_default() -> None:
    assert settings(Made, {"period": "40", "band": "1e-2", "flips": "no", "kind": "fast"}) == {
        "period": 40, "band": 0.01, "flips": False, "kind": "fast",
    }  # fmt: skip


def test_whole_numbers_may_be_written_as_floats_and_stay_whole() -> None:
    value = settings(Made, {"period": 40.0})["period"]
    assert value == 40
    assert type(value) is int


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("period", 1, "period = 1 is not allowed: it is a whole number from 2 to 500"),
        ("period", 501, "whole number from 2 to 500"),
        ("period", 40.5, "whole number from 2 to 500"),
        ("period", "forty", "period = forty"),
        ("period", True, "whole number"),
        ("band", "nan", "number from 0 to 0.05"),
        ("band", float("inf"), "number from 0 to 0.05"),
        ("flips", "perhaps", "true or false"),
        ("kind", "medium", "one of slow, fast"),
    ],
)
def test_a_value_out_of_range_names_parameter_value_and_range(name: str, value: object, words: str) -> None:
    with pytest.raises(UserError, match=words.replace(".", r"\.")):
        settings(Made, {name: value})


def test_the_bounds_themselves_are_allowed() -> None:
    assert settings(Made, {"period": 2, "band": 0.05})["band"] == 0.05


def test_an_unknown_parameter_offers_the_nearest_and_lists_all() -> None:
    with pytest.raises(
        UserError, match=r"no parameter 'perod'.*did you mean period\? it has period, band, flips, kind"
    ):
        Made(perod=40)


def test_a_child_inherits_adds_and_hides_parameters() -> None:
    assert list(declared_params(Child)) == ["band", "flips", "kind", "extra"]
    assert Child().period == 7


def test_a_default_outside_its_own_range_is_a_mistake_where_it_is_written() -> None:
    with pytest.raises(ValueError, match="whole number from 2 to 500"):
        param(1, low=2, high=500)


def test_a_text_has_choices_and_no_bounds() -> None:
    with pytest.raises(ValueError, match="choices"):
        param("slow", low=1)


def test_a_class_is_named_after_itself_in_small_letters() -> None:
    class MyOwnIdea(Strategy): ...

    class Named(Strategy):
        name = "chosen"

    assert (MyOwnIdea.name, Named.name) == ("my_own_idea", "chosen")
