"""What `rung sweep` says: the best and the worst, and beside them what the best one is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rung.apps.cli.output import console, jsonable, print_table, print_words
from rung.lab.statistics.pbo import Overfitting
from rung.lab.statistics.psr import Deflated
from rung.lab.sweep_luck import Luck
from rung.lab.sweep_outcome import BEST_WITH_DAYS, Check, SweepResult
from rung.lab.sweep_plan import Plan
from rung.lab.sweep_rows import DESK, TWIN
from rung.lab.sweep_twin import GATES
from rung.lab.sweeping import Estimate, duration
from rung.reports.words import percent

SHOWN = 10
MOST_IN_JSON = 10_000
"""Rows of the summary: beyond, the best half and the worst half of so many. The tables hold them all."""
MOSTLY = 0.9
NOTHING = "-"
FIGURES = ("return", "trades", "won", "max drawdown", "Sharpe ± error", "fees")


def print_sweep(result: SweepResult) -> None:
    """Tables, then the honest lines."""
    identity, names = result.plan.benches[0].identity, result.plan.grid.names
    rows = result.rows.to_dicts()
    columns = ("", "symbol", *names, *FIGURES)
    numbered = [(i, row) for i, row in enumerate(rows, start=1)]
    best, worst = numbered[:SHOWN], numbered[max(SHOWN, len(rows) - SHOWN) :]
    synthetic = "INVENTED BARS, " if identity.synthetic else ""
    title = f"{identity.named}, {synthetic}{identity.start} to {identity.end}: the best {len(best)} of {len(rows):,}"
    print_table(title, columns, [_cells(i, row, names) for i, row in best], right=columns[2:], stacks=True)
    if worst:
        print_table(
            f"The worst {len(worst)}", columns, [_cells(*each, names) for each in worst], right=columns[2:], stacks=True
        )
    for name, words in facts(result):
        print_words(name, words)
    console().print()
    print_words("", f"Honestly: {result.luck.sentence}")


def _cells(number: int, row: Mapping[str, Any], names: Sequence[str]) -> tuple[str, ...]:
    sharpe, error = row["sharpe"], row["sharpe_error"]
    return (
        str(number), row["symbol"], *(_shown(row[name]) for name in names),
        percent(row["total_return_frac"]), f"{row['trades']:,}", percent(row["win_rate_frac"], 0, signed=False),
        percent(row["max_drawdown_frac"], signed=False),
        NOTHING if sharpe is None else f"{sharpe:.2f}" if error is None else f"{sharpe:.2f} ± {error:.2f}",
        f"{row['fees_quote']:,.0f}",
    )  # fmt: skip


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def facts(result: SweepResult) -> list[tuple[str, str]]:
    """(name, words): what ran, what it cost, how many were tried, and what that does to the best one."""
    luck = result.luck
    rows = [("costs", "; ".join(f"{name} {value}" for name, value in result.plan.costs))]
    rows += [("engine", words) for words in engine_words(result.plan, result.rows["engine"].to_list())]
    rows += [("on the desk", check_words(check)) for check in result.checks]
    here = f"{luck.ran:,} combination{'' if luck.ran == 1 else 's'} in this sweep, {luck.new:,} of them new"
    rows.append(("tried", f"{here}; {luck.tally.count:,} in all on these days or some of them, by the trial book"))
    if luck.deflated is not None:
        rows.append(("deflated", deflated_words(luck.deflated, luck)))
    rows.append(("overfitting", overfit_words(luck, whole=result.plan.keeps_days)))
    if len(result.rows) > MOST_IN_JSON:
        half = MOST_IN_JSON // 2
        rows.append(("files", f"JSON holds the best {half:,} and the worst {half:,} rows, CSV and Parquet all of them"))
    return rows


def engine_words(plan: Plan, engines: Sequence[str]) -> list[str]:
    """Which engine ran what, and what it left out."""
    twins, desks = engines.count(TWIN), engines.count(DESK)
    said = []
    if twins:
        said.append(f"compiled twin for {twins:,} combinations; {GATES}")
    if twins and not plan.keeps_days:
        said.append(
            f"only the best {BEST_WITH_DAYS} were looked at twice, and given to the desk where the twin is unsure"
        )
    if desks:
        reasons = list(dict.fromkeys(reason for reason in plan.why if reason))
        if twins:
            reasons.append("orders still worked at the next decision, or equity fell to where the gates stop it")
        said.append(f"desk with gates for {desks:,}: {'; '.join(reasons)}")
    return said


def check_words(check: Check) -> str:
    """The twin's best, run once more with the gates on."""
    if check.same:
        return f"{check.symbols}: its best gives {percent(check.desk_frac)}, as the twin said"
    return f"{check.symbols}: its best gives {percent(check.desk_frac)}, the twin said {percent(check.twin_frac)}"


def deflated_words(deflated: Deflated, luck: Luck) -> str:
    """The winner's ratio against that of the best of so many without skill."""
    assert luck.sharpe is not None  # noqa: S101 (a deflated ratio has one)
    bar = deflated.luck * luck.sharpe.periods_per_year**0.5
    return (
        f"the best shows a Sharpe ratio of {luck.sharpe.annual:.2f}; luck alone gives the best of {deflated.trials:,} "
        f"that scatter like these {bar:.2f}; probability that its true ratio is above that: {deflated.probability:.1%}"
    )


def overfit_words(luck: Luck, *, whole: bool) -> str:
    """Probability of backtest overfitting, or why there is none."""
    if luck.overfit is None:
        return f"cannot be said from {luck.days} days (8 and two combinations are needed)"
    found = luck.overfit
    told = (
        f"PBO {found.probability:.0%}: so often the best of one half of the days was not above the median in "
        f"the other ({luck.overfit_of:,} combinations{'' if whole else ', the best only'}, {days_words(found)})"
    )
    return f"{told}. {luck.caution}" if luck.caution else told


def days_words(found: Overfitting) -> str:
    """Which days the halves are made of: equal blocks, the oldest days left out where they fill none."""
    blocks = f"{found.blocks} blocks of {found.days // found.blocks}"
    if not found.left_out:
        return f"{found.days} days in {blocks}"
    left = f"the {'oldest' if found.left_out == 1 else f'{found.left_out} oldest'} left out"
    return f"{found.days} of {found.days + found.left_out} days, since halves need equal blocks: {blocks}, {left}"


def estimate_words(estimate: Estimate, plan: Plan) -> str:
    """Before it starts: how much, how long."""
    groups = len(plan.benches)
    many = f"{estimate.combinations:,} combination{'' if estimate.combinations == 1 else 's'}"
    many += f" ({groups} symbols × {plan.grid.count:,})" if groups > 1 else ""
    if estimate.done:
        many += f", {estimate.done:,} of them done before"
    cores = f"{estimate.workers} core{'' if estimate.workers == 1 else 's'}"
    if estimate.runs_seconds is None:
        return f"{many}; about {duration(estimate.seconds)} to judge and write them"
    told = f"{many}; about {duration(estimate.seconds)} on {cores}, measured on the first"
    if estimate.runs_seconds > MOSTLY * estimate.seconds:
        return told
    return f"{told} ({duration(estimate.runs_seconds)} for the runs, the rest to count, check and write them)"


def summary(result: SweepResult) -> object:
    """Everything in the words of JSON; of a large sweep the best and the worst rows."""
    luck, rows = result.luck, result.rows
    shown = rows if len(rows) <= MOST_IN_JSON else rows.head(MOST_IN_JSON // 2).vstack(rows.tail(MOST_IN_JSON // 2))
    return jsonable(
        {
            "id": result.plan.id,
            "identity": result.plan.benches[0].identity,
            "symbols": result.plan.symbols,
            "costs": result.plan.costs,
            "grid": result.plan.grid.axes,
            "rows": shown.to_dicts(),
            "rows_left_out": len(rows) - len(shown),
            "checks": result.checks,
            "ran": luck.ran,
            "tried": luck.tally.count,
            "new": luck.new,
            "sharpe": luck.sharpe,
            "deflated": luck.deflated,
            "overfitting": None if luck.overfit is None else luck.overfit.probability,
            "overfitting_of": luck.overfit_of,
            "overfitting_days": None if luck.overfit is None else luck.overfit.days,
            "verdict": luck.verdict,
            "said": [f"{name}: {words}" for name, words in facts(result)],
            "honesty": luck.sentence,
        }
    )
