"""A sweep of crossovers on the compiled twin: which ones it can run, and what a desk's bench is in its words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rung.domain.clock import NS_PER_MINUTE
from rung.domain.errors import UserError
from rung.domain.funding import FundingHistory, FundingInstant
from rung.kernels.bars import layout as at
from rung.kernels.bars.crossovers import OUTCOMES, Crossovers, sweep_crossovers
from rung.kernels.bars.params import BarRules
from rung.kernels.bars.portfolio import BarResult, Bars, backtest
from rung.kernels.bars.signals import crossover
from rung.lab.bench import Bench
from rung.lab.metrics import daily_returns, performance
from rung.lab.sweep_rows import TWIN, Row, desk_row, periods_per_year, sharpe_of_sums
from rung.simulation.params import CryptoCostParams
from rung.strategy.crossover import Crossover
from rung.strategy.parameters import Value

LANES = ("band", "stop", "target")
"""Parameters that may differ between combinations of one task."""
STOPS = ("stop", "trail")
MUST_BE: Mapping[str, Value] = {
    "flip": True, "on_cross": False, "shorts": True, "trend": 0, "second_period": 0, "atr_multiple": 0.0,
}  # fmt: skip
"""What the twin does not know, by the value at which it makes no difference."""
GATES = (
    "the twin has no gates: stop distance, exposure and equity limits, price sanity and the order rate are not applied"
)
FINEST = 8
EXACT = 2**53
Combo = Mapping[str, Value]


def why_not(bench: Bench, swept: Mapping[str, Sequence[Value]]) -> str:
    """Why this bench cannot go to the twin; "" when it can. swept : the grid's values by parameter."""
    if bench.found.cls is not Crossover:
        return "the strategy has no compiled twin"
    for name, neutral in MUST_BE.items():
        if any(value != neutral for value in swept.get(name, (bench.values[name],))):
            return f"the twin knows {name} only as {neutral}"
    least, most = bench.limits.limits.min_stop_frac, bench.limits.limits.max_stop_frac
    stops = [float(str(value)) for name in STOPS for value in swept.get(name, (bench.values[name],)) if value]
    if (least is not None and min(stops) < least) or (most is not None and max(stops) > most):
        return "a stop is outside what the gates allow, and the twin has no gates"
    return _about_market(bench) or _about_size(bench, swept) or _about_pauses(bench, swept)


def _about_market(bench: Bench) -> str:
    costs, tapes = bench.costs, bench.market.tapes
    if not isinstance(costs, CryptoCostParams):
        return "the twin does not know the fees of shares"
    if costs.latency.delay_seconds != 0:
        return "the twin knows no delay beyond the next bar's open"
    if len(tapes) != 1:
        return "the twin trades one symbol at a time"
    if bench.market.flagged[tapes[0].symbol]:
        return "bars with false prints are the desk's business"
    return _about_holding(bench) or ("" if _steps_per_price(bench) else "the closes lie on no grid that sums exactly")


def _about_holding(bench: Bench) -> str:
    """Funding that falls due between two bars is the twin's too; loans and what falls due inside a bar are not."""
    (tape,), costs = bench.market.tapes, bench.costs
    history = bench.histories.get(tape.symbol)
    if history is None:
        lends = isinstance(costs, CryptoCostParams) and costs.borrow.annual_bps > 0
        return "the twin does not know the loan of coins sold short" if lends else ""
    rows = bench.market.rows_within(tape)
    due_ns, _ = _due(bench, history)
    bar = np.searchsorted(tape.open_ns[rows], due_ns, side="left")
    inside = (bar > 0) & (due_ns < tape.open_ns[rows][bar - 1] + tape.interval_ns)
    return "funding falls due inside a bar" if inside.any() else ""


def _about_pauses(bench: Bench, swept: Mapping[str, Sequence[Value]]) -> str:
    """An order that finds no volume between two decisions is the desk's: the twin would size it anew."""
    bars, minutes = bars_of(bench)
    for every in swept.get("every", (bench.values["every"],)):
        turns = np.flatnonzero(minutes % int(every) == 0)
        if len(turns) > 1 and np.add.reduceat(bars.volume, turns + 1 - (turns + 1 == len(minutes))).min() <= 0.0:
            return f"there is no volume between two decisions {every} minutes apart"
    return ""


def _about_size(bench: Bench, swept: Mapping[str, Sequence[Value]]) -> str:
    gross = bench.limits.limits.max_gross_notional_frac
    if any(float(size) > 1.0 for size in swept.get("size", (bench.values["size"],))):
        return "the twin knows no margin, and the position is larger than the account"
    if gross is None or any(Decimal(str(size)) > gross for size in swept.get("size", (bench.values["size"],))):
        return "the size reaches the limits"
    try:
        rules_for(bench, {**bench.values, **{name: values[0] for name, values in swept.items()}})
    except UserError as error:
        return error.what
    return ""


def rules_for(bench: Bench, values: Combo) -> BarRules:
    """The bench's instrument, costs and sizes as the kernel's rules; stops and targets come with the combinations."""
    costs = bench.costs
    assert isinstance(costs, CryptoCostParams)  # noqa: S101 (`why_not` was asked)
    (instrument,) = bench.instruments.values()
    return BarRules(
        capital_quote=bench.capital,
        tick_size=instrument.tick_size,
        lot_size=instrument.lot_size,
        taker_bps=costs.fees.taker_bps,
        maker_bps=costs.fees.maker_bps,
        half_spread_bps=costs.slippage.half_spread_bps,
        min_half_spread_quote=costs.slippage.min_half_spread_quote,
        slippage_bps=costs.slippage.slippage_bps,
        max_participation_frac=costs.liquidity.max_participation_frac,
        equity_frac=float(values["size"]),
        min_position_quote=instrument.min_notional,
        stop_frac=float(values["stop"]),
        take_profit_frac=float(values["target"]) or None,
        trail_frac=float(values.get("trail", 0.0)) or None,
        openings_last=bench.market.around_the_clock,
    )


def twin_rows(bench: Bench, combos: Sequence[Combo], *, with_days: bool) -> list[Row]:
    """Rows of combinations that differ in nothing but LANES, in their order.

    with_days : a second pass over each keeps its daily returns and hands to the desk what the twin cannot vouch for.
    """
    first = combos[0]
    bars, minutes = bars_of(bench)
    tried = Crossovers(
        period=np.full(len(combos), int(first["period"]), np.int64),
        band=_column(combos, "band"),
        stop_frac=_column(combos, "stop"),
        take_profit_frac=np.where(_column(combos, "target") > 0.0, _column(combos, "target"), math.nan),
        cadence_minutes=int(first["every"]),
        minutes=minutes,
        includes_current=bool(first["include_current"]),
        steps_per_price=_steps_per_price(bench),
    )
    found = sweep_crossovers(bars, rules_for(bench, first), tried)
    rows = []
    for combo, outcome in zip(combos, found, strict=True):
        named = dict(zip(OUTCOMES, outcome.tolist(), strict=True))
        rows.append(_row(bench, combo, named) if with_days else _plain_row(bench, named))
    return rows


def second_look(bench: Bench, values: Combo) -> Row | None:
    """One combination on the portfolio kernel, for its daily returns; None when only the desk can tell.

    That is when an order still worked at a later decision, which the twin sizes anew, or when so much was lost that
    the desk's gates may have stopped it.
    """
    bars, minutes = bars_of(bench)
    result = twin_result(bench, values)
    equity = result.equity_quote
    least = float(bench.limits.limits.min_equity_start_frac or 0) * float(bench.capital)
    if equity.min() <= max(least, float(bench.limits.limits.min_equity_quote or 0)):
        return None
    if _lingers(result.fills, minutes % int(values["every"]) == 0):
        return None
    daily = daily_returns(equity, bars.session, float(bench.capital))
    shown = performance(daily, periods_per_year(bench)).sharpe
    end, trades = float(equity[-1]), len(result.trades)
    figures: tuple[Any, ...] = (
        _total(end, bench, result.max_drawdown_frac), trades,
        result.wins / trades if trades else None, result.max_drawdown_frac,
        shown and shown.annual, shown and shown.annual_error, result.fees_quote, end, len(daily),
    )  # fmt: skip
    return Row(engine=TWIN, figures=figures, daily=tuple(daily.tolist()))


def _lingers(fills: NDArray[np.float64], decides: NDArray[np.bool_]) -> bool:
    """Whether an order may have worked when the next decision came: it filled on both sides of it, or after a pause."""
    asked = np.isin(fills[:, at.FILL_WHY], (at.EXIT, at.ENTRY))
    bars, buys = fills[asked, at.FILL_BAR].astype(np.int64), fills[asked, at.FILL_LOTS] > 0.0
    filled = np.zeros((2, len(decides) + 1), np.bool_)
    filled[buys.astype(np.int64), bars] = True
    before = filled[buys.astype(np.int64), bars - 1]
    return bool((before == decides[bars - 1]).any())


def twin_result(bench: Bench, values: Combo) -> BarResult:
    """One combination on the portfolio kernel: every fill, and equity at every close."""
    bars, minutes = bars_of(bench)
    directions = np.empty(len(bars.close), np.int8)
    crossover(
        bars.close, minutes, int(values["period"]), float(values["band"]), int(values["every"]),
        bool(values["include_current"]), _steps_per_price(bench), directions,
    )  # fmt: skip
    return backtest(bars, rules_for(bench, values), directions=directions)


def bars_of(bench: Bench) -> tuple[Bars, NDArray[np.int64]]:
    """The bench's one tape within its sessions: bars, and the minutes since the session's open at their closes."""
    (tape,) = bench.market.tapes
    sessions = bench.market.feed.sessions
    spans = [tape.rows(session.open_ns, session.close_ns) for session in sessions]
    rows = bench.market.rows_within(tape)
    counts = [span.stop - span.start for span in spans]
    opened = np.repeat(np.array([session.open_ns for session in sessions], np.int64), counts)
    columns = {name: np.ascontiguousarray(getattr(tape, name)[rows]) for name in ("open", "high", "low", "close")}
    bars = Bars(
        **columns,
        volume=np.ascontiguousarray(tape.volume[rows]),
        session=np.repeat(np.arange(len(sessions), dtype=np.int64), counts),
        funding=_funding(bench, rows),
    )
    return bars, (tape.open_ns[rows] + tape.interval_ns - opened) // NS_PER_MINUTE


def _due(bench: Bench, history: FundingHistory) -> tuple[NDArray[np.int64], tuple[FundingInstant, ...]]:
    """The payments after the first open and up to the last: (their instants, themselves)."""
    (tape,) = bench.market.tapes
    rows = bench.market.rows_within(tape)
    within = history.within(int(tape.open_ns[rows[0]]) + 1, int(tape.open_ns[rows[-1]]) + tape.interval_ns)
    return np.array([instant.at_ns for instant in within], np.int64), within


def _funding(bench: Bench, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Rates at the opens of these rows, as fractions of the value at the newest close; none where nothing pays."""
    (tape,) = bench.market.tapes
    history = bench.histories.get(tape.symbol)
    if history is None:
        return np.zeros(0)
    due_ns, within = _due(bench, history)
    rates = np.zeros(len(rows))
    for row, instant in zip(np.searchsorted(tape.open_ns[rows], due_ns, side="left"), within, strict=True):
        if row < len(rows):
            close = float(tape.close[rows[row - 1]])
            rates[row] += float(instant.rate) * (
                1.0 if instant.mark_price is None else float(instant.mark_price) / close
            )
    return rates


def _steps_per_price(bench: Bench) -> float:
    """The coarsest power of ten on which all closes are whole numbers and their sums exact; 0 without one."""
    (tape,) = bench.market.tapes
    close = np.asarray(tape.close[bench.market.rows(tape)])
    for places in range(FINEST + 1):
        steps = 10.0**places
        if np.array_equal(np.rint(close * steps) / steps, close):
            return steps if float(close.max()) * steps * 20_000 < EXACT else 0.0
    return 0.0


def _column(combos: Sequence[Combo], name: str) -> NDArray[np.float64]:
    return np.array([float(combo[name]) for combo in combos])


def _row(bench: Bench, combo: Combo, outcome: Mapping[str, float]) -> Row:
    """The combination's row with its daily returns, by the desk where the twin cannot vouch for it."""
    seen = second_look(bench, combo)
    if seen is None:
        return desk_row(bench.told(combo))
    assert seen.figures[7] == outcome["equity_quote"]  # noqa: S101 (one kernel twice: tests hold them equal)
    return seen


def _total(end_quote: float, bench: Bench, max_drawdown_frac: float) -> float:
    """Return of the run; who fell by all there was is ruined, whatever the books say later."""
    return -1.0 if max_drawdown_frac >= 1.0 else end_quote / float(bench.capital) - 1.0


def _plain_row(bench: Bench, outcome: Mapping[str, float]) -> Row:
    trades = outcome["trades"]
    ratio = sharpe_of_sums(
        outcome["days"], outcome["return_sum"], outcome["return_square_sum"], periods_per_year(bench)
    )
    figures: tuple[Any, ...] = (
        _total(outcome["equity_quote"], bench, outcome["max_drawdown_frac"]), int(trades),
        outcome["wins"] / trades if trades else None,
        outcome["max_drawdown_frac"], ratio, None, outcome["fees_quote"], outcome["equity_quote"],
        int(outcome["days"]),
    )  # fmt: skip
    return Row(engine=TWIN, figures=figures)
