"""Writes docs/reference from the code: every verb with its options, every configuration key with its bounds.

python docs/generate_reference.py            write
python docs/generate_reference.py --check    say what would change and fail if anything would
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from rung.apps.cli.main import load
from rung.apps.cli.verbs import ALIASES, VERBS
from rung.apps.config_files import CONFIG_FILES
from rung.config import describe
from rung.config.schema import REQUIRED

FOLDER = Path(__file__).parent / "reference"
NOTE = "<!-- Written by docs/generate_reference.py from the code: change the code, then `./rung docs`. -->\n"


def cli_page() -> str:
    """Every verb, in the order of `rung --help`."""
    parts = ["# Every verb\n", NOTE, _exit_codes()]
    for verb in VERBS:
        parts.append("".join(_command(load(verb), f"rung {verb.name}", depth=2)).rstrip() + "\n")
    parts += [
        "## Other names\n\n",
        *(f"- `rung {name}` is `rung {' '.join(words)}`\n" for name, words in ALIASES.items()),
    ]
    return "\n".join(parts).rstrip() + "\n"


def _exit_codes() -> str:
    return (
        "Exit codes: 0 done · 1 done, and the answer is no · 2 something for you to change, in one line · "
        "3 a journal that was edited · 70 a bug in Rung · 130 stopped with Ctrl+C.\n"
        "`RUNG_TRACEBACK=1` shows where a mistake was noticed; `NO_COLOR` is respected.\n"
    )


def _command(command: Any, name: str, depth: int) -> Iterator[str]:
    context = typer.Context(command, info_name=name)
    yield f"{'#' * depth} {name}\n\n"
    yield f"{(command.help or '').strip()}\n\n"
    children = getattr(command, "commands", {})
    if not children:
        yield f"```\n{' '.join([name, *command.collect_usage_pieces(context)])}\n```\n\n"
        yield from _options(command, context)
    for child in sorted(children):
        yield from _command(children[child], f"{name} {child}", depth + 1)


def _options(command: Any, context: typer.Context) -> Iterator[str]:
    records = [r for p in command.params if p.name != "help" and (r := p.get_help_record(context)) is not None]
    if not records:
        return
    yield "| option | meaning |\n|---|---|\n"
    for left, right in records:
        yield f"| `{left}` | {_cell(' '.join(right.split()))} |\n"
    yield "\n"


def config_page() -> str:
    """Every key of every file, in the order of its dataclass."""
    parts = [
        "# Every configuration key\n",
        NOTE,
        "Files are JSON (comments and trailing commas allowed) or TOML; the ending says which. An unknown key, a wrong "
        "type or a value out of bounds is an error that names its line; keys that begin with `_` are notes. "
        "`<name>` stands for any name, `[]` for each element of a list.\n",
    ]
    for file in CONFIG_FILES:
        parts.append(f"## config/{file.name}\n\n{file.about[0].upper()}{file.about[1:]}.\n")
        lines = ["| key | type | default | bounds | meaning |", "|---|---|---|---|---|"]
        for row in describe(file.schema()):
            default = f"**{REQUIRED}**" if row.default == REQUIRED else f"`{row.default}`"
            lines.append(f"| `{row.key}` | {row.type} | {_cell(default)} | {row.bounds} | {_cell(row.doc)} |")
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main(words: list[str]) -> int:
    """Write the pages, or with --check compare them with what is there."""
    stale = False
    for name, text in (("cli.md", cli_page()), ("config.md", config_page())):
        path = FOLDER / name
        before = path.read_text("utf-8") if path.exists() else ""
        if before == text:
            continue
        stale = True
        if "--check" in words:
            sys.stdout.writelines(
                difflib.unified_diff(before.splitlines(True), text.splitlines(True), f"{path}", "code")
            )
        else:
            FOLDER.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
            print(f"wrote {path.relative_to(FOLDER.parents[1])}")
    if stale and "--check" in words:
        print("the reference does not say what the code says: ./rung docs")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
