"""The rotation as `rung backtest` runs it: the desk of `rung mock`, the figures and files of a backtest."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rung.apps.compose import CURRENCY, RotationFiles
from rung.apps.market_data import MarketData, open_market_data
from rung.apps.mock_request import WARM_UP_SESSIONS
from rung.apps.places import CACHE_DIR, ROTATION_FILE, config_file
from rung.apps.rotation_subject import (
    RotationRun,
    RotationValues,
    asked_period,
    rotation_id,
    rotation_run,
    steps_of,
    told,
    values_of,
)
from rung.apps.subjects import ROTATION, Question
from rung.config.identity import content_id
from rung.config.load import load
from rung.domain.errors import UserError
from rung.lab.backtesting import Progress, recorded
from rung.lab.recording import Recorder
from rung.lab.result import BacktestResult, Identity
from rung.lab.tapes import Market
from rung.lab.trial_count import Counting
from rung.market.replay import TapeFeed
from rung.market.tape_file import interval_text
from rung.simulation.compose import stamps
from rung.strategy.parameters import Param, declared_params, settings
from rung.strategy.rotation.model import OnlineEnsemble
from rung.strategy.rotation.params import RotationConfig
from rung.strategy.rotation.strategy import Rotation

PERIODS_PER_YEAR = 252
RULES = """One online ensemble per symbol predicts the next 1, 5 and 10 minutes; the
strongest few signals are held, and capital flows to stronger ones once they lead by enough. Stop, profit target and
minimum hold guard every position; everything is sold two minutes before the close. Rules and assumptions:
docs/concepts/rotation.md; every key of its file: config/rotation_strategy.json."""
RUNS = """It runs by `rung backtest rotation`, `rung walk-forward rotation`, `rung tune rotation` and, with session
files and a journal, `rung mock`. Values below are those of the rotation file."""


def refuse_foreign(question: Question) -> None:
    """UserError for what the rotation does not take: it trades shares by the minute, as its file says."""
    asked = {"--funding": question.funding, "--as": question.traded_as, "--timeframe": question.timeframe}
    for flag, given in asked.items():
        if given is not None:
            raise UserError("the rotation trades shares on one-minute bars", where=flag, remedy="leave it out")


def backtest_rotation(
    question: Question, given: Mapping[str, str], progress: Progress, counting: Counting
) -> BacktestResult:
    """One run over the period, warmed up on the sessions before it, counted in the trial book before it starts.

    given : searched values (`RotationValues`) by name, as typed; what is not given is as the rotation file says.
    Raises UserError for whatever `rung mock` refuses, an unknown value or one out of its range.
    """
    refuse_foreign(question)
    checked = settings(RotationValues, given)
    values = {name: checked[name] for name in given}
    run, period = rotation_run(question), asked_period(question)
    files = run.files()
    symbols = files.rotation.value.symbols.active
    market = open_market_data(run.data_dir, symbols, period, WARM_UP_SESSIONS, CACHE_DIR)
    learner = OnlineEnsemble(symbols, files.rotation.value.oes_config)
    files = told(files, market, {"values": values, "cost_multiple": 1.0, "delay_bars": 0})
    identity, recorder = _identity(run, files, market), Recorder()
    counted = counting.begin(identity)
    dates = [session.date for session in market.sessions]
    for step in steps_of(files, market, learner, run.capital_quote):
        date = step.event.session.date
        progress(f"replaying {date}", dates.index(date), len(dates))
        recorder.see(step)
    result = recorded(recorder, identity, run.capital_quote, _lab_market(market))
    return replace(result, tried=counting.end(counted, result.figures.performance))


def shown_rotation() -> tuple[str, dict[str, str], dict[str, Param]]:
    """What `rung strategies show` says: a text; name, origin, id; the values `--set` takes, as the file has them."""
    config = load(config_file(ROTATION_FILE), RotationConfig).value
    usual, strategy_id = values_of(config), rotation_id(config)
    params = {name: replace(each, default=usual[name]) for name, each in declared_params(RotationValues).items()}
    head = f"{ROTATION}  (built in, source {strategy_id})"
    text = "\n\n".join((head, inspect.getdoc(Rotation) or "", RULES, RUNS)) + "\n"
    return text, {"name": ROTATION, "origin": "built in", "id": strategy_id}, params


def _identity(run: RotationRun, files: RotationFiles, market: MarketData) -> Identity:
    config = files.rotation.value
    costs: Any = files.costs.value
    return Identity(
        strategy=ROTATION,
        origin="built in",
        strategy_id=rotation_id(config),
        parameters=values_of(config),
        symbols=config.symbols.active,
        start=market.sessions[0].date,
        end=market.sessions[-1].date,
        timeframe=interval_text(market.tapes[0].interval_ns),
        currency=CURRENCY,
        calendar=market.calendar.name,
        periods_per_year=PERIODS_PER_YEAR,
        costs_id=files.costs.id,
        limits_id=content_id(files.limits.recorded),
        costs=stamps(costs),
        tape_ids={tape.symbol: tape.content_id for tape in market.tapes},
        funding_ids={},
        synthetic=any(tape.synthetic for tape in market.tapes),
        warnings=tuple(warning for report in market.reports for warning in report.warnings),
    )


def _lab_market(market: MarketData) -> Market:
    """The same tapes and sessions as the lab knows them; the days of the warm-up are not among them."""
    start, end = market.sessions[0].date, market.sessions[-1].date
    return Market(
        tapes=market.tapes,
        calendar=market.calendar,
        feed=TapeFeed(market.tapes, market.calendar, start, end),
        reports=market.reports,
        flagged=market.flagged,
        start=start,
        end=end,
    )
