"""What verbs print, for people and for programs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

import pytest

from rung.apps.cli.output import print_json, print_table


class Mood(StrEnum):
    CALM = "calm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    price: Decimal
    mood: Mood
    folder: Path
    ratios: tuple[float, ...]


def test_json_holds_exact_numbers_as_text_and_no_number_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    thing = Thing(price=Decimal("1E+2"), mood=Mood.CALM, folder=Path("a/b"), ratios=(1.5, float("nan"), float("inf")))
    print_json({"thing": thing, "set": {2, 1}, "none": None, "odd": Decimal("NaN"), "σ": True})
    printed = capsys.readouterr().out
    assert json.loads(printed) == {
        "thing": {"price": "100", "mood": "calm", "folder": "a/b", "ratios": [1.5, None, None]},
        "set": [1, 2],
        "none": None,
        "odd": None,
        "σ": True,
    }
    assert "σ" in printed


def test_a_piped_table_is_plain_text_with_every_cell_whole(capsys: pytest.CaptureFixture[str]) -> None:
    long = "a sentence that is rather longer than eighty characters, as refusals in plain words sometimes are"
    print_table("Gates", ("gate", "says"), [("stop [red]x[/red]", long)], right=("gate",))
    printed = capsys.readouterr().out
    assert long in printed
    assert "[red]x[/red]" in printed
    assert "\x1b" not in printed
    assert "Gates" in printed


def test_a_table_of_nothing_still_has_its_head(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("Runs", ("date", "mrd"), [])
    assert "date" in capsys.readouterr().out
