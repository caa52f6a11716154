"""The command `rung`: finds the verb, loads its module, runs it inside the frame.

Nothing heavier than the standard library is imported before a verb is known.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from rung import __version__
from rung.apps.cli.frame import framed
from rung.apps.cli.verbs import ALIASES, VERBS, Verb, by_name, help_text
from rung.domain.errors import UserError

if TYPE_CHECKING:
    from typer.core import TyperCommand, TyperGroup


def main(words: Sequence[str] | None = None) -> int:
    """Run one command line (default: the process's own) and return its exit code."""
    given = sys.argv[1:] if words is None else list(words)
    return framed(lambda: _run(given))


def _run(words: Sequence[str]) -> int:
    first, *rest = words or ("--help",)
    if first in ("--help", "-h", "help"):
        return _run([*rest[:1], "--help"]) if rest else _print(help_text())
    if first == "--version":
        return _print(f"rung {__version__}\n")
    name, *more = ALIASES.get(first, (first,))
    verb = by_name().get(name)
    if verb is None:
        raise UserError(f'there is no verb "{first}"', remedy=_suggestion(first))
    result = load(verb).main(args=[*more, *rest], prog_name=f"rung {name}", standalone_mode=True)
    return result if isinstance(result, int) else 0


def load(verb: Verb) -> TyperCommand | TyperGroup:
    """Import the verb's module and make its command."""
    import importlib

    import typer

    module, _, attribute = verb.target.partition(":")
    target = getattr(importlib.import_module(module), attribute)
    if not isinstance(target, typer.Typer):
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(name=verb.name)(target)
        target = app
    return cast("TyperCommand | TyperGroup", typer.main.get_command(target))


def _print(text: str) -> int:
    sys.stdout.write(text)
    return 0


def _suggestion(word: str) -> str:
    import difflib

    close = difflib.get_close_matches(word, [*(verb.name for verb in VERBS), *ALIASES], n=1)
    return f'did you mean "rung {close[0]}"?' if close else "see `rung --help`"


if __name__ == "__main__":
    sys.exit(main())
