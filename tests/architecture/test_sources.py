"""What the code may not contain: a clock or chance of its own, empty words, a second approval stamp, machine paths."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest
from tests.architecture.sources import ROOT, functions, modules, project_files

CLOCKS = {"src/rung/adapters/state/system_clock.py"}
"""The modules that may read the machine's clock: those that implement the Clock port."""

FORBIDDEN_CALLS = re.compile(
    r"(time\.(time|time_ns|localtime|gmtime)|(datetime|dt)\.(now|utcnow|today)|[dD]ate\.today"
    r"|os\.urandom|uuid\.uuid[14]|(np|numpy)\.random\.(?!default_rng\b|Generator\b|PCG64\b|SeedSequence\b)\w+)$"
)
FORBIDDEN_IMPORTS = {"random", "secrets", "pickle"}
FORBIDDEN_WORDS = {"manager", "handler", "helper", "helpers", "util", "utils", "service", "bot"}
SOURCE_WORDS = {"RotationManagerConfig"}
"""Names that must be spelled as the source documents spell them."""


def called(tree: ast.AST) -> Iterator[tuple[int, str, ast.Call]]:
    return ((node.lineno, ast.unparse(node.func), node) for node in ast.walk(tree) if isinstance(node, ast.Call))


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)


def strays(source: str) -> list[str]:
    """Everything in `source` that reads a clock or rolls a die of its own."""
    tree = ast.parse(source)
    found = [name for _, name, call in called(tree) if FORBIDDEN_CALLS.search(name) or unseeded(name, call)]
    return found + [name for name in imported(tree) if name.split(".")[0] in FORBIDDEN_IMPORTS]


def unseeded(name: str, call: ast.Call) -> bool:
    return name.endswith("default_rng") and not call.args and not call.keywords


def test_no_module_has_a_clock_or_a_die_of_its_own() -> None:
    found = {path: strays((ROOT / path).read_text("utf-8")) for path in modules() if path not in CLOCKS}
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "source",
    [
        "import time\ntime.time()", "import datetime as dt\ndt.datetime.now()", "datetime.now(tz)", "date.today()",
        "import random", "from random import choice", "np.random.rand(3)", "np.random.seed(1)",
        "np.random.default_rng()", "os.urandom(8)", "uuid.uuid4()", "import pickle",
    ],
)  # fmt: skip
def test_the_search_for_strays_finds_them(source: str) -> None:
    assert strays(source)


@pytest.mark.parametrize(
    "source", ["np.random.default_rng(7)", "clock.now_ns()", "time.monotonic()", "time.perf_counter()", "order.date"]
)
def test_the_search_for_strays_leaves_the_rest_alone(source: str) -> None:
    assert not strays(source)


def test_one_function_stamps_approvals_and_one_reads_back_what_was_stamped() -> None:
    stamps = {
        f"{path}:{function.name}"
        for path, tree in modules().items()
        for function in functions(tree)
        for _, name, _ in called(function)
        if re.fullmatch(r"(\w+\.)*Approved(\[.*\])?", name)
    }
    assert stamps == {"src/rung/risk/screen.py:screen", "src/rung/journal/wire_in.py:approved_in"}


def test_nothing_copies_or_forges_an_approval() -> None:
    """`replace`, `object.__new__`, `force_setattr` or a cast could make an Approved that no gate has seen."""
    forged = [
        f"{path}:{line}"
        for path, tree in modules().items()
        for line, name, call in called(tree)
        if name.endswith(("replace", "__new__", "cast", "setattr"))
        and any("pproved" in ast.unparse(a) for a in call.args)
    ]
    assert forged == []


def words_of(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


def names() -> Iterator[tuple[str, str]]:
    for path, tree in modules().items():
        yield path, path.removesuffix(".py").rpartition("/")[2]
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                yield path, node.name


def test_no_name_hides_behind_an_empty_word() -> None:
    assert [(p, n) for p, n in names() if words_of(n) & FORBIDDEN_WORDS and n not in SOURCE_WORDS] == []


def test_every_module_says_what_it_is() -> None:
    assert [path for path, tree in modules().items() if not ast.get_docstring(tree)] == []


def test_every_test_file_says_what_it_specifies() -> None:
    tests = sorted((ROOT / "tests").rglob("test_*.py"))
    assert len(tests) > 10
    assert [p.name for p in tests if not ast.get_docstring(ast.parse(p.read_text("utf-8")))] == []


@pytest.mark.parametrize("folder", ["work", "opt", "root", "home", "Users"])
def test_no_file_names_a_place_on_somebodys_machine(folder: str) -> None:
    place = re.compile(rf"(?<![\w.~-])/{folder}/")
    found = [
        str(path.relative_to(ROOT))
        for path in project_files()
        if path.suffix not in (".png", ".gz", ".parquet", ".npy", ".db") and place.search(path.read_text("utf-8"))
    ]
    assert found == []


def test_the_constraints_name_versions_and_no_addresses() -> None:
    text = (ROOT / "constraints.txt").read_text("utf-8")
    assert re.search(r"^numpy==[\d.]+", text, re.MULTILINE)
    assert "://" not in text
    assert "--" not in text
