"""The text of a configuration file, JSON or TOML, into values and the place of every key."""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal
from pathlib import Path

from rung.config.jsonc import Document, KeyPath, MalformedError, Place, parse
from rung.domain.errors import UserError

SUFFIXES = (".json", ".jsonc", ".toml")


def read_text(path: Path) -> str:
    """The file's text; a UserError when there is none to be had."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise UserError("there is no such configuration file", where=str(path)) from None
    except IsADirectoryError:
        raise UserError("this is a folder, not a configuration file", where=str(path)) from None
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror}", where=str(path)) from None
    except UnicodeDecodeError as error:
        raise UserError(f"is not UTF-8 text (byte {error.start})", where=str(path)) from None


def parse_text(text: str, name: str) -> Document:
    """Parse by the ending of `name` (`.toml`, else JSON with comments). The top must be an object."""
    suffix = Path(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise UserError(f'the ending "{suffix}" says neither JSON nor TOML', where=name, remedy="use .json or .toml")
    try:
        document = _toml(text) if suffix == ".toml" else parse(text)
    except MalformedError as problem:
        where = name if problem.place is None else f"{name}:{problem.place.line}:{problem.place.column}"
        raise UserError(problem.what, where=where) from None
    if not isinstance(document.value, dict):
        raise UserError("the file must hold one object { … }", where=name)
    return document


_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def _toml(text: str) -> Document:
    try:
        return Document(tomllib.loads(text, parse_float=Decimal), _toml_places(text))
    except tomllib.TOMLDecodeError as error:
        found = _TOML_PLACE.search(str(error))
        what = str(error)[: found.start()] if found else str(error)
        place = Place(int(found[1]), int(found[2])) if found and found[1] else _end(text)
        raise MalformedError(what[:1].lower() + what[1:], place) from None
    except RecursionError:
        raise MalformedError("nested too deeply", None) from None
    except ValueError as error:  # an impossible date or an integer of thousands of digits
        raise MalformedError(str(error), None) from None


def _end(text: str) -> Place:
    lines = text.rstrip().split("\n")
    return Place(len(lines), len(lines[-1]) + 1)


_KEY = r"[A-Za-z0-9_-]+"
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_KEY}(?:\s*\.\s*{_KEY})*)\s*\]")
_PAIR = re.compile(rf"\s*({_KEY}(?:\s*\.\s*{_KEY})*)\s*=")


def _toml_places(text: str) -> dict[KeyPath, Place]:
    """Lines of plain keys under plain headers. A place is only for messages: where in doubt there is none."""
    if '"""' in text or "'''" in text:
        return {}
    places: dict[KeyPath, Place] = {}
    counts: dict[KeyPath, int] = {}
    section: KeyPath = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            names = _names(header[2])
            if header[1] == "[[":
                array = _path(names, counts, through=len(names) - 1)
                counts[array] = counts.get(array, 0) + 1
            section = _path(names, counts, through=len(names))
            places.setdefault(section, Place(number, header.start(1) + 1))
        elif pair := _PAIR.match(line):
            places.setdefault((*section, *_names(pair[1])), Place(number, pair.start(1) + 1))
    return places


def _names(dotted: str) -> list[str]:
    return [part.strip() for part in dotted.split(".")]


def _path(names: list[str], counts: dict[KeyPath, int], *, through: int) -> KeyPath:
    """`names` as a path; each of the first `through` that is an array of tables is followed by its newest index."""
    path: KeyPath = ()
    for position, name in enumerate(names):
        path = (*path, name)
        if position < through and path in counts:
            path = (*path, counts[path] - 1)
    return path
