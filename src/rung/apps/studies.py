"""`rung walk-forward` and `rung tune`: ask, run with a progress bar, write, show."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import typer

from rung.adapters.state.system_clock import SystemClock
from rung.apps.cli.output import print_json
from rung.apps.cli.pools import campaign_progress, pool_of
from rung.apps.cross_words import cross_summary, print_cross
from rung.apps.study_files import folder_for, write_json
from rung.apps.subjects import ROTATION, asked
from rung.apps.subjects import Question as Question
from rung.apps.tune_words import print_tuning, tune_summary
from rung.apps.walk_words import print_walk, walk_summary
from rung.domain.errors import UserError
from rung.lab.cross_validating import CrossPlan, CrossResult, cross_validate
from rung.lab.optimising import open_book
from rung.lab.tuning import TunePlan as TunePlan
from rung.lab.tuning import TuneResult, tune
from rung.lab.walking import Plan, WalkForwardResult, walk_forward_of

Where = tuple[str | None, int | None]
"""A cluster's address, and a number of processes."""


def show_walk(question: Question, plan: Plan | CrossPlan, where: Where, *, as_json: bool) -> None:
    """Walk or cross-validate, write walk_forward.json if there is a folder for it, print the page. Raises UserError."""
    subject, grid, _ = asked(question)
    plan = replace(plan, at_ns=SystemClock().now_ns(), out=folder_for(plan.out))
    result: WalkForwardResult | CrossResult
    with campaign_progress(plan.out) as progress:
        if isinstance(plan, CrossPlan):
            result = cross_validate(subject, grid, plan, open_book(), pool_of(*where), progress)
        else:
            result = walk_forward_of(subject, grid, plan, open_book(), pool_of(*where), progress)
    summary = cross_summary(result) if isinstance(result, CrossResult) else walk_summary(result)
    written = [write_json(plan.out / "walk_forward.json", summary)] if plan.out is not None else []
    if as_json:
        print_json(summary)
        return
    if isinstance(result, CrossResult):
        print_cross(result)
    else:
        print_walk(result)
    _say_written(written)


def show_tuning(question: Question, plan: TunePlan, where: Where, *, as_json: bool) -> None:
    """Search, write tune.json and for the rotation the tuned file, print the page. Raises UserError."""
    rotation = question.strategy == ROTATION
    if not rotation and (question.write or question.config):
        raise UserError("only the rotation has a file to write", where="--write, --config")
    if rotation:
        from rung.apps.rotation_tuning import question_for, refuse_live

        question = question_for(question)
        refuse_live(question)
    subject, _, axes = asked(question)
    plan = replace(plan, at_ns=SystemClock().now_ns())
    folder_for(plan.out)
    with campaign_progress(plan.out, "trials") as progress:
        result = tune(subject, axes, plan, open_book(), pool_of(*where), progress)
    written = _tuned_files(question, result, rotation=rotation)
    if as_json:
        print_json(tune_summary(result))
        return
    print_tuning(result)
    _say_written(written)


def _tuned_files(question: Question, result: TuneResult, *, rotation: bool) -> list[Path]:
    written = [write_json(result.plan.out / "tune.json", tune_summary(result))]
    if rotation:
        from rung.apps.rotation_tuning import write_tuned

        written.append(write_tuned(question, result))
    return written


def _say_written(paths: list[Path]) -> None:
    for path in paths:
        typer.echo(f"written  {path}")
