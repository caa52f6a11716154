"""The rotation as a subject: the desk of `rung mock`, one run per set of rule values, without its journal and reports.

The learner does not know the rules, so its predictions over some sessions are made once per process and repeated for
every set of values; a test compares a run with `rung mock` itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from rung.apps.code_id import code_id
from rung.apps.compose import RotationFiles, load_rotation_files, rotation_desk, rotation_guard, rotation_strategy
from rung.apps.limit_files import load_limits
from rung.apps.market_data import MarketData, open_market_data
from rung.apps.mock_request import WARM_UP_SESSIONS, iso_date
from rung.apps.places import CACHE_DIR, COSTS_FILE, LIMITS_FILE, ROTATION_FILE, config_file, maintenance_reason
from rung.apps.subjects import ROTATION, Question
from rung.config.identity import content_id, plain
from rung.domain.clock import NS_PER_MINUTE
from rung.domain.errors import UserError
from rung.domain.slice import Slice
from rung.domain.step import Step
from rung.engine.outside import Outside, maintenance_record
from rung.engine.replay import warm_up
from rung.lab.campaign import Outcome, Payload
from rung.lab.recording import Recorder
from rung.lab.strategy_subject import dearer, slower
from rung.lab.subject import Subject, outcome_of
from rung.risk.flag import PolledFlag, not_thrown
from rung.strategy.parameters import param, settings
from rung.strategy.rotation.model import OnlineEnsemble
from rung.strategy.rotation.params import RotationConfig
from rung.strategy.rotation.signals import Prediction, Predictor

SETS_KEPT = 4


class RotationValues:
    """The rule values that are searched: thresholds, smoothing, stops. The learner stays as the file says."""

    buy_threshold = param(0.53, low=0.501, high=0.95, about="LONG above; SHORT below its mirror image")
    smoothing_alpha = param(0.3, low=0.001, high=1.0, about="EMA factor of the strength")
    min_strength_to_enter = param(0.008, low=0.0, high=10.0, about="hold at ¾ of it, leave below half")
    rotation_strength_delta = param(0.15, low=0.0, high=10.0, about="lead an outsider needs")
    minimum_hold_bars = param(5, low=0, high=390, about="only the stop and the end of day act earlier")
    stop_loss_pct = param(0.015, low=0.001, high=0.5, about="fraction of the entry price")
    profit_target_pct = param(0.03, low=0.001, high=0.9, about="fraction of the entry price")


DEFAULT_GRID = (
    "buy_threshold=0.51:0.60:0.01",
    "smoothing_alpha=0.1,0.2,0.3,0.5,0.8",
    "min_strength_to_enter=0.004,0.008,0.016,0.032,0.064",
    "rotation_strength_delta=0.05,0.1,0.15,0.2,0.3",
    "minimum_hold_bars=5,10,20,40,80",
    "stop_loss_pct=0.01,0.015,0.02,0.03",
    "profit_target_pct=0.02,0.03,0.045,0.06",
)


def values_of(config: RotationConfig) -> dict[str, Any]:
    """The searched values as a configuration has them."""
    rules = config.rotation_manager_config
    held = {name: getattr(rules, name) for name in settings(RotationValues, {}) if hasattr(rules, name)}
    return {
        "buy_threshold": config.oes_config.buy_threshold,
        "smoothing_alpha": config.signal_aggregator_config.smoothing_alpha,
        **held,
    }


def with_values(config: RotationConfig, values: Mapping[str, Any]) -> RotationConfig:
    """The configuration with other values; those that are as they were move nothing that hangs on them.

    The sell threshold mirrors the buy threshold, holding and leaving strengths keep the default's proportions to it.
    """
    before = values_of(config)
    moved = {name: value for name, value in values.items() if value != before[name]}
    oes, filter_, rules = config.oes_config, config.signal_aggregator_config, config.rotation_manager_config
    if "buy_threshold" in moved:
        buy = moved.pop("buy_threshold")
        oes = replace(oes, buy_threshold=buy, sell_threshold=round(1.0 - buy, 9), neutral_zone=round(2 * buy - 1.0, 9))
    if "smoothing_alpha" in moved:
        filter_ = replace(filter_, smoothing_alpha=moved.pop("smoothing_alpha"))
    if "min_strength_to_enter" in moved:
        enter = moved["min_strength_to_enter"]
        moved |= {"min_strength_to_hold": round(0.75 * enter, 9), "min_strength_to_exit": round(0.5 * enter, 9)}
    rules = replace(rules, **moved)
    return replace(config, oes_config=oes, signal_aggregator_config=filter_, rotation_manager_config=rules)


def rotation_id(config: RotationConfig) -> str:
    """What the trial book calls the code: Rung's, and all of the file but the searched values and the symbols."""
    usual = with_values(config, settings(RotationValues, {}))
    symbols = replace(usual.symbols, active=())
    rest = replace(usual, symbols=symbols, name="", description="", version="", notes={})
    return content_id([code_id(), plain(rest)])


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationRun:
    """Where the files of every run are; goes to other processes."""

    data_dir: Path
    config_path: Path
    costs_path: Path
    limits_paths: tuple[Path, ...]
    symbols: tuple[str, ...]
    capital_quote: Decimal

    def files(self) -> RotationFiles:
        limits = load_limits(self.limits_paths, None)
        return load_rotation_files(self.config_path, self.costs_path, limits, self.symbols)


def rotation_run(question: Question) -> RotationRun:
    """The files of the question, the shipped ones where it names none."""
    from rung.apps.cli.mock import parse_capital, parse_symbols

    return RotationRun(
        data_dir=question.data,
        config_path=question.config or config_file(ROTATION_FILE),
        costs_path=question.costs or config_file(COSTS_FILE),
        limits_paths=question.limits or (config_file(LIMITS_FILE),),
        symbols=parse_symbols(",".join(question.symbols) or None),
        capital_quote=parse_capital(question.capital),
    )


def rotation_subject(question: Question) -> Subject:
    """Read and check files and tapes. Raises UserError for a missing period and whatever `rung mock` refuses."""
    period = asked_period(question)
    if question.settings:
        raise UserError("the rotation has no --set", where="--set", remedy="give another --config")
    return subject_of(rotation_run(question), period)


def asked_period(question: Question) -> tuple[str, str]:
    """First and last day. UserError: one is missing or is no date."""
    start, end = question.period
    if start is None or end is None:
        raise UserError("no period", remedy="give the first and the last day with --from and --to")
    return iso_date(start, "first day"), iso_date(end, "last day")


def subject_of(run: RotationRun, period: tuple[str, str]) -> Subject:
    """The rotation of these files over the sessions of `period`."""
    files = run.files()
    config = files.rotation.value
    market = open_market_data(run.data_dir, config.symbols.active, period, WARM_UP_SESSIONS, CACHE_DIR)
    tape_ids = {tape.symbol: tape.content_id for tape in market.tapes}
    return Subject(
        name=ROTATION,
        code_id=rotation_id(config),
        work=partial(evaluate, run),
        fixed={
            "strategy": ROTATION,
            "config_id": files.config_id,
            "tapes": tape_ids,
            "code_id": code_id(),
            "capital": str(run.capital_quote),
        },
        defaults=values_of(config),
        symbols=config.symbols.active,
        tape_ids=tape_ids,
        dates=tuple(session.date for session in market.sessions),
        periods_per_year=252,
        session_minutes=max(s.close_ns - s.open_ns for s in market.sessions) // NS_PER_MINUTE,
        interval_minutes=market.tapes[0].interval_ns / NS_PER_MINUTE,
        synthetic=any(tape.synthetic for tape in market.tapes),
        warnings=tuple(warning for report in market.reports for warning in report.warnings),
    )


def evaluate(run: RotationRun, payload: Payload) -> Outcome:
    """One run over the payload's days, warmed up on the sessions before them, as `rung mock` does it."""
    files, market, recording = _predicted(run, payload["start"], payload["end"])
    predictor = RecordedPredictor(files.rotation.value.symbols.active, recording)
    recorder = Recorder()
    for step in steps_of(told(files, market, payload), market, predictor, run.capital_quote, payload["skip_bars"]):
        recorder.see(step)
    return outcome_of(recorder, run.capital_quote)


def told(files: RotationFiles, market: MarketData, payload: Payload) -> RotationFiles:
    """The files with the payload's values, and its conditions in the costs."""
    costs = dearer(files.costs.value, payload["cost_multiple"])
    costs = slower(costs, payload["delay_bars"], market.tapes[0].interval_ns)
    rotation = replace(files.rotation, value=with_values(files.rotation.value, payload["values"]))
    return replace(files, rotation=rotation, costs=replace(files.costs, value=costs))


def steps_of(
    files: RotationFiles, market: MarketData, predictor: Predictor, capital_quote: Decimal, skip_bars: int = 0
) -> Iterator[Step]:
    """Every step of a fresh desk over the market's sessions; its first `skip_bars` slices are only learned from."""
    strategy, maintenance = rotation_strategy(files, predictor), PolledFlag()
    guard = rotation_guard(files, capital_quote, kill=not_thrown(), maintenance=maintenance)
    desk = rotation_desk(files, strategy, capital_quote=capital_quote, flagged=market.flagged, guard=guard)
    outside = Outside(desk, guard, maintenance)
    warm_up(market.warm_up_feed(), strategy)
    for session in market.sessions:
        outside.apply(maintenance_record(maintenance_reason()), session.open_ns)
        for event in market.feed_of(session):
            if skip_bars > 0:
                skip_bars -= 1
                strategy.warm_up(event)
                continue
            yield desk.step(event)


class RecordedPredictor:
    """Says again what another predictor said, slice by slice."""

    def __init__(self, symbols: tuple[str, ...], recording: Mapping[int, Sequence[Prediction]]) -> None:
        self.symbols = symbols
        self._recording = recording

    def predict(self, event: Slice) -> Sequence[Prediction]:
        """Raises KeyError on a slice that was not recorded."""
        return self._recording[event.at_ns]


@lru_cache(maxsize=SETS_KEPT)
def _predicted(
    run: RotationRun, start: str, end: str
) -> tuple[RotationFiles, MarketData, Mapping[int, Sequence[Prediction]]]:
    """Files, market and the learner's predictions over the period and its warm-up; kept for the next values."""
    files = run.files()
    config = files.rotation.value
    market = open_market_data(run.data_dir, config.symbols.active, (start, end), WARM_UP_SESSIONS, CACHE_DIR)
    model: Predictor = OnlineEnsemble(config.symbols.active, config.oes_config)
    recording: dict[int, Sequence[Prediction]] = {}
    for event in market.warm_up_feed():
        recording[event.at_ns] = model.predict(event)
    for session in market.sessions:
        for event in market.feed_of(session):
            recording[event.at_ns] = model.predict(event)
    return files, market, recording


def tuned_document(run: RotationRun, values: Mapping[str, Any], notes: Mapping[str, object]) -> dict[str, object]:
    """A whole rotation file with these values, `_notes` first: `rung mock --config` loads it."""
    config = with_values(run.files().rotation.value, values)
    document = plain(config)
    assert isinstance(document, dict)  # noqa: S101 (a dataclass becomes an object)
    return {"_notes": {**notes, "config_id": content_id(config)}, **document}
