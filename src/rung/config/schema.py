"""A stage's dataclass read as a schema: its keys, types, bounds, defaults and docs."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from decimal import Decimal
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_doc import Doc
from annotated_types import Ge, GroupedMetadata, Gt, Le, Lt, MaxLen, MinLen, MultipleOf

from rung.config.identity import plain

REQUIRED = "required"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One key of a configuration file, in words. `key` is dotted; `<name>` and `[]` stand for any name, any place."""

    key: str
    type: str
    default: str
    bounds: str
    doc: str


def describe(schema: type) -> list[Row]:
    """Every key of `schema` in the order of its fields; a nested section gives its own keys, not a row of its own."""
    return list(_rows(schema, ""))


@cache
def hints(schema: type) -> Mapping[str, Any]:
    """Field name → annotation, `Annotated` kept, of the fields a file may set."""
    resolved = typing.get_type_hints(schema, include_extras=True)
    return {f.name: resolved[f.name] for f in fields(schema) if f.init}


def members(hint: Any) -> list[Any]:
    """The alternatives of `hint`, each without `Annotated`; None is left out."""
    hint = unannotated(hint)
    if get_origin(hint) in (Union, types.UnionType):
        return [m for arg in get_args(hint) for m in members(arg)]
    return [] if hint is types.NoneType else [hint]


def unannotated(hint: Any) -> Any:
    return unannotated(get_args(hint)[0]) if get_origin(hint) is Annotated else hint


def sections(hint: Any) -> list[type]:
    """The dataclasses among the alternatives of `hint`."""
    return [m for m in members(hint) if is_dataclass(m) and isinstance(m, type)]


def mapping_value(hint: Any) -> Any | None:
    """The value type when `hint` is a mapping, else None."""
    for member in members(hint):
        origin = get_origin(member)
        if isinstance(origin, type) and issubclass(origin, Mapping):
            return get_args(member)[1]
    return None


def element(hint: Any, index: int) -> Any | None:
    """The type of the element at `index` when `hint` is a list, tuple or set, else None."""
    for member in members(hint):
        origin, args = get_origin(member), get_args(member)
        if origin is tuple and not (len(args) == 2 and args[1] is Ellipsis):
            return args[index] if index < len(args) else Any
        if isinstance(origin, type) and issubclass(origin, Sequence | Set) and args:
            return args[0]
    return None


def _rows(schema: type, prefix: str) -> Iterator[Row]:
    for field in fields(schema):
        hint = hints(schema).get(field.name)
        if hint is None:
            continue
        key = prefix + field.name
        inner = list(_inner(hint, key))
        if inner:
            for section, place in inner:
                yield from _rows(section, f"{place}.")
            continue
        yield Row(key=key, type=_words(hint), default=_default(field), bounds=_bounds(hint), doc=_doc(hint))


def _inner(hint: Any, key: str) -> Iterator[tuple[type, str]]:
    """Sections below `key`: its own, those of a table's values, those of a list's elements."""
    for section in sections(hint):
        yield section, key
    for section in sections(mapping_value(hint) or Any):
        yield section, f"{key}.<name>"
    for section in sections(element(hint, 0) or Any):
        yield section, f"{key}[]"


_NAMES: Mapping[Any, str] = {
    bool: "true or false", int: "whole number", float: "number", Decimal: "exact number", str: "text", Path: "path",
    Any: "anything",
}  # fmt: skip


def _words(hint: Any) -> str:
    """The type as a person would say it."""
    words = " or ".join(dict.fromkeys(_word(m) for m in members(hint)))
    optional = types.NoneType in get_args(unannotated(hint))
    return f"{words} or null" if optional else words


def _word(hint: Any) -> str:
    if hint in _NAMES:
        return _NAMES[hint]
    if get_origin(hint) is Literal:
        return " or ".join(json.dumps(arg) for arg in get_args(hint))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return " or ".join(json.dumps(plain(member)) for member in hint)
    value = mapping_value(hint)
    if value is not None:
        return f"table of {_words(value)}"
    item = element(hint, 0)
    if item is not None:
        return f"list of {_words(item)}"
    return str(getattr(hint, "__name__", hint))


def _default(field: Field[Any]) -> str:
    if field.default is not MISSING:
        return json.dumps(plain(field.default), ensure_ascii=False)
    if field.default_factory is not MISSING:
        return json.dumps(plain(field.default_factory()), ensure_ascii=False)
    return REQUIRED


def _metadata(hint: Any) -> Iterator[Any]:
    """Everything said about `hint`, its alternatives included; not what is said about a table's or a list's content."""
    if get_origin(hint) is Annotated:
        base, *said = get_args(hint)
        yield from _metadata(base)
        for item in said:
            yield from item if isinstance(item, GroupedMetadata) else (item,)
    elif get_origin(hint) in (Union, types.UnionType):
        for arg in get_args(hint):
            yield from _metadata(arg)


def _bounds(hint: Any) -> str:
    own = [text for item in _metadata(hint) if (text := _bound(item))]
    content = mapping_value(hint) or element(hint, 0)
    inner = _bounds(content) if content is not None else ""
    return ", ".join([*own, f"each {inner}"] if inner else own)


def _bound(item: Any) -> str:
    match item:
        case Gt(gt=limit):
            return f"> {limit}"
        case Ge(ge=limit):
            return f"≥ {limit}"
        case Lt(lt=limit):
            return f"< {limit}"
        case Le(le=limit):
            return f"≤ {limit}"
        case MultipleOf(multiple_of=step):
            return f"a multiple of {step}"
        case MinLen(min_length=count):
            return f"at least {count} long" if count else ""
        case MaxLen(max_length=count):
            return f"at most {count} long"
        case _:
            return ""


def _doc(hint: Any) -> str:
    return next((item.documentation for item in _metadata(hint) if isinstance(item, Doc)), "")
