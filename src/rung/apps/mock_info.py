"""What a mock run says about itself: on its reports, and in the first line of its journal."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal

import rung
from rung.apps.code_id import code_id
from rung.apps.compose import RotationFiles
from rung.apps.market_data import MarketData
from rung.apps.mock_request import MockRequest
from rung.config.identity import plain
from rung.reports.info import Criteria, RunInfo, SkillRow, StampedCost, TapeInfo
from rung.simulation.compose import stamps
from rung.strategy.rotation.model import OnlineEnsemble


def describe_run(request: MockRequest, files: RotationFiles, market: MarketData) -> RunInfo:
    """Identity, costs and every doubt about the data, before the first slice."""
    config = files.rotation.value
    targets = config.performance_targets
    return RunInfo(
        strategy_name=config.name,
        strategy_version=config.version,
        symbols=config.symbols.active,
        capital_quote=request.capital_quote,
        config_id=files.config_id,
        code_version=rung.__version__,
        seed=request.seed,
        synthetic=any(tape.synthetic for tape in market.tapes),
        warm_up_sessions=len(market.warm_up),
        tapes=tuple(
            TapeInfo(symbol=tape.symbol, tape_id=tape.content_id, warnings=report.warnings)
            for tape, report in zip(market.tapes, market.reports, strict=True)
        ),
        warnings=(
            *_end_of_day_doubts(files),
            *_warm_up_doubts(request, market),
            *_period_doubts(market),
            *_contradictions(request, files),
            *files.limits.notes,
        ),
        costs=tuple(StampedCost(name=name, value=value) for name, value in stamps(files.costs.value)),
        criteria=Criteria(
            min_mrd_frac=targets.target_mrd,
            min_win_rate_frac=targets.target_win_rate,
            max_drawdown_frac=targets.max_drawdown,
            min_trades_per_day=targets.min_trades_per_day,
            max_trades_per_day=targets.max_trades_per_day,
        ),
    )


def run_header(request: MockRequest, files: RotationFiles, market: MarketData, info: RunInfo) -> dict[str, object]:
    """Everything needed to run the same again: the journal's first payload."""
    return {
        "verb": "mock",
        "code_version": info.code_version,
        "code_id": code_id(),
        "config_id": info.config_id,
        "rotation": plain(files.rotation.value),
        "costs": plain(files.costs.value),
        "limits": files.limits.recorded,
        "limit_ids": files.limits.ids,
        "capital_quote": str(request.capital_quote),
        "seed": request.seed,
        "start": request.start,
        "end": request.end,
        "tapes": [asdict(tape) for tape in info.tapes],
        "flagged": {symbol: sorted(minutes) for symbol, minutes in market.flagged.items()},
    }


def skill_rows(model: OnlineEnsemble) -> tuple[SkillRow, ...]:
    """Out-of-sample skill per symbol and horizon, as the model stands now."""
    return tuple(
        SkillRow(symbol=symbol, horizon_bars=horizon, samples=samples, mse_ratio=ratio, hit_rate_frac=hits)
        for symbol, horizon, samples, ratio, hits in model.skill()
    )


def _end_of_day_doubts(files: RotationFiles) -> tuple[str, ...]:
    rules = files.rotation.value.rotation_manager_config
    stated, wanted = rules.eod_exit_time_minutes, 390 - rules.eod_minutes_before_close
    if stated is None or stated == wanted:
        return ()
    clock = f"{9 + (30 + stated) // 60:02d}:{(30 + stated) % 60:02d}"
    return (
        f"eod_exit_time_minutes = {stated} means {clock}; positions are flattened {rules.eod_minutes_before_close} "
        f"minutes before the calendar close instead (minute {wanted} of a full session)",
    )


def _warm_up_doubts(request: MockRequest, market: MarketData) -> tuple[str, ...]:
    missing = request.warm_up_sessions - len(market.warm_up)
    if missing <= 0:
        return ()
    seen, first = len(market.warm_up), market.sessions[0].date
    return (f"the tapes hold {seen} of {request.warm_up_sessions} warm-up sessions before {first}",)


def _period_doubts(market: MarketData) -> tuple[str, ...]:
    empty = market.empty_sessions
    if not empty:
        return ()
    asked = len(market.sessions) + len(empty)
    return (f"{len(empty)} of the {asked} sessions asked for have no bar and were left out, {empty[0].date} the first",)


def _contradictions(request: MockRequest, files: RotationFiles) -> tuple[str, ...]:
    """Settings that together can open nothing."""
    rules, limits = files.rotation.value.rotation_manager_config, files.limits.effective.limits
    weight = Decimal(str(rules.deployed_capital_frac)) * Decimal(str(rules.capital_per_position))
    found = []
    if not rules.enable_stop_loss and limits.min_stop_frac is not None:
        found.append("enable_stop_loss is false, but the gates demand a stop: nothing can open")
    floor, most = limits.min_equity_quote, limits.max_symbol_notional_frac
    if floor is not None and request.capital_quote < floor:
        found.append(f"the capital of {request.capital_quote:f} is below min_equity_quote {floor:f}: nothing can open")
    risked = weight * Decimal(str(rules.stop_loss_pct))
    if limits.max_trade_risk_frac is not None and rules.enable_stop_loss and risked > limits.max_trade_risk_frac:
        share, least = f"{risked:.4%}", f"{limits.max_trade_risk_frac:.4%}"
        found.append(f"an entry risks {share} of equity at its stop, the gates allow {least}: nothing can open")
    if most is not None and weight > most:
        found.append(f"an entry asks for {weight:f} of equity, the gates allow {most:f} per symbol: nothing can open")
    return tuple(found)
