"""What `rung tune` says: the search, the winner on both sides, and whether it is better than the default."""

from __future__ import annotations

from collections.abc import Sequence

from rung.apps.cli.output import jsonable, print_table, print_words
from rung.apps.walk_words import days_rows, not_filled, number_words, print_sides, print_unjudged, print_verdict, shown
from rung.lab.tuning import TunePlan, TuneResult

SHOWN = 5


def print_tuning(result: TuneResult) -> None:
    """The best sets, both sides of the winner, the verdict."""
    subject, plan = result.subject, result.plan
    ranked = sorted(result.tried, key=lambda each: -(each.sharpe or 0.0))
    rows = [(each.number, shown(each.values), number_words(each.sharpe)) for each in ranked[:SHOWN]]
    print_table(
        f"{subject.name} on {' '.join(subject.symbols)}: the best of {len(result.tried)} sets, "
        f"{len(result.folds)} folds of {plan.test_days} days, {result.folds[0][0]} to {result.folds[-1][1]}",
        ("trial", "values", "Sharpe"),
        [*rows, ("", "default", number_words(result.default_sharpe))],
        right=("Sharpe",),
        stacks=True,
    )
    if result.asked > len(result.tried) or result.every:
        print_words("search", search_words(result))
    print_unjudged(result.unjudged, unjudged_words(plan, result.unjudged))
    print_words("held out", f"{result.holdout[0]} to {result.holdout[1]}, run once the search had ended")
    print_words(
        "trials",
        f"the trial book counts {result.trials} on the days of tuning, {result.looks} look(s) at those held out",
    )
    print_sides(result.box, result.default, subject)
    print_verdict(result.box, result.lead, subject)


def unjudged_words(plan: TunePlan, days: Sequence[str]) -> str:
    """Why `days` between the last fold and those held out were used by neither."""
    if len(days) == plan.embargo_days:
        return "that is the embargo before the days held out"
    fold = not_filled(days, f"fold of {plan.test_days} days")
    return f"{fold}; {plan.embargo_days} of them are the embargo" if plan.embargo_days else fold


def search_words(result: TuneResult) -> str:
    """How many different sets there were among those asked for, and whether the grid holds no other."""
    sets, again = len(result.tried), result.asked - len(result.tried)
    told = f"{sets} different set{'' if sets == 1 else 's'} in {result.asked} trials"
    if again:
        told += f"; {again} asked for a set that was known, which was neither run nor counted again"
    left = result.plan.trials - result.asked
    ended = f", so the search ended {left} trials early" if left > 0 else ""
    return f"{told}{f'; the grid holds no other{ended}' if result.every else ''}"


def tune_summary(result: TuneResult) -> object:
    """Everything the page says, in the words of JSON."""
    return jsonable(
        {
            "strategy": result.subject.name,
            "symbols": result.subject.symbols,
            "tapes": result.subject.tape_ids,
            "synthetic": result.subject.synthetic,
            "folds": result.folds,
            "holdout": result.holdout,
            "unjudged": result.unjudged,
            "tried": result.tried,
            "winner": result.winner,
            "default_sharpe": result.default_sharpe,
            "in_sample_returns": result.in_sample.tolist(),
            "days": days_rows(result.dates, result.out_of_sample, result.default),
            "honesty": result.box,
            "lead": result.lead,
            "trials": {
                "asked": result.asked, "tried": len(result.tried), "every": result.every, "counted": result.trials,
                "looks": result.looks,
            },
            "warnings": result.subject.warnings,
        }
    )  # fmt: skip
