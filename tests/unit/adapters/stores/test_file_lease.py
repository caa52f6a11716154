"""The file lease: one holder, a token that only rises, and the kernel as undertaker."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rung.adapters.stores.file_lease import FileLease
from rung.domain.errors import UserError

HOLD = """
import sys, pathlib
from rung.adapters.stores.file_lease import FileLease
lease = FileLease(pathlib.Path(sys.argv[1]), "the other one")
print(lease.token, flush=True)
sys.stdin.read()
"""


def test_a_second_holder_is_told_who_the_first_is(tmp_path: Path) -> None:
    first = FileLease(tmp_path / "account.lock", "rung live")
    with pytest.raises(UserError) as caught:
        FileLease(tmp_path / "account.lock", "rung mock")
    assert f"already written to by rung live (process {os.getpid()})" in str(caught.value)
    first.release()
    first.release()
    FileLease(tmp_path / "account.lock", "rung mock").release()


def test_every_holder_has_a_higher_token_than_the_one_before(tmp_path: Path) -> None:
    tokens = []
    for _ in range(3):
        lease = FileLease(tmp_path / "account.lock", "x")
        tokens.append(lease.token)
        lease.release()
    assert tokens == [1, 2, 3]


def test_a_takeover_has_a_higher_token_though_the_first_still_holds(tmp_path: Path) -> None:
    first = FileLease(tmp_path / "account.lock", "hangs")
    second = FileLease(tmp_path / "account.lock", "acts", takeover=True)
    assert second.token > first.token
    first.release(remove=True)
    with pytest.raises(UserError, match="already written to by acts"):
        FileLease(tmp_path / "account.lock", "a third")
    second.release()
    assert FileLease.holder_of(tmp_path / "account.lock").startswith("acts (process")
    third = FileLease(tmp_path / "account.lock", "a third")
    assert third.token > second.token
    third.release()


def test_a_removed_lease_leaves_no_file_and_locks_the_next_out_no_more(tmp_path: Path) -> None:
    path = tmp_path / "journal.lock"
    FileLease(path, "x").release(remove=True)
    assert not path.exists()
    held = FileLease(path, "y")
    with pytest.raises(UserError, match="already written to by y"):
        FileLease(path, "z")
    held.release(remove=True)


def test_a_holder_that_is_killed_lets_go(tmp_path: Path) -> None:
    path = tmp_path / "account.lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "1\n"
        with pytest.raises(UserError, match=f"the other one \\(process {other.pid}\\)"):
            FileLease(path, "me")
        other.kill()
        other.wait()
        lease = FileLease(path, "me")
        assert lease.token == 2
        lease.release()


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot lock: No such file or directory"):
        FileLease(tmp_path / "no" / "x.lock", "me")
