"""What `rung walk-forward` says, and `rung tune` with it: both sides, the honesty box, what could have been."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rung.apps.backtest_words import MOST_WARNINGS
from rung.apps.cli.output import console, jsonable, print_table, print_words
from rung.kernels.statistics.growth import total_return
from rung.lab.lead import Lead
from rung.lab.monte_carlo import Row
from rung.lab.statistics.verdict import Honesty, Side
from rung.lab.subject import Subject, ratio
from rung.lab.walking import WalkForwardResult
from rung.reports.words import NOTHING, percent

PLAN_KEYS = ("train_days", "test_days", "anchored", "purge_minutes", "embargo_days", "select", "seed")


def print_walk(result: WalkForwardResult) -> None:
    """Windows, both sides, what else could have come, and the verdict in words."""
    subject, plan = result.subject, result.plan
    first, last = subject.dates[0], subject.dates[-1]
    kind = "anchored" if plan.anchored else "rolling"
    print_table(
        f"{subject.name} on {' '.join(subject.symbols)}, {first} to {last}: walked forward, {kind}, "
        f"{plan.train_days} days to train, {plan.test_days} to test",
        ("window", "trained", "tested", "chosen", "in", "out", "Sharpe in", "Sharpe out", "trades"),
        [
            (
                number, " to ".join(each.window.train), " to ".join(each.window.test), shown(each.values),
                percent(each.in_sample_frac), percent(each.out_of_sample_frac),
                number_words(each.in_sample_sharpe), number_words(each.out_of_sample_sharpe), each.trades,
            )
            for number, each in enumerate(result.chosen, 1)
        ],
        right=("in", "out", "Sharpe in", "Sharpe out", "trades"),
        stacks=True,
    )  # fmt: skip
    print_unjudged(result.unjudged, not_filled(result.unjudged, f"test of {plan.test_days} days"))
    print_sides(result.box, result.default, subject)
    print_table(
        "What else could have come of the same choices, out of sample",
        ("case", "total", "1 in 20 below", "1 in 20 above", "lost", "Sharpe", ""),
        [case_row(row) for row in result.monte_carlo],
        right=("total", "1 in 20 below", "1 in 20 above", "lost", "Sharpe"),
        stacks=True,
    )
    print_words(
        "trials",
        f"{result.combinations} combinations; the trial book counts {result.trials} on the days of "
        f"choosing, {result.trials_ever} of this strategy in all, {result.looks} look(s) at the days after",
    )
    print_verdict(result.box, result.lead, subject)


def not_filled(days: Sequence[str], what: str) -> str:
    """Why days are left over: `they do not fill another fold of 5 days`."""
    return f"{'it does' if len(days) == 1 else 'they do'} not fill another {what}"


def print_unjudged(days: Sequence[str], why: str) -> None:
    """Days that belong to the period and that no test used; nothing where there are none."""
    if days:
        span = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
        many = "1 day is" if len(days) == 1 else f"{len(days)} days are"
        print_words("left over", f"{span}: {many} judged by nobody, since {why}")


def print_sides(box: Honesty, default: Any, subject: Subject) -> None:
    """The honesty box: in sample and out of sample side by side, the default parameters beside them."""
    usual = ratio(default, subject.periods_per_year)
    annual = None if usual is None else usual * subject.periods_per_year**0.5
    rows = [
        (name, before, after, by_default.get(name, ""))
        for by_default in [{"Total": percent(total_return(default)), "Sharpe": number_words(annual)}]
        for (name, before), (_, after) in zip(side_rows(box.in_sample), side_rows(box.out_of_sample), strict=True)
    ]
    heads = ("", "in sample", "out of sample", "default, out of sample")
    print_table("Honesty", heads, rows, right=heads[1:], stacks=True)


def print_verdict(box: Honesty, lead: Lead, subject: Subject, before: Sequence[str] = ()) -> None:
    """Doubts, then what is to be said `before`, every sentence of the box, the comparison with the default."""
    for warning in subject.warnings[:MOST_WARNINGS]:
        print_words("doubt", warning)
    invented = ("An invented market is no evidence of anything.",) if subject.synthetic else ()
    console().print()
    print_words("", f"Honestly: {' '.join((*invented, *before, *box.sentences, lead.sentence))}")


def side_rows(side: Side) -> list[tuple[str, str]]:
    """(name, value) of one column of the box."""
    sharpe, deflated, bounds = side.sharpe, side.deflated, side.total_interval
    return [
        ("Days", f"{side.days:,}"),
        ("Total", percent(side.total_frac)),
        ("95% interval", NOTHING if bounds is None else f"{percent(bounds.low)} to {percent(bounds.high)}"),
        ("Max drawdown", percent(-side.max_drawdown_frac)),
        ("Sharpe", number_words(None if sharpe is None else sharpe.annual)),
        ("± standard error", number_words(None if sharpe is None else sharpe.annual_error)),
        ("PSR", number_words(side.psr, 3)),
        ("Trials", NOTHING if deflated is None else f"{deflated.trials:,}"),
        ("Deflated Sharpe (DSR)", number_words(None if deflated is None else deflated.probability, 3)),
        ("Chance of luck", number_words(None if deflated is None else deflated.chance, 3)),
    ]


def case_row(row: Row) -> tuple[str, ...]:
    """One line of the Monte Carlo table."""
    low, high = percent(row.low), percent(row.high)
    lost = NOTHING if row.loss is None else f"{row.loss:.0%}"
    return (row.name, percent(row.total_frac), low, high, lost, number_words(row.sharpe), row.remark)


def shown(values: Mapping[str, Any]) -> str:
    """`period=40 band=0.001`, or that nothing was set."""
    return " ".join(
        f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}" for name, value in values.items()
    )


def number_words(value: float | None, places: int = 2) -> str:
    return NOTHING if value is None else f"{value:,.{places}f}"


def walk_summary(result: WalkForwardResult) -> object:
    """Everything the page says, in the words of JSON; daily returns beside their dates."""
    subject = result.subject
    return jsonable(
        {
            "scheme": "walk",
            "strategy": subject.name,
            "symbols": subject.symbols,
            "tapes": subject.tape_ids,
            "synthetic": subject.synthetic,
            "plan": {name: getattr(result.plan, name) for name in PLAN_KEYS},
            "windows": result.chosen,
            "days": days_rows(result.dates, result.out_of_sample, result.default),
            "unjudged": result.unjudged,
            "in_sample_returns": result.in_sample.tolist(),
            "honesty": result.box,
            "lead": result.lead,
            "monte_carlo": result.monte_carlo,
            "trials": {
                "combinations": result.combinations, "counted": result.trials, "ever": result.trials_ever,
                "looks": result.looks,
            },
            "warnings": subject.warnings,
        }
    )  # fmt: skip


def days_rows(dates: Sequence[str], chosen: Any, default: Any) -> list[dict[str, object]]:
    """One object per out-of-sample day."""
    rows = zip(dates, chosen.tolist(), default.tolist(), strict=True)
    return [{"date": date, "return_frac": one, "default_frac": other} for date, one, other in rows]
