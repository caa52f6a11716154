"""`rung journal`: verify, look at, export, back up and heal journals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rung.apps.cli.output import console, print_json, print_table
from rung.apps.journal_key import journal_key
from rung.domain.errors import UserError

if TYPE_CHECKING:
    from rung.journal.entry import Entry
    from rung.journal.store import Reads

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Verify, tail, export, back up and heal a journal.")


Journal_ = Annotated[
    str,
    typer.Argument(
        metavar="JOURNAL",
        help="A journal file (SQLite), one exported as .jsonl, or postgresql:NAME in the database of RUNG_DATABASE.",
        show_default=False,
    ),
]
Json_ = Annotated[bool, typer.Option("--json", help="Machine-readable JSON on stdout.")]


@app.command()
def verify(
    path: Journal_,
    anchors: Annotated[
        Path | None, typer.Option(help="File of anchors; default: PATH.anchors when it is there.", show_default=False)
    ] = None,
    jobs: Annotated[int, typer.Option(help="Processes for a long journal; 0 means one per core.", min=0)] = 0,
    as_json: Json_ = False,
) -> None:
    """Recompute the whole chain. Exit code 3 names the first bad entry."""
    from rung.apps.journals import verify_journal

    key = journal_key()
    with _progress("verifying") as progress:
        found = verify_journal(path, key=key, anchors=anchors, jobs=jobs or None, progress=progress)
    head = None if found.head is None else found.head.hash.hex()
    if as_json:
        lost = [loss._asdict() for loss in found.losses]
        shown = {"entries": found.entries, "head": head, "anchors": found.anchors, "keyed": found.keyed}
        print_json({"ok": True, **shown, "noted_end": found.noted_end, "losses": lost})
        return
    console().print(f"the chain holds: {counted(found.entries, 'entry', 'entries')}, head {head or 'none'}")
    console().print(
        f"{counted(found.anchors, 'anchor', 'anchors')} compared; the chain is "
        + ("keyed" if found.keyed else "not keyed")
        + ("" if found.keyed or found.anchors else ": whoever can write the file could have written all of it anew")
    )
    for loss in found.losses:
        console().print(f"{loss}", markup=False, soft_wrap=True)
    if not found.noted_end:
        console().print("the file has no noted end: whether entries are missing there cannot be told", soft_wrap=True)


@app.command()
def tail(
    path: Journal_,
    number: Annotated[int, typer.Option("-n", "--number", help="How many of the last entries.", min=1)] = 20,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as entries are written; Ctrl+C ends.")] = False,
    as_json: Json_ = False,
) -> None:
    """Show the last entries: a table, or one JSON object a line."""
    from rung.apps.journals import open_journal

    with closing(open_journal(path)) as reader:
        head = reader.head()
        last = 0 if head is None else head.seq
        recent = list(reader.read(max(1, last - number + 1), last)) if last else []
        if as_json:
            _print_lines(recent)
        else:
            print_table(
                f"{Path(path).name}: {last:,} entries", _COLUMNS, [_table_row(e) for e in recent], right=("seq",)
            )
        if follow:
            for entry in _new_entries(path, last):
                if as_json:
                    _print_lines([entry])
                else:
                    console().print("  ".join(_table_row(entry)), markup=False)


@app.command()
def export(
    path: Journal_,
    jsonl: Annotated[Path, typer.Option(help="The new file.", show_default=False)],
    by_name: Annotated[
        bool, typer.Option("--by-name", help="Spell out the fields of every payload; such a file cannot be verified.")
    ] = False,
) -> None:
    """Verify the journal and write every entry as a line of JSON. The file verifies like the journal itself."""
    from rung.adapters.stores.jsonl import export as write
    from rung.apps.journals import known_anchors, open_journal
    from rung.journal.verify import verified_entries

    with closing(open_journal(path)) as reader:
        entries = verified_entries(reader, key=journal_key(), anchors=known_anchors(path, None))
        written = write(entries, jsonl, by_name=by_name)
    console().print(
        f"{counted(written, 'entry', 'entries')} verified and written to {jsonl}", soft_wrap=True, markup=False
    )


@app.command()
def stats(path: Journal_, as_json: Json_ = False) -> None:
    """Count entries by kind; first and last instant; size."""
    from rung.apps.journals import open_journal
    from rung.journal.stats import stats as count

    with closing(open_journal(path)) as reader:
        found = count(reader)
    if as_json:
        print_json(found)
        return
    rows = [(kind, f"{n:,}", f"{size:,}") for kind, (n, size) in found.kinds.items()]
    rows.append(("all", f"{found.entries:,}", f"{found.payload_bytes:,}"))
    print_table(Path(path).name, ("kind", "entries", "payload bytes"), rows, right=("entries", "payload bytes"))
    if found.first_ns is not None and found.last_ns is not None:
        console().print(f"from {_utc(found.first_ns)} to {_utc(found.last_ns)}")


@app.command()
def backup(
    path: Journal_,
    target: Annotated[Path, typer.Argument(help="The new file.", show_default=False)],
    anchors: Annotated[Path | None, typer.Option(help="File of anchors.", show_default=False)] = None,
) -> None:
    """Copy a journal, also while a desk writes to it, and verify the copy."""
    from rung.adapters.stores.sqlite import SqliteReader
    from rung.adapters.stores.verify_file import verify_file
    from rung.apps.journals import a_file, known_anchors

    key, source = journal_key(), a_file(path)
    if target.exists():
        raise UserError("the file exists already", where=str(target), remedy="name a new file")
    told = known_anchors(path, anchors)
    with closing(SqliteReader(source)) as reader:
        reader.backup(target)
    try:
        found = verify_file(target, key=key, anchors=told)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    console().print(
        f"{counted(found.entries, 'entry', 'entries')} backed up to {target} and verified",
        soft_wrap=True,
        markup=False,
    )


@app.command()
def recover(path: Journal_, as_json: Json_ = False) -> None:
    """Heal a torn tail: keep the entries before the tear and the damaged file, and say what was lost.

    Exit code 0: at least one entry was kept, or nothing is wrong. 2: not one could be kept. 3: the journal was edited.
    """
    from rung.adapters.stores.recover import recover as heal
    from rung.apps.journals import a_file

    key, file = journal_key(), a_file(path)
    found = heal(file, key=key)
    if found.damaged is not None and file.suffix != ".jsonl":
        _note_recovery(file, key, found.kept, found.lost, found.reason)
    if as_json:
        print_json(found)
        return
    lost = "an unknown number of" if found.lost is None else f"{found.lost:,}"
    kept = counted(found.kept, "entry", "entries")
    console().print(f"{found.reason}: {kept} kept, {lost} lost", soft_wrap=True, markup=False)
    if found.damaged is not None:
        console().print(f"the damaged file is kept as {found.damaged}", soft_wrap=True, markup=False)


def counted(number: int, one: str, several: str) -> str:
    return f"{number:,} {one if number == 1 else several}"


def _note_recovery(path: Path, key: bytes | None, kept: int, lost: int | None, reason: str) -> None:
    from rung.adapters.stores.sqlite import SqliteStore
    from rung.journal.entry import Kind
    from rung.journal.journal import Journal

    with Journal(SqliteStore(path, writer="rung journal recover"), key=key) as journal:
        journal.append(Kind.RECOVERED, journal.last_ns or 0, {"kept": kept, "lost": lost, "reason": reason})


def _new_entries(path: str, last: int) -> Iterator[Entry]:
    """Entries after `last` as they appear, looked for twice a second."""
    import time

    from rung.apps.journals import open_journal

    while True:
        with closing(open_journal(path)) as reader:
            yield from _after(reader, last)
            head = reader.head()
            last = last if head is None else max(last, head.seq)
        time.sleep(0.5)


def _after(reader: Reads, last: int) -> Iterator[Entry]:
    head = reader.head()
    if head is not None and head.seq > last:
        yield from reader.read(last + 1, head.seq)


_COLUMNS = ("seq", "at (UTC)", "kind", "what", "hash")


def _table_row(entry: Entry) -> tuple[str, str, str, str, str]:
    from rung.journal.summary import summary

    return (str(entry.seq), _utc(entry.at_ns), entry.kind, summary(entry), entry.hash.hex()[:12])


def _print_lines(entries: list[Entry]) -> None:
    import sys

    from rung.adapters.stores.jsonl import named_line_of

    for entry in entries:
        sys.stdout.buffer.write(named_line_of(entry))
    sys.stdout.buffer.flush()


def _utc(at_ns: int) -> str:
    from datetime import UTC, datetime

    seconds, fraction = divmod(at_ns, 1_000_000_000)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return f"{text}.{fraction // 1_000_000:03d}" if fraction else text


@contextmanager
def _progress(doing: str) -> Iterator[Callable[[int], None]]:
    """A counter on stderr while a person watches."""
    from rich.progress import Progress, SpinnerColumn, TextColumn

    shown = console(stderr=True)
    with Progress(
        SpinnerColumn(), TextColumn("{task.description} {task.completed:,.0f} entries"), console=shown, transient=True,
        disable=not shown.is_terminal,
    ) as bar:  # fmt: skip
        task = bar.add_task(doing, total=None)
        yield lambda done: bar.update(task, completed=done)
