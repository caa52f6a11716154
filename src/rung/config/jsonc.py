"""JSON with `//` and `/* */` comments and trailing commas, read together with the place of every key.

Strict otherwise: duplicate keys, NaN and Infinity are errors. Numbers with a point or an exponent come back as Decimal,
so that nothing is rounded before the schema says what the number is.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

MAX_DEPTH = 64

KeyPath = tuple[str | int, ...]


class Place(NamedTuple):
    """Line and column, both from 1."""

    line: int
    column: int


PlaceOf = Callable[[int], Place]


class MalformedError(ValueError):
    """Text that is not what it should be, and where."""

    def __init__(self, what: str, place: Place | None) -> None:
        self.what, self.place = what, place
        super().__init__(what)


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed text. `places` holds where each key and each list element stands, by its path from the top."""

    value: object
    places: Mapping[KeyPath, Place]


class _Token(NamedTuple):
    kind: str
    text: str
    start: int


_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
      | (?P<comment>//[^\n]*|/\*(?s:.*?)\*/)
      | (?P<string>"(?:[^"\\\n]|\\.)*")
      | (?P<mark>[{}\[\],:])
      | (?P<word>[^\s{}\[\],:"/]+)""",
    re.VERBOSE,
)
_NOT_FINITE = ("NaN", "Infinity", "-Infinity")


def parse(text: str) -> Document:
    """Read `text`; MalformedError says what is wrong and where."""
    line_starts = [0, *(m.end() for m in re.finditer("\n", text))]

    def place(position: int) -> Place:
        line = bisect_right(line_starts, position)
        return Place(line, position - line_starts[line - 1] + 1)

    tokens = list(_tokens(text, place))
    kept = _kept(tokens)
    if not kept:
        raise MalformedError("the file is empty", None)
    value = _decode(_only(text, kept), place)
    return Document(value, _Places(kept, place).read())


def _tokens(text: str, place: PlaceOf) -> Iterator[_Token]:
    """Every token but blanks. Raises at the first character that begins none."""
    position = depth = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise MalformedError(_why_no_token(text, position), place(position))
        kind, word = str(match.lastgroup), match.group()
        if word in _NOT_FINITE:
            raise MalformedError(f"{word} is not a finite number", place(position))
        if kind == "mark":
            depth += (word in "{[") - (word in "}]")
        if depth > MAX_DEPTH:
            raise MalformedError(f"nested deeper than {MAX_DEPTH} levels", place(position))
        if kind != "space":
            yield _Token(kind, word, position)
        position = match.end()


def _why_no_token(text: str, position: int) -> str:
    if text.startswith("/*", position):
        return "the comment opened here is never closed"
    if text[position] == '"':
        return "the text opened here is not closed on its line"
    return f"unexpected character {text[position]!r}"


def _kept(tokens: Sequence[_Token]) -> list[_Token]:
    """The tokens of plain JSON: no comments, no comma between a last value and its closing bracket."""
    solid = [t for t in tokens if t.kind != "comment"]
    trailing = {
        comma.start
        for before, comma, after in zip(solid, solid[1:], solid[2:], strict=False)
        if comma.text == "," and after.text in ("}", "]") and before.text not in ("{", "[", ",", ":")
    }
    return [t for t in solid if t.start not in trailing]


def _only(text: str, tokens: Sequence[_Token]) -> str:
    """`text` with blanks wherever no token stands: every position stays what it was."""
    pieces: list[str] = []
    end = 0
    for token in tokens:
        pieces.append(re.sub(r"[^\n]", " ", text[end : token.start]))
        pieces.append(token.text)
        end = token.start + len(token.text)
    return "".join(pieces)


def _decode(text: str, place: PlaceOf) -> object:
    try:
        return json.loads(text, parse_float=Decimal)
    except json.JSONDecodeError as error:
        raise MalformedError(error.msg[:1].lower() + error.msg[1:], place(error.pos)) from None
    except ValueError as error:  # an integer of thousands of digits: the decoder does not say where
        raise MalformedError(str(error), None) from None


class _Places:
    """Reads tokens, known to be sound JSON, a second time: for the places, and for keys that come twice."""

    def __init__(self, tokens: Sequence[_Token], place: PlaceOf) -> None:
        self._tokens = iter(tokens)
        self._place = place
        self._places: dict[KeyPath, Place] = {}

    def read(self) -> dict[KeyPath, Place]:
        self._value(next(self._tokens), ())
        return self._places

    def _value(self, token: _Token, path: KeyPath) -> None:
        if token.text == "{":
            self._object(path)
        elif token.text == "[":
            self._array(path)

    def _object(self, path: KeyPath) -> None:
        for token in self._tokens:
            if token.text == "}":
                return
            if token.text == ",":
                continue
            child = (*path, str(json.loads(token.text)))
            here = self._place(token.start)
            if child in self._places:
                raise MalformedError(
                    f'the key "{child[-1]}" comes twice, first on line {self._places[child].line}', here
                )
            self._places[child] = here
            next(self._tokens)  # the colon
            self._value(next(self._tokens), child)

    def _array(self, path: KeyPath) -> None:
        index = 0
        for token in self._tokens:
            if token.text == "]":
                return
            if token.text == ",":
                index += 1
                continue
            self._places[(*path, index)] = self._place(token.start)
            self._value(token, (*path, index))
