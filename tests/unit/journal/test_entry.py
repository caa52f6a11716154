"""Entries: what is hashed, and that the hash covers all of it."""

from __future__ import annotations

import hashlib
import hmac
import struct

import pytest

from rung.journal.entry import UNKEYED_GENESIS, Entry, Head, Kind, digest, genesis, preimage, seal

HEAD = Head(41, b"\x07" * 32)


def test_the_hash_is_sha256_over_the_documented_bytes() -> None:
    entry = seal(HEAD, 1_700, Kind.STEP, b'{"a":1}', None)
    spelled = b"rung-journal-1" + b"\x04step" + struct.pack(">QqI", 42, 1_700, 7) + b'{"a":1}' + b"\x07" * 32
    assert entry == Entry(42, 1_700, "step", b'{"a":1}', b"\x07" * 32, hashlib.sha256(spelled).digest())


def test_with_a_key_the_hash_is_an_hmac_of_the_same_bytes() -> None:
    entry = seal(HEAD, 1_700, Kind.STEP, b"{}", b"key")
    message = preimage(42, 1_700, "step", b"{}", HEAD.hash)
    assert entry.hash == hmac.new(b"key", message, hashlib.sha256).digest()
    assert entry.hash != digest(message, None)


def test_every_column_changes_the_hash() -> None:
    base = (42, 1_700, "step", b"{}", b"\x07" * 32)
    others = [
        (43, 1_700, "step", b"{}", b"\x07" * 32),
        (42, 1_701, "step", b"{}", b"\x07" * 32),
        (42, 1_700, "fill", b"{}", b"\x07" * 32),
        (42, 1_700, "step", b"{ }", b"\x07" * 32),
        (42, 1_700, "step", b"{}", b"\x08" * 32),
    ]
    assert len({digest(preimage(*columns), None) for columns in [base, *others]}) == 6


def test_bytes_cannot_move_from_one_column_to_the_next() -> None:
    images = {
        preimage(1, 1, "step", payload, prev)
        for payload, prev in ((b"ab", b"c" * 32), (b"abc", b"c" * 31), (b"a", b"b" + b"c" * 32))
    }
    assert len(images) == 3


def test_an_unknown_kind_is_never_hashed() -> None:
    with pytest.raises(KeyError):
        preimage(1, 1, "stepp", b"{}", bytes(32))


def test_the_beginning_depends_on_the_key() -> None:
    assert genesis(None) == UNKEYED_GENESIS == bytes(32)
    assert len({genesis(None), genesis(b"one"), genesis(b"two")}) == 3


def test_a_head_is_fixed_for_all_time() -> None:
    """A known answer: were it to change, journals written before could no longer be verified."""
    entry = seal(Head(0, genesis(None)), 1_757_943_000_000_000_000, Kind.RUN_OPENED, b'{"run":"x"}', None)
    assert entry.hash.hex() == "2ffca2df28c3a10af9e51c01d1a0dfbb73ff900de9505b34806f4b66690df95d"
