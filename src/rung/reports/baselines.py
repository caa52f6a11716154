"""What the run is held against: owning the symbols, and the same rules on inputs that know nothing."""

from __future__ import annotations

from rung.reports.figures import BuyAndHold, Shuffled
from rung.reports.info import Baseline
from rung.reports.record import RunRecord
from rung.reports.words import percent


def buy_and_hold(record: RunRecord, cost_frac: float | None) -> BuyAndHold | None:
    """Returns of owning each symbol; None when the record holds no bars."""
    first: dict[str, float] = {}
    last: dict[str, float] = {}
    for day in record.days:
        for symbol, candles in day.candles.items():
            first.setdefault(symbol, float(candles.open[0]))
            last[symbol] = float(candles.close[-1])
    if not first:
        return None
    cost = cost_frac or 0.0
    returns = {s: (last[s] * (1.0 - cost)) / (first[s] * (1.0 + cost)) - 1.0 for s in sorted(first)}
    return BuyAndHold(
        symbols_frac=returns,
        equal_weight_frac=sum(returns.values()) / len(returns),
        cost_frac=cost_frac,
    )


def shuffled(baseline: Baseline, total_return_frac: float) -> Shuffled:
    """Where the run stands among the repetitions of one baseline (at least one)."""
    returns = sorted(baseline.total_returns_frac)
    n = len(returns)
    beaten = sum(r < total_return_frac for r in returns)
    chance = (1 + n - beaten) / (1 + n)
    median = (returns[(n - 1) // 2] + returns[n // 2]) / 2
    return Shuffled(
        name=baseline.name,
        repetitions=n,
        beaten=beaten,
        chance_frac=chance,
        median_frac=median,
        best_frac=returns[-1],
        total_returns_frac=tuple(baseline.total_returns_frac),
        words=_words(baseline.name, beaten, n, chance),
    )


def _words(name: str, beaten: int, n: int, chance: float) -> str:
    place = f"better than {beaten} of {n} runs on {name}"
    if chance <= 0.05:
        return f"{place}: chance alone would do this at most {percent(chance, 0, signed=False)} of the time"
    if beaten * 2 < n:
        return f"{place}: below their median, the signals added nothing"
    if beaten == n:
        return f"{place}, but {n} are too few to rule out chance (19 are needed)"
    return f"{place}: not to be told from chance"
