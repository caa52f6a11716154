"""JSON with comments: what is read, what is refused, and where the message points."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rung.config.jsonc import MAX_DEPTH, MalformedError, Place, parse

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=20
)


def problem(text: str) -> MalformedError:
    with pytest.raises(MalformedError) as caught:
        parse(text)
    return caught.value


@given(values, st.sampled_from([None, 0, 2]), st.booleans())
def test_plain_json_reads_as_the_standard_library_reads_it(value: object, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    assert parse(text).value == json.loads(text, parse_float=Decimal)


@given(st.text(alphabet='{}[],:"/*\\ \n01ae.-', max_size=40))
@settings(max_examples=400)
def test_any_text_either_reads_or_is_refused_in_words(text: str) -> None:
    refused: MalformedError | None = None
    try:
        parse(text)
    except MalformedError as error:
        refused = error
    assert refused is None or refused.what
    assert refused is None or refused.place is None or 1 <= refused.place.line <= text.count("\n") + 1


@given(values, st.sampled_from(["// note\n", "/* a\n b */", " ", "\n"]))
def test_comments_between_tokens_change_nothing(value: object, comment: str) -> None:
    text = json.dumps(value, indent=1).replace("\n", f"\n{comment}")
    assert parse(text).value == json.loads(json.dumps(value), parse_float=Decimal)


def test_comment_marks_inside_text_are_text() -> None:
    assert parse('{"a": "http://x /* no */ \\" // no"}').value == {"a": 'http://x /* no */ " // no'}


def test_trailing_commas_are_forgiven() -> None:
    assert parse('{"a": [1, 2, /* last */ ], }').value == {"a": [1, 2]}


@pytest.mark.parametrize("text", ["[,]", "[1,,]", "{,}", '{"a":,}', '{"a":1,,}', "[1 2]", "1,"])
def test_stray_commas_are_not(text: str) -> None:
    assert problem(text).place is not None


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ('{\n  "a": 1\n  "b": 2\n}', Place(3, 3), "delimiter"),
        ('{\n  // fine\n  "a": tru\n}', Place(3, 8), "expecting value"),
        ('{"a": 1, /* never', Place(1, 10), "never closed"),
        ('{\n"a": "no end\n}', Place(2, 6), "not closed"),
        ('{"a": 1 / 2}', Place(1, 9), "unexpected character '/'"),
        ('{"a":\n NaN}', Place(2, 2), "not a finite number"),
        ('{"a": -Infinity}', Place(1, 7), "not a finite number"),
        ('{"a": 1,\n "b": 2,\n "a": 3}', Place(3, 2), "comes twice, first on line 1"),
        ('{"x": {"a": 1,\n "\\u0061": 3}}', Place(2, 2), "comes twice"),
    ],
)
def test_a_mistake_is_named_with_line_and_column(text: str, place: Place, words: str) -> None:
    found = problem(text)
    assert found.place == place
    assert words in found.what


@pytest.mark.parametrize("text", ["", " \n", "// only words\n", "/* x */"])
def test_a_text_without_a_value_is_empty(text: str) -> None:
    assert "empty" in problem(text).what


def test_bottomless_nesting_is_refused_before_it_hurts() -> None:
    assert "nested deeper" in problem("[" * 100_000).what
    assert parse("[" * MAX_DEPTH + "]" * MAX_DEPTH).value


def test_a_number_of_thousands_of_digits_is_refused() -> None:
    assert "digits" in problem('{"a": ' + "9" * 5_000 + "}").what


def test_every_key_and_element_knows_its_place() -> None:
    places = parse('{\n "a": {"b": [10,\n  {"c": 1}]}, // end\n "d": 2}').places
    assert places == {
        ("a",): (2, 2),
        ("a", "b"): (2, 8),
        ("a", "b", 0): (2, 14),
        ("a", "b", 1): (3, 3),
        ("a", "b", 1, "c"): (3, 4),
        ("d",): (4, 2),
    }


def test_numbers_keep_every_digit_written() -> None:
    assert parse("0.12345678901234567890123").value == Decimal("0.12345678901234567890123")
