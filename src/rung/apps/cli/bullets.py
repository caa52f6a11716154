"""`rung bullets`: every decision with what the gateway said to it and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rung.apps.cli.output import console, print_json, print_table
from rung.domain.errors import UserError

if TYPE_CHECKING:
    from rung.apps.bullets import BulletStore
    from rung.journal.bullet import Bullet

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Look at every decision and what came of it.")

From = Annotated[
    Path | None,
    typer.Option(
        "--journal", help="A journal, a folder of journals, or an index (default: logs/mock_trading, .rung, logs/demo)."
    ),
]
Symbol = Annotated[str | None, typer.Option(help="Only this symbol.", show_default=False)]
Tags = Annotated[list[str] | None, typer.Option("--tag", help="Only with this tag; repeat for any of several.")]
Regime = Annotated[
    str | None, typer.Option(help='Only in this regime: "low", "up", or of one dimension: "volatility:low".')
]
Violation = Annotated[str | None, typer.Option(help='Only refusals for this, as "missing_stop_loss".')]
Since = Annotated[str | None, typer.Option(help="From this date or time on, UTC.")]
Until = Annotated[str | None, typer.Option(help="Before this time, UTC; a date includes its day.")]
Limit = Annotated[int, typer.Option("-n", "--limit", help="How many of the newest.", min=0)]
Holds = Annotated[bool, typer.Option("--holds", help="Also decisions to keep a position as it is, as NO_TRADE.")]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable JSON on stdout.")]


@app.command("list")
def list_(journal: From = None, limit: Limit = 20, holds: Holds = False, as_json: Json = False) -> None:
    """The newest decisions."""
    with _store(journal, holds=holds) as store:
        _show("Newest decisions", store.load_all(limit), as_json=as_json)


@app.command()
def query(  # noqa: PLR0913
    journal: From = None,
    symbol: Symbol = None,
    tag: Tags = None,
    regime: Regime = None,
    violation: Violation = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 100,
    holds: Holds = False,
    as_json: Json = False,
) -> None:
    """The newest decisions that meet every filter."""
    with _store(journal, holds=holds) as store:
        _doubt_tags(tag, store)
        found = store.query(
            _known(symbol, store), regime, tag or None, limit, violation=violation, since=since, until=until
        )
        _show("Decisions", found, as_json=as_json)


@app.command()
def show(
    id: Annotated[str, typer.Argument(help="An id, or the beginning of one.", show_default=False)],
    journal: From = None,
    holds: Holds = False,
    as_json: Json = False,
) -> None:
    """One decision in full."""
    with _store(journal, holds=holds) as store:
        bullet = store.load(id)
    if as_json:
        print_json(bullet)
        return
    print_table(f"Bullet {bullet.id}", ("field", "value"), list(_fields(bullet)))


@app.command()
def stats(journal: From = None, holds: Holds = False, as_json: Json = False) -> None:
    """Counts by symbol, decision, regime, violation and tag."""
    with _store(journal, holds=holds) as store:
        found = store.get_stats()
    if as_json:
        print_json(found)
        return
    counted = {
        **{name: found[name] for name in ("symbols", "decisions", "violations")},
        **found["regimes"],
        "tags": {tag: n for tag, n in found["tags"].items() if not tag.startswith(("symbol:", "decision:"))},
    }
    rows = [(name, word, f"{n:,}") for name, words in counted.items() for word, n in words.items()]
    print_table(f"{found['total']:,} decisions", ("by", "what", "decisions"), rows, right=("decisions",))
    if found["date_range"] is not None:
        console().print(f"from {found['date_range']['start']} to {found['date_range']['end']}")


@app.command()
def export(  # noqa: PLR0913
    jsonl: Annotated[Path, typer.Option(help="The new file.", show_default=False)],
    journal: From = None,
    symbol: Symbol = None,
    tag: Tags = None,
    regime: Regime = None,
    violation: Violation = None,
    since: Since = None,
    until: Until = None,
    holds: Holds = False,
) -> None:
    """Write the decisions that meet every filter as lines of JSON, newest first."""
    with _store(journal, holds=holds) as store:
        _doubt_tags(tag, store)
        found = store.iterate(_known(symbol, store), regime, tag or None, violation=violation, since=since, until=until)
        written = store.export_jsonl(jsonl, found)
    console().print(f"{written:,} decisions written to {jsonl}", soft_wrap=True, markup=False)


@contextmanager
def _store(journal: Path | None, *, holds: bool) -> Iterator[BulletStore]:
    """The store, brought up to date, with a counter on stderr while a person watches."""
    from rung.apps.bullets import BulletStore
    from rung.journal.regimes import BulletParams

    with _progress() as progress:
        store = BulletStore(journal, params=BulletParams(holds=holds), progress=progress)
    with store:
        if store.in_memory:
            _note(f"{store.index_path.parent} cannot be written to: the index is in memory, and made anew every time")
        yield store


def _note(text: str) -> None:
    console(stderr=True).print(f"note: {text}", soft_wrap=True, markup=False)


def _doubt_tags(tags: list[str] | None, store: BulletStore) -> None:
    """A tag nothing carries may be a slip of the finger, or a thing that did not happen: said, not refused."""
    from difflib import get_close_matches

    recorded = store.tags() if tags else {}
    for tag in tags or ():
        if tag not in recorded:
            close = get_close_matches(tag, recorded, n=1)
            _note(f"no decision carries the tag {tag!r}" + (f"; did you mean {close[0]!r}?" if close else ""))


@contextmanager
def _progress() -> Iterator[Callable[[str, int], None]]:
    from rich.progress import Progress, SpinnerColumn, TextColumn

    shown = console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("reading {task.description}: {task.completed:,.0f} entries"))
    with Progress(*columns, console=shown, transient=True, disable=not shown.is_terminal) as bar:
        task = bar.add_task("the index", total=None)
        yield lambda name, done: bar.update(task, description=name, completed=done)


def _known(symbol: str | None, store: BulletStore) -> str | None:
    """A symbol nothing was decided about is a slip of the finger."""
    from difflib import get_close_matches

    recorded = store.symbols() if symbol is not None else {}
    if symbol is None or symbol in recorded:
        return symbol
    close = get_close_matches(symbol.upper(), recorded, n=1)
    remedy = f"did you mean {close[0]}?" if close else f"there are: {', '.join(recorded) or 'none'}"
    raise UserError(f"there is no decision about {symbol!r}", where="--symbol", remedy=remedy)


def _show(title: str, bullets: Sequence[Bullet], *, as_json: bool) -> None:
    from rung.apps.bullet_rows import rows_of

    if as_json:
        print_json(bullets)
    elif not bullets:
        console().print(f"{title}: nothing matches")
    else:
        table = rows_of(bullets, console().width)
        print_table(f"{title}: {len(bullets):,}", table.columns, table.rows, right=("P&L",))


def _fields(bullet: Bullet) -> Iterator[tuple[str, str]]:
    """Every field by its path, one a line."""
    from rung.apps.cli.output import jsonable

    yield from _paths("", jsonable(bullet))


def _paths(path: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _paths(f"{path}.{name}" if path else name, inner)
    elif isinstance(value, list) and any(isinstance(inner, dict) for inner in value):
        for number, inner in enumerate(value):
            yield from _paths(f"{path}[{number}]", inner)
    else:
        yield path, ", ".join(map(str, value)) if isinstance(value, list) else _text(value)


def _text(value: object) -> str:
    return "" if value is None or value == {} else str(value)
