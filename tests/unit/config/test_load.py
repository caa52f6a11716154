"""A file becomes a frozen value with an id, or one clear message."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import FrozenInstanceError, asdict, dataclass, field
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import pytest
from annotated_doc import Doc
from annotated_types import Ge, Gt, Interval, Le, MinLen
from hypothesis import given, settings
from hypothesis import strategies as st

from rung.config import content_id, load, loads
from rung.domain.errors import UserError


class Mood(StrEnum):
    CALM = "calm"
    WILD = "wild"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """A part of the desk."""

    size: Annotated[float, Gt(0), Le(1), Doc("fraction of equity")] = 0.5
    name: str = "leg"

    def __post_init__(self) -> None:
        if self.name == "none":
            raise ValueError("a leg needs a name of its own")


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The whole file."""

    limit_quote: Annotated[Decimal, Ge(Decimal(0)), Doc("most at risk")] = Decimal("10.50")
    horizons: Annotated[tuple[int, ...], MinLen(1)] = (1, 5)
    pair: tuple[int, str] = (1, "a")
    boosts: Mapping[str, Annotated[float, Interval(gt=0, lt=10)]] = field(default_factory=dict)
    mood: Mood = Mood.CALM
    pace: Literal["slow", "fast"] = "slow"
    main: Leg = field(default_factory=Leg)
    spare: Leg | None = None
    legs: tuple[Leg, ...] = ()
    by_name: Mapping[str, Leg] = field(default_factory=dict)
    most: Annotated[int, Ge(1)] | None = None
    live: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Strict:
    """A file with something that must be said."""

    fee_bps: Decimal


def refusal(text: str, schema: type = Desk, name: str = "desk.json") -> str:
    with pytest.raises(UserError) as caught:
        loads(text, schema, name)
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_an_empty_object_is_all_defaults() -> None:
    assert loads("{}", Desk).value == Desk()


def test_everything_a_stage_may_ask_for_loads() -> None:
    text = """{
        // limits
        "limit_quote": 0.12345678901234567890, "horizons": [1, 2, 3], "pair": [2, "b"], "boosts": {"A.B": 1},
        "mood": "wild", "pace": "fast", "main": {"size": 1}, "spare": {"name": "x"}, "legs": [{"size": 0.25}],
        "by_name": {"one": {}}, "most": 3, "live": true,
    }"""
    value = loads(text, Desk).value
    assert value == Desk(
        limit_quote=Decimal("0.12345678901234567890"),
        horizons=(1, 2, 3),
        pair=(2, "b"),
        boosts={"A.B": 1.0},
        mood=Mood.WILD,
        pace="fast",
        main=Leg(size=1.0),
        spare=Leg(name="x"),
        legs=(Leg(size=0.25),),
        by_name={"one": Leg()},
        most=3,
        live=True,
    )
    assert isinstance(value.main.size, float)
    with pytest.raises(FrozenInstanceError):
        value.live = False  # type: ignore[misc]


def test_toml_says_the_same_with_the_same_id() -> None:
    from_json = loads('{"limit_quote": 1.50, "main": {"size": 0.25}, "mood": "wild"}', Desk)
    from_toml = loads('limit_quote = 1.5\nmood = "wild"\n_why = "test"\n[main]\nsize = 0.25\n', Desk, "desk.toml")
    assert from_json.value == from_toml.value
    assert from_json.id == from_toml.id
    assert from_toml.notes == {"_why": "test"}


def test_notes_are_kept_and_change_nothing() -> None:
    plain = loads('{"main": {"size": 0.25}, "boosts": {"A": 1}}', Desk)
    noted = loads('{"_a": [1], "main": {"_b": "why", "size": 0.25}, "boosts": {"A": 1, "_c": "x"}}', Desk)
    assert noted.notes == {"_a": [1], "main._b": "why", "boosts._c": "x"}
    assert (noted.value, noted.id) == (plain.value, plain.id)


def test_the_id_includes_defaults_and_forgets_spelling() -> None:
    assert (
        loads("{}", Desk).id == loads('{"limit_quote": "10.5", "main": {"size": 0.50}}', Desk).id == content_id(Desk())
    )
    assert loads('{"limit_quote": 10.51}', Desk).id != content_id(Desk())
    assert len(content_id(Desk())) == 12


def test_the_id_is_the_same_in_every_process() -> None:
    code = "from rung.config import content_id; print(content_id({'b': 1, 'a': {'x', 'y'}}))"
    ids = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(ids) == 1


def test_numbers_that_differ_in_their_thirtieth_digit_have_different_ids() -> None:
    assert content_id(Decimal("1." + "0" * 40 + "1")) != content_id(Decimal(1))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{\n "moood": "wild"}', 'desk.json:2:2: moood: is no known key — did you mean "mood"?'),
        ('{"main": {\n\n "sise": 1}}', 'desk.json:3:2: main.sise: is no known key — did you mean "size"?'),
        ('{"legs": [{}, {"nam": 1}]}', 'desk.json:1:16: legs[1].nam: is no known key — did you mean "name"?'),
        ('{"by_name": {"x": {"nam": 1}}}', 'by_name.x.nam: is no known key — did you mean "name"?'),
        ('{"spare": {"sizes": 1}}', 'spare.sizes: is no known key — did you mean "size"?'),
        ('{"size": 0.5}', 'size: is no known key — did you mean "main.size"?'),
        ('{"main": {"live": true}}', 'main.live: is no known key — did you mean "live"?'),
        ('{"qqqq": 1}', "desk.json:1:2: qqqq: is no known key"),
        ('{"main": {"size": 2}}', "main.size: should be less than or equal to 1, not 2"),
        ('{"main": {"size": "0.5"}}', 'main.size: should be a valid number, not "0.5"'),
        ('{"most": 1.5}', "most: should be a valid integer, not 1.5"),
        ('{"most": true}', "most: should be a valid integer, not true"),
        ('{"live": 1}', "live: should be a valid boolean, not 1"),
        ('{"horizons": []}', "horizons: "),
        ('{"horizons": [1, "x"]}', 'horizons[1]: should be a valid integer, not "x"'),
        ('{"boosts": {"A": -1}}', "boosts.A: should be greater than 0, not -1"),
        ('{"mood": "sad"}', "mood: should be 'calm' or 'wild', not \"sad\""),
        ('{"pace": "slo"}', "pace: should be 'slow' or 'fast', not \"slo\""),
        ('{"main": 3}', "main: should be an object, not 3"),
        ('{"main": null}', "main: should be an object, not null"),
        ('{"spare": {"name": "none"}}', "spare: a leg needs a name of its own"),
        ('{"main": {"size": 1e999}}', "main.size: is not a finite number"),
        ('{"main": {"size": ' + "9" * 400 + "}}", "main.size: is too large a number"),
        ('{"limit_quote": "NaN"}', "limit_quote: "),
        ('{"limit_quote": "-1"}', "limit_quote: should be greater than or equal to 0"),
        ('{"main": {"name": "\\ud800"}}', "main.name: holds half a character"),
        ("[1]", "must hold one object"),
        ("", "desk.json: the file is empty"),
        ("{", "desk.json:1:"),
    ],
)
def test_a_mistake_is_one_clear_line(text: str, says: str) -> None:
    told = refusal(text)
    assert says in told
    assert "\n" not in told
    assert told.startswith("desk.json")


def test_all_mistakes_of_a_file_are_told_at_once_in_their_order() -> None:
    told = refusal('{\n"moood": 1,\n"main": {"size": 5,\n "nam": 1},\n"live": "yes"\n}').splitlines()
    assert told[0] == "desk.json: 4 errors"
    assert [line.split(":")[0].strip() for line in told[1:]] == ["line 2", "line 3", "line 4", "line 5"]


def test_what_must_be_said_is_asked_for() -> None:
    assert refusal("{}", Strict) == "desk.json: fee_bps: is required"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("most = 0", "desk.toml:1:1: most: should be greater than or equal to 1, not 0"),
        ("\n[main]\nsise = 1", 'desk.toml:3:1: main.sise: is no known key — did you mean "size"?'),
        ("[[legs]]\n[[legs]]\nsise = 1", 'desk.toml:3:1: legs[1].sise: is no known key — did you mean "size"?'),
        ("[by_name.x]\nnam = 1", 'desk.toml:2:1: by_name.x.nam: is no known key — did you mean "name"?'),
        ("main.sise = 1", 'desk.toml:1:1: main.sise: is no known key — did you mean "size"?'),
        ('mood = """sad"""', "desk.toml: mood: should be"),
        ("[main]\nsize = inf", "main.size: is not a finite number"),
        ("[main]\nsize = nan", "main.size: is not a finite number"),
        ("a = ", "desk.toml:1:4: invalid value"),
        ("live = true\nlive = false", "desk.toml:2:13: cannot overwrite a value"),
        ("most = 2024-01-01", 'most: should be a valid integer, not "2024-01-01"'),
        ("x = 2024-13-01", "desk.toml"),
        ("x = " + "[" * 5_000, "nested too deeply"),
    ],
)
def test_toml_mistakes_are_as_clear(text: str, says: str) -> None:
    assert says in refusal(text, name="desk.toml")


def test_files_that_are_none(tmp_path: Path) -> None:
    binary = tmp_path / "x.json"
    binary.write_bytes(b"\xff\xfe\x00")
    for path, says in [
        (tmp_path / "absent.json", "no such configuration file"),
        (tmp_path, "a folder"),
        (binary, "not UTF-8"),
        (tmp_path / "absent.json" / "deeper.json", "cannot be read"),
    ]:
        if says == "cannot be read":
            (tmp_path / "absent.json").write_text("{}")
        with pytest.raises(UserError, match=says):
            load(path, Desk)


def test_an_unknown_ending_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "desk.yaml"
    path.write_text("a: 1")
    with pytest.raises(UserError, match=r'the ending "\.yaml" says neither'):
        load(path, Desk)


def test_a_file_knows_where_it_came_from_and_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "desk.json"
    path.write_bytes(b"\xef\xbb\xbf{}")
    assert load(path, Desk).path == path


@given(
    st.builds(
        Desk,
        limit_quote=st.decimals(min_value=0, max_value=10**9, places=8),
        horizons=st.lists(st.integers(-(2**60), 2**60), min_size=1, max_size=5).map(tuple),
        boosts=st.dictionaries(st.text("ABC.", min_size=1), st.floats(0.01, 9.99), max_size=3),
        mood=st.sampled_from(Mood),
        main=st.builds(Leg, size=st.floats(0.001, 1), name=st.text("abc", max_size=3)),
        spare=st.none() | st.builds(Leg),
        live=st.booleans(),
    )
)
@settings(max_examples=60)
def test_what_is_written_out_loads_back_with_the_same_id(desk: Desk) -> None:
    loaded = loads(json.dumps(asdict(desk), default=str), Desk)
    assert loaded.value == desk
    assert loaded.id == content_id(desk)


@given(st.dictionaries(st.sampled_from([*Desk.__dataclass_fields__, "x"]), st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["size", "name", "_n", "y"]), inner),
    max_leaves=6,
), max_size=4))  # fmt: skip
@settings(max_examples=300)
def test_whatever_the_file_says_it_loads_or_is_refused_in_words(content: dict[str, object]) -> None:
    outcome: object
    try:
        outcome = loads(json.dumps(content), Desk).value
    except UserError as error:
        outcome = str(error)
    assert isinstance(outcome, Desk | str)
    assert outcome
