"""The frame around every verb: what is printed where, with which exit code, and how fast it starts."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
import types
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import pytest
import typer

from rung.apps.cli import verbs
from rung.apps.cli.main import load, main
from rung.apps.cli.verbs import ALIASES, VERBS, Verb
from rung.domain.errors import Tampered, UserError

HEAVY = {
    "numpy", "polars", "numba", "pydantic", "plotly", "pandas", "ccxt", "scipy", "msgspec", "sqlite3", "asyncio",
    "exchange_calendars", "massive", "psycopg",
}  # fmt: skip
IMPORTS = "import sys; from rung.apps.cli.main import main; code = main(sys.argv[1:]); "

Run = Callable[..., int]


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., object]], Run]:
    """Registers a function (or a typer app) as the verb `try` and returns what runs it."""

    def register(target: Callable[..., object]) -> Run:
        module = types.ModuleType("rung_test_verb")
        module.target = target  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "rung_test_verb", module)
        monkeypatch.setattr(verbs, "VERBS", (Verb("try", "Try", "rung_test_verb:target", "a test"),))
        return lambda *words: main(["try", *words])

    return register


def raising(error: BaseException) -> Callable[[], None]:
    def run() -> None:
        raise error

    return run


def python(code: str, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, env={**os.environ, **env}, timeout=60
    )


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["help"], []])
def test_help_lists_every_verb_with_its_line(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 0
    printed = capsys.readouterr().out
    for registered in VERBS:
        assert f"  {registered.name} " in printed
        assert registered.help in printed


def test_version_is_the_installed_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"rung {version('rung')}\n"


@pytest.mark.parametrize("flag", ["--help", "--version"])
def test_help_and_version_import_nothing_heavy(flag: str) -> None:
    run = python(IMPORTS + f"print(sorted({HEAVY} & set(sys.modules)), file=sys.stderr)", flag)
    assert run.stderr.strip() == "[]"


def test_help_starts_within_its_budget() -> None:
    def seconds() -> float:
        begin = time.perf_counter()
        python(IMPORTS, "--help")
        return time.perf_counter() - begin

    assert min(seconds() for _ in range(5)) <= 0.13


@pytest.mark.parametrize("registered", VERBS, ids=lambda v: v.name)
def test_the_help_of_a_verb_imports_nothing_that_computes(registered: Verb) -> None:
    run = python(
        IMPORTS + f"print(code, sorted({HEAVY} & set(sys.modules)), file=sys.stderr)", registered.name, "--help"
    )
    assert run.stderr.strip() == "0 []", run.stderr
    assert f"rung {registered.name}" in run.stdout


def test_aliases_lead_to_verbs() -> None:
    names = {registered.name: registered for registered in VERBS}
    for target in ALIASES.values():
        group = load(names[target[0]])
        assert target[1] in group.commands  # type: ignore[union-attr]


def test_an_unknown_verb_is_one_line_with_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["moc"]) == 2
    assert capsys.readouterr().err == 'rung: there is no verb "moc" — did you mean "rung mock"?\n'
    assert main(["zzzzzz"]) == 2
    assert "rung --help" in capsys.readouterr().err


def test_a_users_mistake_is_one_line_on_stderr(verb: Callable[..., Run], capsys: pytest.CaptureFixture[str]) -> None:
    assert verb(raising(UserError("no such date", where="--date", remedy="try 2025-09-15")))() == 2
    printed = capsys.readouterr()
    assert printed.err == "rung: --date: no such date — try 2025-09-15\n"
    assert printed.out == ""


def test_a_tampered_journal_has_its_own_exit_code(verb: Callable[..., Run], capsys: pytest.CaptureFixture[str]) -> None:
    assert verb(raising(Tampered("entry 7 was edited")))() == 3
    assert capsys.readouterr().err == "rung: entry 7 was edited\n"


def test_the_traceback_of_a_mistake_shows_only_when_asked_for(
    verb: Callable[..., Run], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNG_TRACEBACK", "1")
    assert verb(raising(UserError("no such date")))() == 2
    assert "Traceback" in capsys.readouterr().err


def test_a_full_disk_is_told_as_such_even_where_nobody_foresaw_it(
    verb: Callable[..., Run], capsys: pytest.CaptureFixture[str]
) -> None:
    assert verb(raising(OSError(errno.ENOSPC, "No space left on device", "out/x.jsonl")))() == 2
    assert capsys.readouterr().err == "rung: out/x.jsonl: No space left on device\n"


def test_a_bug_says_so_with_its_traceback(verb: Callable[..., Run], capsys: pytest.CaptureFixture[str]) -> None:
    assert verb(raising(ZeroDivisionError("division by zero")))() == 70
    printed = capsys.readouterr().err
    assert printed.startswith("Traceback")
    assert "this is a bug in Rung, not in what you did: ZeroDivisionError: division by zero" in printed
    assert "rung doctor --json" in printed


def test_a_verb_may_answer_no_with_an_exit_code(verb: Callable[..., Run]) -> None:
    assert verb(raising(typer.Exit(1)))() == 1
    assert verb(lambda: None)() == 0


def test_a_wrong_option_is_a_usage_error(verb: Callable[..., Run], capsys: pytest.CaptureFixture[str]) -> None:
    def run(date: Annotated[str, typer.Option()] = "") -> None:
        typer.echo(date)

    assert verb(run)("--dat") == 2
    assert "--dat" in capsys.readouterr().err
    assert verb(run)("--date", "D") == 0
    assert capsys.readouterr().out == "D\n"


def test_an_app_with_verbs_of_its_own_is_reached_through_its_name(
    verb: Callable[..., Run], capsys: pytest.CaptureFixture[str]
) -> None:
    app = typer.Typer()
    app.command("one")(lambda: typer.echo("first"))
    app.command("two")(lambda: typer.echo("second"))
    assert verb(app)("two") == 0
    assert capsys.readouterr().out == "second\n"


def test_ctrl_c_stops_with_one_line(tmp_path: Path) -> None:
    """As at a terminal: a shell that runs the tests in the background hands them an interrupt that is ignored."""
    (tmp_path / "slow_verb.py").write_text(
        "import time\ndef slow():\n    print('started', flush=True)\n    time.sleep(30)\n"
    )
    code = (
        "import signal, sys\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from rung.apps.cli import verbs, main\n"
        "verbs.VERBS = (verbs.Verb('slow', 'Try', 'slow_verb:slow', ''),)\nsys.exit(main.main(['slow']))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (130, "rung: stopped; what was written is valid\n")


def test_a_reader_that_leaves_early_is_no_error() -> None:
    code = (
        "import sys, types\nfrom rung.apps.cli import verbs, main\n"
        "m = types.ModuleType('flood'); m.flood = lambda: [print('x' * 100) for _ in range(10_000)] and None\n"
        "sys.modules['flood'] = m\nverbs.VERBS = (verbs.Verb('flood', 'Try', 'flood:flood', ''),)\n"
        "sys.exit(main.main(['flood']))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.read(10)
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    assert process.wait(20) != 0
