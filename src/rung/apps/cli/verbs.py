"""Every verb of the program, by name. A verb's module is imported when the verb is used, not before."""

from __future__ import annotations

from typing import NamedTuple


class Verb(NamedTuple):
    """`target` is "module:attribute" of a typer app or a plain typer function; `help` is one line."""

    name: str
    group: str
    target: str
    help: str


_CLI = "rung.apps.cli"

VERBS: tuple[Verb, ...] = (
    Verb("demo", "Try", f"{_CLI}.demo:demo", "replay three synthetic days and write a report: no keys, no data"),
    Verb("doctor", "Try", f"{_CLI}.doctor:doctor", "what is installed, what is missing, what to do"),
    Verb("mock", "Trade", f"{_CLI}.mock:mock", "replay recorded minutes through the whole desk"),
    Verb("backtest", "Test", f"{_CLI}.backtest:backtest", "a strategy of yours over recorded bars, costs and gates on"),
    Verb("check", "Test", f"{_CLI}.check:check", "does a strategy know the future? warm-up, cliffs, determinism too"),
    Verb("sweep", "Test", f"{_CLI}.sweep:sweep", "every combination of a grid, and what the best of so many is worth"),
    Verb("walk-forward", "Test", f"{_CLI}.walk_forward:walk_forward", "choose on past days, trade the next, step on"),
    Verb("tune", "Test", f"{_CLI}.tune:tune", "search parameters, judge them on days the search never saw"),
    Verb("strategies", "Test", f"{_CLI}.strategies:app", "list, show and write strategies"),
    Verb("replay", "Trade", f"{_CLI}.replay:replay", "execute a recorded run again and compare bit for bit"),
    Verb("risk", "Guard", f"{_CLI}.risk:app", "show the effective limits; judge an order without trading"),
    Verb("profile", "Guard", f"{_CLI}.profile:app", "list, show and set capital profiles"),
    Verb("kill", "Guard", f"{_CLI}.kill:kill", "stop new risk now, and optionally flatten"),
    Verb("resume", "Guard", f"{_CLI}.kill:resume", "re-arm after a kill or a latch, with a reason"),
    Verb("status", "Look", f"{_CLI}.status:status", "what is running, latched, stale or missing"),
    Verb("report", "Look", f"{_CLI}.report:report", "monthly report from recorded runs"),
    Verb("analyze-mrd", "Look", f"{_CLI}.analyze_mrd:analyze_mrd", "mean return per day of recorded runs"),
    Verb("journal", "Look", f"{_CLI}.journal:app", "verify, tail, export, back up the journal"),
    Verb("bullets", "Look", f"{_CLI}.bullets:app", "every decision: state, verdict, result; filters and export"),
    Verb("data", "Data", f"{_CLI}.data:app", "import, list, verify, download or invent market data"),
)

ALIASES: dict[str, tuple[str, ...]] = {"verify-data": ("data", "verify")}
"""Names the source documents use, and the words they stand for."""


def by_name() -> dict[str, Verb]:
    return {verb.name: verb for verb in VERBS}


def help_text() -> str:
    """What `rung --help` prints."""
    width = max(len(verb.name) for verb in VERBS)
    lines = [
        "Rung: a trading desk on which capital is earned.",
        "",
        "  rung VERB [options]     `rung VERB --help` explains a verb, `rung --version` says which Rung this is",
    ]
    for group in dict.fromkeys(verb.group for verb in VERBS):
        lines += ["", group]
        lines += [f"  {verb.name:<{width}}  {verb.help}" for verb in VERBS if verb.group == group]
    return "\n".join([*lines, ""])
