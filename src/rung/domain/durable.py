"""The receipt without which nothing leaves the desk for a live venue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Durable(Generic[T]):
    """A thing whose intent is safe on disk. Stamped by `Journal.record_intent` only (an architecture test says so).

    A live sender takes `Durable[Approved[Order]]` and nothing else.
    seq, hash : the journal entry that holds the intent.
    """

    thing: T
    seq: int
    hash: bytes
