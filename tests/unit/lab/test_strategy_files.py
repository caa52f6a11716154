"""Finding strategies: files, names, entry points; every mistake in a file named by its line."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from rung.domain.errors import UserError
from rung.lab.strategy_files import BUILT_IN, find_strategy, known_strategies
from rung.strategy.crossover import Crossover

GOOD = """from rung.lab import Strategy, param, sma

class Mine(Strategy):
    \"\"\"Says what it does.\"\"\"
    period = param(3, low=2, high=10)

    def start(self):
        self.mean = sma(self.period)

    def decide(self, view):
        return self.flat("never")
"""


def written(folder: Path, text: str, name: str = "mine.py") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_a_name_and_a_class_are_found(tmp_path: Path) -> None:
    found = find_strategy(written(tmp_path, GOOD))
    assert (found.name, found.about) == ("mine", "Says what it does.")
    assert find_strategy("crossover").cls is Crossover
    assert find_strategy(Crossover).name == "crossover"


def test_the_id_of_a_strategy_is_that_of_its_source(tmp_path: Path) -> None:
    first = find_strategy(written(tmp_path, GOOD)).source_id
    assert find_strategy(written(tmp_path, GOOD)).source_id == first
    assert find_strategy(written(tmp_path, GOOD.replace("never", "ever"))).source_id != first


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD)
    find_strategy(path)
    written(tmp_path, GOOD.replace("param(3,", "param(4,"))
    assert find_strategy(path).cls().period == 4  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (GOOD.replace("def start(self):", "def start(self)"), 7, "expected ':'"),
        (GOOD.replace("from rung.lab import Strategy, param, sma", "import nowhere_at_all"), 1, "nowhere_at_all"),
        (GOOD.replace("sma\n", "smaa\n", 1), 1, "smaa"),
        (GOOD.replace("param(3, low=2", "param(1, low=2"), 5, "whole number from 2 to 10"),
        (GOOD.replace("def decide(self, view)", "def decide(self)"), 10, "write def decide"),
        (GOOD.replace("def start(self)", "def start(self, view)"), 7, r"write def start\(self\)"),
        (GOOD + "\n1 / 0\n", 13, "ZeroDivisionError"),
        (GOOD + "\nraise SystemExit(0)\n", 13, "SystemExit"),
        (GOOD.replace("def start(self):", "def __init__(self, a):"), 7, r"__init__ of its own.*state in start\(self\)"),
    ],
)
def test_a_mistake_in_the_file_names_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    with pytest.raises(UserError, match=rf"mine\.py:{line}: .*{words}"):
        find_strategy(written(tmp_path, text))


def test_a_file_without_a_strategy_says_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"mine\.py: it defines no strategy — write class MyStrategy\(Strategy\)"):
        find_strategy(written(tmp_path, "x = 1\n"))


def test_of_several_one_must_be_named(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD + "\nclass Other(Mine):\n    name = 'other'\n")
    with pytest.raises(UserError, match=r"it defines 2 strategies: Mine \(line 10\), Other"):
        find_strategy(path)
    assert find_strategy(f"{path}:Other").name == "other"
    with pytest.raises(UserError, match="there is no strategy Third in it — it has Mine, Other"):
        find_strategy(f"{path}:Third")


def test_a_strategy_may_import_what_lies_beside_it(tmp_path: Path) -> None:
    written(tmp_path, "BEST = 7\n", "beside_the_strategy.py")
    path = written(tmp_path, "from beside_the_strategy import BEST\n" + GOOD.replace("param(3,", "param(BEST,"))
    before = list(sys.path)
    assert find_strategy(path).cls().period == 7  # type: ignore[union-attr]
    assert sys.path == before


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"gone\.py: No such file"):
        find_strategy(tmp_path / "gone.py")
    (tmp_path / "folder.py").mkdir()
    with pytest.raises(UserError, match="Is a directory"):
        find_strategy(tmp_path / "folder.py")


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_bytes(b"\x00\x01\xff")
    with pytest.raises(UserError, match=r"mine\.py"):
        find_strategy(path)


def test_an_unknown_name_offers_the_nearest() -> None:
    with pytest.raises(UserError, match=r'no strategy "crosover" — did you mean crossover\?'):
        find_strategy("crosover")


def test_every_built_in_strategy_is_listed_and_says_what_it_does() -> None:
    known = {found.name: found for found in known_strategies()}
    assert set(BUILT_IN) <= set(known)
    for name in BUILT_IN:
        assert known[name].about.endswith(".")
        documentation = sys.modules[known[name].cls.__module__].__doc__ or ""
        for word in ("Source:", "Rule", "Assumes:", "Fails"):
            assert word in documentation, (name, word)


class Point:
    """An entry point of an installed package."""

    name, module = "theirs", "theirs_package"
    dist = None

    def __init__(self, value: Any) -> None:
        self._value = value

    def load(self) -> Any:
        if isinstance(self._value, Exception):
            raise self._value
        return self._value


@pytest.mark.parametrize(
    ("value", "words"), [(ImportError("no such module"), "cannot be loaded: ImportError"), (int, "is no Strategy")]
)
def test_a_broken_entry_point_names_the_package(monkeypatch: pytest.MonkeyPatch, value: Any, words: str) -> None:
    monkeypatch.setattr(metadata, "entry_points", lambda group: [Point(value)])
    with pytest.raises(UserError, match=f"strategy theirs of theirs_package: .*{words}"):
        find_strategy("theirs")


def test_an_entry_point_adds_a_strategy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        metadata, "entry_points", lambda group: [Point(Crossover)] if group == "rung.strategies" else []
    )
    assert find_strategy("theirs").origin == "theirs_package"
    assert "theirs" in {found.name for found in known_strategies()}


def test_a_module_beside_the_file_is_part_of_what_the_strategy_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    text = "from rung.lab import Strategy\nimport helper_of_mine\nclass Mine(Strategy):\n    def decide(self, view):\n"
    (tmp_path / "mine.py").write_text(text + "        return self.long('x', stop=0.02)\n")
    ids = []
    for side in (1, -1):
        (tmp_path / "helper_of_mine.py").write_text(f"SIDE = {side}\n")
        sys.modules.pop("helper_of_mine", None)
        ids.append(find_strategy(tmp_path / "mine.py").source_id)
    assert ids[0] != ids[1]


def test_a_class_without_a_file_is_known_by_its_code() -> None:
    ids = []
    for word in ("long", "short"):
        space: dict[str, object] = {}
        text = "from rung.lab import Strategy\nclass Cell(Strategy):\n    def decide(self, view):\n"
        exec(f"{text}        return self.{word}('x')\n", space)  # noqa: S102 - as a notebook does
        ids.append(find_strategy(space["Cell"]).source_id)  # type: ignore[arg-type]
    assert ids[0] != ids[1]
