"""What `rung walk-forward --scheme cpcv` says: what was chosen, the paths, both sides, whether luck explains it."""

from __future__ import annotations

from collections import Counter

from rung.apps.cli.output import jsonable, print_table, print_words
from rung.apps.walk_words import number_words, print_sides, print_verdict, shown
from rung.lab.cross_validating import CrossResult, Spread
from rung.reports.words import NOTHING, percent

PLAN_KEYS = ("groups", "test_groups", "purge_minutes", "embargo_days", "select", "seed")
SHOWN = 10


def print_cross(result: CrossResult) -> None:
    """Choices, paths, the spread of their ratios beside that in sample, both sides, and the verdict in words."""
    subject, plan = result.subject, result.plan
    print_table(
        f"{subject.name} on {' '.join(subject.symbols)}, {subject.dates[0]} to {subject.dates[-1]}: cross-validated, "
        f"{plan.test_groups} of {plan.groups} groups judge, {len(result.judged):,} combinations of groups",
        ("chosen", "combinations", "share"),
        _choices(result),
        right=("combinations", "share"),
        stacks=True,
    )
    _print_paths(result)
    heads = ("", "number", "lowest", "median", "highest", "below zero")
    print_table(
        "Sharpe ratios of the combinations in sample, of the paths out of sample",
        heads,
        [("in sample", *_spread_row(result.inside)), ("paths", *_spread_row(result.outside))],
        right=heads[1:],
        stacks=True,
    )
    print_sides(result.box, result.default, subject)
    for label, words in _facts(result):
        print_words(label, words)
    print_verdict(result.box, result.lead, subject, before=path_sentences(result))


def _choices(result: CrossResult) -> list[tuple[str, str, str]]:
    """The values chosen most often, with how often."""
    chosen = Counter(shown(each.values) for each in result.judged)
    rows = [(words, f"{count:,}", f"{count / len(result.judged):.0%}") for words, count in chosen.most_common(SHOWN)]
    if len(chosen) > SHOWN:
        left = sum(chosen.values()) - sum(count for _, count in chosen.most_common(SHOWN))
        rows.append((f"{len(chosen) - SHOWN:,} others", f"{left:,}", f"{left / len(result.judged):.0%}"))
    return rows


def _print_paths(result: CrossResult) -> None:
    """Every path, or of many the lowest, the judged one and the highest."""
    paths = sorted(result.paths, key=lambda path: (path.sharpe or 0.0, path.number))
    many = len(paths) > SHOWN
    kept = [*paths[: SHOWN // 2], *paths[-SHOWN // 2 :]] if many else paths
    judged = result.paths[result.middle]
    if judged not in kept:
        kept.insert(SHOWN // 2, judged)
    heads = ("path", "total", "max drawdown", "Sharpe", "")
    print_table(
        f"Paths by Sharpe ratio, {'the ends ' if many else ''}of {len(paths):,}",
        heads,
        [
            (
                path.number,
                percent(path.total_frac),
                percent(-path.max_drawdown_frac),
                number_words(path.sharpe),
                "judged" if path is judged else "",
            )
            for path in kept
        ],
        right=heads[1:4],
        stacks=True,
    )


def _spread_row(spread: Spread) -> tuple[str, ...]:
    below = NOTHING if spread.below_zero_frac is None else f"{spread.below_zero_frac:.0%}"
    number = f"{spread.count:,}" if spread.known == spread.count else f"{spread.known:,} of {spread.count:,}"
    return (number, number_words(spread.low), number_words(spread.middle), number_words(spread.high), below)


def _facts(result: CrossResult) -> list[tuple[str, str]]:
    """(label, words): what a path is, what it is not, and how many tries were counted."""
    days = len(result.subject.dates)
    return [
        ("groups", _group_words(result)),
        (
            "paths",
            f"each covers all {days:,} days once, by choices that did not see the day but may have seen later ones, "
            "which only a walk forbids; every group is run by itself and begins flat",
        ),
        (
            "judged",
            f"path {result.paths[result.middle].number}, the median by Sharpe ratio, is the out of sample above; paths "
            "share their days, so their spread is no standard error",
        ),
        (
            "trials",
            f"{result.combinations} sets of values; the trial book counts {result.trials} on these days, "
            f"{result.trials_ever} of this strategy in all, {result.looks} look(s) at them",
        ),
    ]


def _group_words(result: CrossResult) -> str:
    """How long they are, and what is left out between them."""
    plan, scheme = result.plan, result.plan.scheme(result.subject)
    bounds = scheme.bounds(len(result.subject.dates))
    usual, last = bounds[1] - bounds[0], bounds[-1] - bounds[-2]
    longer = "" if last == usual else f", the last of {last}"
    gaps = f"{scheme.purge} day(s) purged on both sides of a test, {scheme.embargo} more embargoed after it"
    return f"{plan.groups} of {usual} day(s){longer}; {gaps}"


def path_sentences(result: CrossResult) -> tuple[str, ...]:
    """How the paths lie, beside what choosing promised."""
    inside, outside = result.inside, result.outside
    if outside.below_zero_frac is None or outside.middle is None:
        return ("On no path did anything happen that has a Sharpe ratio.",)
    below = round(outside.below_zero_frac * outside.known)
    where = _below(below, outside.known)
    promised = "" if inside.middle is None else f", {inside.middle:.2f} on the days of choosing"
    told = f"{where}; the median Sharpe ratio is {outside.middle:.2f}{promised}."
    if all(each.values == result.judged[0].values for each in result.judged):
        return (told, "Every combination chose the same values, so the paths are one and the same.")
    return (told,)


def _below(below: int, known: int) -> str:
    if known == 1:
        return f"The only path lies {'below' if below else 'not below'} zero"
    if below in (0, known):
        return f"{'All' if below else 'None of the'} {known:,} paths {'lie' if below else 'lies'} below zero"
    return f"{below:,} of {known:,} paths lie{'s' if below == 1 else ''} below zero"


def cross_summary(result: CrossResult) -> object:
    """Everything the page says, in the words of JSON; daily returns of every path beside their dates."""
    subject = result.subject
    return jsonable(
        {
            "scheme": "cpcv",
            "strategy": subject.name,
            "symbols": subject.symbols,
            "tapes": subject.tape_ids,
            "synthetic": subject.synthetic,
            "plan": {name: getattr(result.plan, name) for name in PLAN_KEYS},
            "groups": result.groups,
            "combinations": result.judged,
            "paths": result.paths,
            "judged_path": result.paths[result.middle].number,
            "sharpe_in_sample": result.inside,
            "sharpe_of_paths": result.outside,
            "days": {
                "dates": subject.dates,
                "default": result.default.tolist(),
                "paths": result.histories.tolist(),
            },
            "in_sample_returns": result.in_sample.tolist(),
            "honesty": result.box,
            "lead": result.lead,
            "said": path_sentences(result),
            "trials": {
                "combinations": result.combinations, "counted": result.trials, "ever": result.trials_ever,
                "looks": result.looks,
            },
            "warnings": subject.warnings,
        }
    )  # fmt: skip
