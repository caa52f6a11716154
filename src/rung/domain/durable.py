"""The receipt without which nothing leaves the desk for a live venue."""

from __future__ import annotations

from typing import Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")


class Durable(Struct, Generic[T], frozen=True, gc=False):
    """A thing whose intent is safe on disk. Stamped by `Journal.record_intent` only (an architecture test says so).

    A live sender takes `Durable[Approved[Order]]` and nothing else.
    seq, hash : the journal entry that holds the intent.
    """

    thing: T
    seq: int
    hash: bytes
