"""The docs point at things that exist: pages, pictures, verbs and their options."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.architecture.sources import ROOT, project_files

from rung.apps.cli.main import load
from rung.apps.cli.verbs import ALIASES, by_name

BOOTSTRAP_WORDS = {"test", "lint", "docs", "golden", "bench", "python", "--help", "--version", "help", "VERB"}
PAGES = [p for p in project_files() if p.suffix == ".md"]


def links(page: Path) -> Iterator[str]:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        if "://" not in target:
            yield target


def commands(page: Path) -> Iterator[list[str]]:
    """Every `rung …` written as code: on a line of its own in a block, or between backticks."""
    text = page.read_text("utf-8")
    spoken = re.findall(r"`(?:\./)?(rung [^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    blocks = re.findall(r"^(?:\$ )?(?:\./)?(rung [^\n#]+)", "\n".join(re.findall(r"```.*?```", text, re.DOTALL)), re.M)
    for command in (*spoken, *blocks):
        words = shlex.split(command.replace("…", "").replace("\\|", "|").replace("'", ""))[1:]
        if words:
            yield words


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    assert [target for target in links(page) if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_command_in_the_docs_names_a_verb_and_options_it_has(page: Path) -> None:
    wrong = [" ".join(words) for words in commands(page) if not understood(words)]
    assert wrong == []


def understood(words: list[str]) -> bool:
    name, *rest = [*ALIASES.get(words[0], (words[0],)), *words[1:]]
    if name in BOOTSTRAP_WORDS:
        return True
    verb = by_name().get(name)
    if verb is None:
        return False
    command = load(verb)
    children = getattr(command, "commands", None)
    if children is not None and rest and not rest[0].startswith("-"):
        choices = rest.pop(0).split("|")
        if not set(choices) <= set(children):
            return False
        command = children[choices[0]]
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    return all(word.split("=")[0].strip("[]") in known for word in rest if word.lstrip("[").startswith("-"))


def test_the_check_itself_tells_right_from_wrong() -> None:
    assert understood(["mock", "--date", "2025-09-22"])
    assert understood(["data", "verify|list", "--data", "x"])
    assert not understood(["mock", "--dat", "2025-09-22"])
    assert not understood(["mok"])
    assert not understood(["data", "verifi"])
