"""An authored strategy as a subject: every run is a backtest through the real desk, as `rung backtest` does it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np

from rung.domain.clock import NS_PER_MINUTE, NS_PER_SECOND
from rung.lab.backtesting import record_of
from rung.lab.bench import BacktestRequest, market_of, prepare
from rung.lab.campaign import Outcome, Payload
from rung.lab.subject import Subject, outcome_of
from rung.market.tape import COLUMNS, Label, RawBars, Tape, make_tape
from rung.simulation.params import CryptoCostParams
from rung.strategy.parameters import settings


def strategy_subject(request: BacktestRequest) -> Subject:
    """Everything is found, read and checked now. Raises UserError as `rung.lab.bench.prepare`."""
    bench = prepare(request)
    market, identity = bench.market, bench.identity
    empty = {session.date for session in market.feed.empty_sessions}
    sessions = [session for session in market.feed.sessions if session.date not in empty]
    longest = max(session.close_ns - session.open_ns for session in sessions)
    limits = replace(bench.limits, origins=dict(bench.limits.origins))  # a read-only view goes to no other process
    bound = replace(
        request, costs=bench.costs, limits=limits, settings={}, start=None, end=None, funding=dict(bench.histories)
    )
    return Subject(
        name=bench.found.name,
        code_id=bench.found.source_id,
        work=partial(evaluate, bound),
        fixed={
            "strategy": bench.found.name,
            "strategy_id": identity.strategy_id,
            "tapes": dict(identity.tape_ids),
            "funding": dict(identity.funding_ids),
            "traded": dict(identity.costs).get("traded as", ""),
            "timeframe": identity.timeframe,
            "costs_id": identity.costs_id,
            "limits_id": identity.limits_id,
            "capital": str(request.capital),
        },
        defaults=settings(bench.found.cls, request.settings),
        symbols=identity.symbols,
        tape_ids=identity.tape_ids,
        dates=tuple(session.date for session in sessions),
        periods_per_year=market.periods_per_year,
        session_minutes=longest // NS_PER_MINUTE,
        interval_minutes=market.tapes[0].interval_ns / NS_PER_MINUTE,
        synthetic=identity.synthetic,
        warnings=identity.warnings,
    )


def evaluate(request: BacktestRequest, payload: Payload) -> Outcome:
    """One backtest with the payload's values, days and conditions."""
    request = replace(request, start=payload["start"], end=payload["end"], settings=payload["values"])

    costs: Any = dearer(request.costs, payload["cost_multiple"])
    if payload["skip_bars"] or payload["delay_bars"]:
        market = market_of(request)
        costs = slower(costs, payload["delay_bars"], market.tapes[0].interval_ns)
        begin_ns = market.feed.sessions[0].open_ns
        kept = [_without(tape, begin_ns, payload["skip_bars"]) for tape in market.tapes]
        request = replace(request, data=kept, timeframe=None)
    return outcome_of(record_of(prepare(replace(request, costs=costs))), request.capital)


def dearer(costs: Any, multiple: float) -> Any:
    """The same cost table with every fee, spread, slippage and loan at `multiple`; liquidity and latency stay.

    The fee of a liquidation stands instead of a fee and grows with it; funding was paid as it was paid.
    """
    if multiple == 1.0:
        return costs
    factor = Decimal(str(multiple))
    dear = {name: _times(getattr(costs, name), factor) for name in ("fees", "slippage")}
    if isinstance(costs, CryptoCostParams):
        fee = costs.margin.liquidation_fee_bps * factor
        dear |= {"borrow": _times(costs.borrow, factor), "margin": replace(costs.margin, liquidation_fee_bps=fee)}
    return replace(costs, **dear)


def slower(costs: Any, bars: int, interval_ns: int) -> Any:
    """The same cost table with every order arriving so many bars later."""
    more = bars * interval_ns / NS_PER_SECOND
    return replace(costs, latency=replace(costs.latency, delay_seconds=costs.latency.delay_seconds + more))


def _times(part: Any, factor: Decimal) -> Any:
    """Every Decimal in a cost section, nested ones included, times `factor`."""
    if isinstance(part, Decimal):
        return part * factor
    if isinstance(part, Sequence) and not isinstance(part, str):
        return tuple(_times(each, factor) for each in part)
    if is_dataclass(part) and not isinstance(part, type):
        return replace(part, **{f.name: _times(getattr(part, f.name), factor) for f in fields(part)})
    return part


def _without(tape: Tape, begin_ns: int, bars: int) -> Tape:
    """The tape without the bars of the first `bars` intervals of the run."""
    if not bars:
        return tape
    cut = np.searchsorted(tape.open_ns, [begin_ns, begin_ns + bars * tape.interval_ns])
    kept = np.concatenate([np.arange(cut[0]), np.arange(cut[1], len(tape))])
    raw = RawBars(open_ns=tape.open_ns[kept], **{name: getattr(tape, name)[kept] for name in COLUMNS})
    label = Label(symbol=tape.symbol, interval_ns=tape.interval_ns, source=tape.source, synthetic=tape.synthetic)
    return make_tape(raw, label)
