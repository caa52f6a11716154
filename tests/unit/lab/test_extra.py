"""What a study needs at its end is asked for before it begins."""

from __future__ import annotations

from pathlib import Path

import pytest

from rung.domain.errors import UserError
from rung.lab import Plan, invented_tapes, sweep, walk_forward
from rung.lab.statistics import extra

TAPES = invented_tapes(days=5)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_walk_without_its_library_ends_before_anything_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extra, "find_spec", lambda name: None if name == "arch" else object())
    with pytest.raises(UserError, match="this study needs the library arch"):
        walk_forward(
            "crossover", {"period": [120, 720]}, Plan(train_days=3, test_days=1), data=TAPES, book="book.sqlite"
        )
    monkeypatch.undo()
    assert not Path("book.sqlite").exists() or b"crossover" not in Path("book.sqlite").read_bytes()


def test_a_sweep_names_the_combination_that_died(tmp_path: Path) -> None:
    strategy = tmp_path / "dies.py"
    strategy.write_text(
        "from rung.lab import Strategy, param\n"
        "class Dies(Strategy):\n"
        "    n = param(5, low=1, high=9)\n"
        "    def decide(self, view):\n"
        "        1 // (self.n - 7)\n",
        encoding="utf-8",
    )
    with pytest.raises(UserError, match=r"ZeroDivisionError.*\[with n=7\]"):
        sweep(str(strategy), {"n": [6, 7]}, data=TAPES)
