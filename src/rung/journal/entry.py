"""One line of the journal, and the hash that ties it to the line before it."""

from __future__ import annotations

import hashlib
import hmac
from enum import StrEnum
from struct import Struct
from typing import NamedTuple

FORMAT = b"rung-journal-1"
"""Goes into every hash: a later format can never be mistaken for this one."""

UNKEYED_GENESIS = bytes(32)
"""What the first entry of a journal without a key points back to."""

KEYED = b"keyed"
"""How the genesis of a journal with a key begins: that it has one is no secret."""


class Kind(StrEnum):
    """What happened."""

    RUN_OPENED = "run_opened"
    WARM_UP = "warm_up"
    """A slice that was learned from before the first decision."""
    STEP = "step"
    INTENT = "intent"
    ACK = "ack"
    EVENT = "event"
    ANCHOR = "anchor"
    RECOVERED = "recovered"
    RUN_CLOSED = "run_closed"


class Entry(NamedTuple):
    """One line: the columns a store keeps, in their order.

    seq : 1 for the first entry, then without a hole.   at_ns : UTC ns, by the writer's clock (tape time in a replay).
    kind : one of `Kind`.   payload : canonical JSON, see `rung.journal.codec`.
    prev_hash, hash : 32 bytes each; `hash` covers every other column.
    """

    seq: int
    at_ns: int
    kind: str
    payload: bytes
    prev_hash: bytes
    hash: bytes


class Head(NamedTuple):
    """The last entry in two numbers. An empty journal has seq 0 and its genesis as hash."""

    seq: int
    hash: bytes


_NUMBERS = Struct(">QqI")
_RETIRED = ("sent", "fill", "approval")
"""Kinds nothing writes any more; a chain that has them still holds."""
PREFIX = {kind: FORMAT + bytes([len(kind)]) + kind.encode("ascii") for kind in (*(k.value for k in Kind), *_RETIRED)}


def preimage(seq: int, at_ns: int, kind: str, payload: bytes, prev_hash: bytes) -> bytes:
    """What is hashed: format, kind, numbers, payload, each of fixed length or with its length in front, prev_hash last.

    An unknown kind raises KeyError: a chain is never computed over a word this version does not know.
    """
    return b"".join((PREFIX[kind], _NUMBERS.pack(seq, at_ns, len(payload)), payload, prev_hash))


def digest(message: bytes, key: bytes | None) -> bytes:
    """SHA-256 without a key, HMAC-SHA-256 with one. 32 bytes."""
    if key is None:
        return hashlib.sha256(message).digest()
    return hmac.digest(key, message, "sha256")


def genesis(key: bytes | None) -> bytes:
    """What the first entry points back to. With a key it depends on the key, so a wrong key shows at entry 1."""
    return UNKEYED_GENESIS if key is None else KEYED + digest(FORMAT + b" genesis", key)[len(KEYED) :]


def seal(head: Head, at_ns: int, kind: Kind, payload: bytes, key: bytes | None) -> Entry:
    """The entry that follows `head`. Same arguments, same entry."""
    seq = head.seq + 1
    sealed = digest(preimage(seq, at_ns, kind.value, payload, head.hash), key)
    return Entry(seq, at_ns, kind.value, payload, head.hash, sealed)
