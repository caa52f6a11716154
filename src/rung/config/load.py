"""The one door from a file to a frozen, validated value with an id."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from rung.config.document import parse_text, read_text
from rung.config.identity import content_id
from rung.config.jsonc import KeyPath, Place
from rung.config.tidy import Problem, dotted, tidy
from rung.domain.errors import UserError

if TYPE_CHECKING:
    from pydantic import TypeAdapter, ValidationError
    from pydantic_core import ErrorDetails

T = TypeVar("T")

Places = Mapping[KeyPath, Place]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded(Generic[T]):
    """A configuration and where it came from.

    id : content hash of `value`, defaults included; comments, notes and formatting do not change it.
    notes : the `_` keys of the file, by dotted key.   path : None when it did not come from a file.
    """

    value: T
    id: str
    path: Path | None
    notes: Mapping[str, object]


def load(path: Path, schema: type[T]) -> Loaded[T]:
    """Read a `.json` (comments allowed) or `.toml` file into the dataclass `schema`.

    Raises UserError naming every unknown key, wrong type and value out of bounds, each with its line.
    """
    return _loaded(read_text(path), schema, str(path), path)


def loads(text: str, schema: type[T], name: str = "configuration.json") -> Loaded[T]:
    """As `load`, from a text; the ending of `name` says whether it is TOML or JSON."""
    return _loaded(text, schema, name, None)


def _loaded(text: str, schema: type[T], name: str, path: Path | None) -> Loaded[T]:
    document = parse_text(text, name)
    assert isinstance(document.value, dict)  # noqa: S101  (parse_text has said so)
    tidied, found = tidy(document.value, schema)
    value, problems = _validated(tidied, schema)
    if found.problems or value is None:
        told = {p.path for p in found.problems}
        raise _told([*found.problems, *(p for p in problems if p.path not in told)], document.places, name)
    return Loaded(value=value, id=content_id(value), path=path, notes=found.notes)


@cache
def _adapter(schema: type[Any]) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter  # 50 ms that `rung --help` need not wait for

    return TypeAdapter(schema)


def _validated(tidied: object, schema: type[T]) -> tuple[T | None, list[Problem]]:
    from pydantic import ValidationError

    key: Any = schema  # mypy does not take a type[T] for hashable
    try:
        value: T = _adapter(key).validate_json(json.dumps(tidied), strict=True)
        return value, []
    except ValidationError as error:
        return None, [_problem(detail, tidied) for detail in _details(error)]


def _details(error: ValidationError) -> Sequence[ErrorDetails]:
    return error.errors(include_url=False, include_context=False)


def _problem(detail: ErrorDetails, tidied: object) -> Problem:
    path = _path_in(tidied, detail["loc"])
    if detail["type"] == "missing":
        return Problem((*path, detail["loc"][-1]), "is required")
    message = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "value_error":
        return Problem(path, message)
    given = json.dumps(detail["input"], ensure_ascii=False, default=str)
    return Problem(path, f"{message.replace('Input should', 'should')}, not {_short(given)}")


def _path_in(value: Any, loc: Sequence[str | int]) -> KeyPath:
    """The part of a validator's location that exists in the data: it also names alternatives and key checks."""
    path: list[str | int] = []
    for step in loc:
        inside = step in value if isinstance(value, dict) else isinstance(value, list) and step in range(len(value))
        if inside:
            value = value[step]
            path.append(step)
    return tuple(path)


def _short(text: str, most: int = 60) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _told(problems: Sequence[Problem], places: Places, name: str) -> UserError:
    """All problems as one error: a single one on its line, several one per line."""
    placed = sorted(((_place(p.path, places), p) for p in problems), key=lambda item: item[0] or Place(0, 0))
    if len(placed) == 1:
        place, problem = placed[0]
        where = name if place is None else f"{name}:{place.line}:{place.column}"
        return UserError(_sentence(problem), where=where, remedy=problem.remedy)
    lines = [f"{len(placed)} errors"]
    for place, problem in placed:
        line = "  " if place is None else f"  line {place.line}: "
        lines.append(line + _sentence(problem) + (f" — {problem.remedy}" if problem.remedy else ""))
    return UserError("\n".join(lines), where=name)


def _sentence(problem: Problem) -> str:
    return f"{dotted(problem.path)}: {problem.what}" if problem.path else problem.what


def _place(path: KeyPath, places: Places) -> Place | None:
    """Where `path` stands, or the nearest section around it that is known to stand somewhere."""
    return next((places[path[:n]] for n in range(len(path), 0, -1) if path[:n] in places), None)
