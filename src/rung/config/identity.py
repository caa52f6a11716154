"""A value's id: what it says, not how its file is written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence, Set
from dataclasses import fields, is_dataclass
from datetime import date, time
from decimal import Decimal
from enum import Enum
from pathlib import PurePath

ID_LENGTH = 12
_AS_THEY_ARE = frozenset((str, int, bool, type(None)))


def content_id(value: object) -> str:
    """First 12 hex digits of the SHA-256 of the canonical JSON of `value`, defaults included.

    Independent of comments, notes, key order, JSON or TOML, and of how a number is written (0.50 is 0.5).
    """
    canonical = json.dumps(plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()[:ID_LENGTH]


def plain(value: object) -> object:
    """`value` in the words of JSON: dataclasses and mappings become objects, a Decimal its shortest text.

    A whole float becomes an integer, so that 1 and 1.0 are one value.
    """
    if type(value) in _AS_THEY_ARE:  # a sweep asks for millions of these, and the questions below are slow
        return value
    if type(value) is float:
        return _plain_scalar(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, Set):
        return sorted((plain(item) for item in value), key=repr)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [plain(item) for item in value]
    return _plain_scalar(value)


def _plain_scalar(value: object) -> object:
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, Decimal):
        return _shortest(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, PurePath):
        return value.as_posix()
    raise TypeError(f"a configuration cannot hold a {type(value).__name__}")


def _shortest(value: Decimal) -> str:
    text = format(value, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if value == 0 else text
