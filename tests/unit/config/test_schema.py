"""A stage's dataclass in words: the rows the generated reference is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_doc import Doc
from annotated_types import Ge, Gt, Interval, Le, Len, Lt, MaxLen, MinLen, MultipleOf

from rung.config import describe


class Mood(StrEnum):
    CALM = "calm"
    WILD = "wild"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """A part."""

    size: Annotated[float, Gt(0), Le(1), Doc("fraction of equity")] = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Everything:
    """One field of every kind."""

    limit_quote: Annotated[Decimal, Ge(Decimal(0)), Doc("most at risk, quote currency")]
    mood: Mood = Mood.CALM
    pace: Literal["slow", 3] = "slow"
    folder: Path = Path("logs")
    most: Annotated[int | None, Ge(1), Lt(9), MultipleOf(2)] = None
    odd: Annotated[int, Ge(1)] | str = 1
    on: bool = False
    words: Annotated[tuple[str, ...], MinLen(1), MaxLen(4)] = ("a",)
    some: Annotated[list[int], Len(0, 3)] = field(default_factory=list)
    boosts: Mapping[str, Annotated[float, Interval(gt=0, le=10)]] = field(default_factory=lambda: {"A": 1.5})
    thing: Any = None
    main: Leg = field(default_factory=Leg)
    legs: tuple[Leg, ...] = ()
    by_name: Mapping[str, Leg] = field(default_factory=dict)
    derived: int = field(default=0, init=False)


ROWS = {row.key: row for row in describe(Everything)}


def words(key: str) -> tuple[str, str, str]:
    row = ROWS[key]
    return row.type, row.default, row.bounds


def test_every_key_a_file_may_hold_has_a_row_and_no_other() -> None:
    assert list(ROWS) == [
        "limit_quote", "mood", "pace", "folder", "most", "odd", "on", "words", "some", "boosts", "thing",
        "main.size", "legs[].size", "by_name.<name>.size",
    ]  # fmt: skip


def test_types_defaults_and_bounds_are_said_in_words() -> None:
    assert words("limit_quote") == ("exact number", "required", "≥ 0")
    assert words("mood") == ('"calm" or "wild"', '"calm"', "")
    assert words("pace") == ('"slow" or 3', '"slow"', "")
    assert words("folder") == ("path", '"logs"', "")
    assert words("most") == ("whole number or null", "null", "≥ 1, < 9, a multiple of 2")
    assert words("odd") == ("whole number or text", "1", "≥ 1")
    assert words("on") == ("true or false", "false", "")
    assert words("words") == ("list of text", '["a"]', "at least 1 long, at most 4 long")
    assert words("some") == ("list of whole number", "[]", "at most 3 long")
    assert words("boosts") == ("table of number", '{"A": 1.5}', "each > 0, ≤ 10")
    assert words("thing") == ("anything", "null", "")
    assert words("legs[].size") == words("main.size") == ("number", "0.5", "> 0, ≤ 1")


def test_the_doc_is_the_one_written_beside_the_field() -> None:
    assert ROWS["limit_quote"].doc == "most at risk, quote currency"
    assert ROWS["by_name.<name>.size"].doc == "fraction of equity"
    assert ROWS["mood"].doc == ""
