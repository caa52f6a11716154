"""`rung strategies`: which strategies there are, what they can be told, and a start for one's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rung.lab.strategy_files import Found

app = typer.Typer(add_completion=False, help="List, show and write strategies.")

Json = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]
ROTATION = "rotation"


@app.command("list")
def list_(as_json: Json = False) -> None:
    """Every built-in strategy and those that installed packages add."""
    from rung.apps.cli.output import print_json, print_table
    from rung.lab.strategy_files import known_strategies

    rows = [(found.name, found.about, found.origin) for found in known_strategies()]
    rows.append((ROTATION, "Minute-bar rotation over leveraged ETFs that learns online.", "built in"))
    if as_json:
        print_json([dict(zip(("name", "about", "origin"), row, strict=True)) for row in rows])
        return
    print_table("Strategies", ("name", "what it does", "from"), rows)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A name as in `rung strategies list`, or a file.")], as_json: Json = False
) -> None:
    """Source, rule, assumptions and parameters of one strategy."""
    from rung.apps.cli.output import print_json, print_table
    from rung.strategy.parameters import declared_params

    if name == ROTATION:
        from rung.apps.rotation_backtest import shown_rotation

        text, about, declared = shown_rotation()
    else:
        from rung.lab.strategy_files import find_strategy

        found = find_strategy(name)
        text, declared = _text(found), declared_params(found.cls)
        about = {"name": found.name, "origin": found.origin, "id": found.source_id}
    if as_json:
        print_json({**about, "parameters": declared})
        return
    typer.echo(text)
    rows = [(each.name, each.default, each.range_words, each.about) for each in declared.values()]
    print_table("Parameters", ("name", "default", "may be", "meaning"), rows, right=("default",))


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Name of the file to write, without .py.")],
    folder: Annotated[Path, typer.Option(help="Where to write it.")] = Path("."),
) -> None:
    """Write NAME.py and test_NAME.py: a strategy that runs and a test that passes, to change into yours."""
    from rung.apps.scaffold import scaffold

    strategy, test = scaffold(name, folder)
    typer.echo(f"written  {strategy}\nwritten  {test}")
    typer.echo(
        f"try      ./rung backtest {strategy} --symbol BTCUSDT --data DIR\ntest     ./rung python -m pytest {test}"
    )


def _text(found: Found) -> str:
    """The class's documentation, below its module's when that says more."""
    import inspect
    import sys

    module = inspect.getdoc(sys.modules[found.cls.__module__]) or ""
    head = f"{found.name}  ({found.origin}, source {found.source_id})"
    return "\n\n".join(part for part in (head, inspect.getdoc(found.cls) or "", module) if part) + "\n"
