"""What `rung check` says: a table for people, the whole report for programs."""

from __future__ import annotations

from rung.apps.cli.output import console, jsonable, print_table
from rung.lab.checking.report import CheckReport, Leak, Verdict


def print_report(report: CheckReport) -> None:
    """The questions as a table, then what was found in a sentence or two."""
    symbols = " ".join(report.symbols)
    title = f"{report.strategy} on {symbols}, {report.start} to {report.end}: {report.bars:,} bars"
    print_table(
        title, ("check", "result", "what was found"), [(a.name, a.verdict.value, a.what) for a in report.answers]
    )
    out = console()
    if report.parameters:
        out.print("parameters  " + ", ".join(f"{name}={value}" for name, value in report.parameters.items()))
    places = f"{report.cuts:,} place{'' if report.cuts == 1 else 's'}"
    out.print(f"replayed    {report.bars_replayed:,} bars, the future changed at {places}")
    for leak in report.leaks:
        out.print(f"leak        {_both(leak)}")
    out.print(f"\n{verdict_words(report)}")


def verdict_words(report: CheckReport) -> str:
    """What the answers come to. Never more than was tested."""
    found = [answer.name for answer in report.answers if answer.verdict is Verdict.FOUND]
    if found:
        return f"Do not believe its backtest: {', '.join(found)}."
    doubts = [answer.name for answer in report.answers if answer.verdict is Verdict.DOUBT]
    untested = [answer.name for answer in report.answers if answer.verdict is Verdict.NOT_TESTED]
    words = "Nothing it did on these bars came from the future"
    words += f"; read about {', '.join(doubts)}" if doubts else ""
    words += f"; {', '.join(untested)} not tested" if untested else ""
    return f"{words}. That says nothing about whether it earns."


def report_json(report: CheckReport) -> object:
    """`clean`, and every field of the report, in the words of JSON."""
    return {"clean": report.clean, "report": jsonable(report)}


def _both(leak: Leak) -> str:
    """Both values side by side, and the line."""
    other = "could be had from" if leak.kind == "own fill" else f"future {leak.future}"
    name = f"self.{leak.name}" if leak.name else leak.kind
    where = f"   {leak.line}" if leak.line else ""
    return f"{name} {leak.was}   {other} {leak.now}   bar {leak.bar} of {leak.symbol}{where}"
