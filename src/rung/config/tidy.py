"""A document held against a schema: unknown keys are problems with a suggestion, `_` keys are notes.

What remains is JSON that the validator may judge by its strict rules.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from typing import Any

from rung.config.jsonc import KeyPath
from rung.config.schema import describe, element, hints, mapping_value, members, sections

MAX_INT_BITS = 512


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one key."""

    path: KeyPath
    what: str
    remedy: str = ""


@dataclass(slots=True)
class Tidied:
    """What a walk through the document found."""

    problems: list[Problem] = field(default_factory=list)
    notes: dict[str, object] = field(default_factory=dict)


def dotted(path: KeyPath) -> str:
    """`("legs", 0, "size")` as `legs[0].size`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")


def tidy(document: Mapping[str, object], schema: type) -> tuple[object, Tidied]:
    """`document` without notes and unknown keys, in JSON's own types, and what was found on the way."""
    found = Tidied()
    return _Walk(schema, found).value(document, schema, ()), found


class _Walk:
    """One pass through a document along its schema."""

    def __init__(self, schema: type, found: Tidied) -> None:
        self._schema = schema
        self._found = found

    def value(self, value: object, hint: Any, path: KeyPath) -> object:
        if isinstance(value, Mapping):
            return self._object(value, hint, path)
        if isinstance(value, list):
            return [self.value(v, element(hint, i) or Any, (*path, i)) for i, v in enumerate(value)]
        if isinstance(value, Decimal):
            return self._number(value, hint, path)
        if isinstance(value, date | time):
            return value.isoformat()
        if isinstance(value, int) and value.bit_length() > MAX_INT_BITS:
            self._problem(path, "is too large a number")
            return 0
        if isinstance(value, str) and not _is_text(value):
            self._problem(path, "holds half a character (a lone surrogate)")
            return ""
        return value

    def _problem(self, path: KeyPath, what: str, remedy: str = "") -> None:
        self._found.problems.append(Problem(path, what, remedy))

    def _number(self, value: Decimal, hint: Any, path: KeyPath) -> object:
        if not value.is_finite() or abs(float(value)) == float("inf"):
            self._problem(path, "is not a finite number")
            return 0
        return str(value) if Decimal in members(hint) else float(value)

    def _object(self, value: Mapping[str, object], hint: Any, path: KeyPath) -> object:
        known = _best_fit(value, sections(hint))
        inner = mapping_value(hint)
        kept: dict[str, object] = {}
        for key, item in value.items():
            here = (*path, key)
            if key.startswith("_"):
                self._found.notes[dotted(here)] = item
            elif known is not None and key not in known:
                self._unknown(here, known)
            elif not _is_text(key):
                self._problem(path, "has a key that holds half a character (a lone surrogate)")
            else:
                kept[key] = self.value(item, known[key] if known is not None else inner or Any, here)
        return kept

    def _unknown(self, path: KeyPath, known: Mapping[str, Any]) -> None:
        key = str(path[-1])
        self._problem(path, "is no known key", self._elsewhere(key) or _suggestion(key, list(known)))

    def _elsewhere(self, key: str) -> str:
        """The same key in another section, for whoever put it one level too high or too low."""
        places = [row.key for row in describe(self._schema) if row.key.rpartition(".")[2] == key]
        return f'did you mean "{places[0]}"?' if places else ""


def _best_fit(value: Mapping[str, object], choices: list[type]) -> Mapping[str, Any] | None:
    """Of several possible sections the one with the fewest unknown keys; None when any key will do."""
    return min((hints(c) for c in choices), key=lambda known: len(set(value) - set(known)), default=None)


def _suggestion(key: str, known: list[str]) -> str:
    close = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
    return f'did you mean "{close[0]}"?' if close else ""


def _is_text(value: str) -> bool:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
