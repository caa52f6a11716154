"""The words of `rung walk-forward` and `rung tune` → what is optimised, and its grid."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rung.lab.grids import Axes, parse_grid, read_grid
from rung.lab.subject import Subject, Values

if TYPE_CHECKING:
    from rung.lab.bench import BacktestRequest

ROTATION = "rotation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """The command line, parsed but not yet checked against files."""

    strategy: str
    symbols: tuple[str, ...]
    period: tuple[str | None, str | None]
    grid: tuple[str, ...]
    settings: tuple[str, ...]
    data: Path
    capital: str
    costs: Path | None
    limits: tuple[Path, ...]
    funding: Path | None = None
    traded_as: str | None = None
    timeframe: str | None = None
    desk_only: bool = False
    config: Path | None = None
    write: Path | None = None


def asked(question: Question) -> tuple[Subject, list[Values], Axes]:
    """The subject, every combination of its grid, and the axes. Raises UserError for everything a person can mend."""
    if question.strategy == ROTATION:
        from rung.apps.rotation_subject import RotationValues, rotation_subject

        grid = read_grid(RotationValues, parse_grid(question.grid))
        subject = rotation_subject(question)
    else:
        grid = read_grid(_strategy_class(question.strategy), parse_grid(question.grid))
        subject = _strategy(question)
    combinations: list[Values] = [*grid.combinations()]
    return subject, combinations, grid.axes


def _strategy_class(strategy: str) -> type:
    from rung.lab.strategy_files import find_strategy

    return find_strategy(strategy).cls


def _strategy(question: Question) -> Subject:
    from rung.lab.strategy_subject import strategy_subject

    return strategy_subject(request_of(question))


def request_of(question: Question) -> BacktestRequest:
    """The question about one run, with all it says. Raises UserError for everything typed wrong."""
    from rung.apps.cli.backtest import completed, request_for, traded

    request = request_for(question.strategy, question.symbols, question.period, question.data)
    settings, limits = list(question.settings), list(question.limits)
    request = completed(request, settings, question.capital, question.costs, limits)
    request = traded(request, question.funding, question.traded_as, question.timeframe)
    return replace(request, desk_only=question.desk_only)
