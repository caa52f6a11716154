"""`rung mock`: recorded minutes through the whole desk, and what a person needs to believe the result."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from rung.apps.compose import RotationFiles, load_rotation_files, rotation_desk, rotation_guard, rotation_strategy
from rung.apps.limit_files import load_limits
from rung.apps.market_data import MarketData, open_market_data
from rung.apps.mock_info import describe_run, run_header, skill_rows
from rung.apps.mock_journal import JournalDraft, sole_run
from rung.apps.mock_request import MockRequest
from rung.apps.places import CACHE_DIR, maintenance_reason
from rung.engine.desk import Desk
from rung.engine.outside import Outside, maintenance_record
from rung.engine.replay import replay, warm_up
from rung.journal.entry import Kind
from rung.reports.fold import RunFold
from rung.reports.info import Baseline, RunInfo
from rung.reports.record import RunRecord
from rung.reports.sessions import SessionFiles
from rung.risk.flag import PolledFlag, not_thrown
from rung.strategy.rotation.baseline import RecordingPredictor, ShuffledPredictor
from rung.strategy.rotation.model import OnlineEnsemble
from rung.strategy.rotation.strategy import Rotation

STEPS_PER_FLUSH = 64

Progress = Callable[[str, int, int], None]
"""Told what is going on, how much is done, and of how much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MockRun:
    """What a finished run leaves in memory; its session files and its journal are on disk.

    neighbours : journals of other runs in the same folder that hold some of the same sessions.
    earlier : where the journal of another run over the same sessions is now, whose place this one took.
    """

    info: RunInfo
    record: RunRecord
    journal_path: Path
    neighbours: tuple[Path, ...]
    earlier: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """Everything that is fixed before the first slice."""

    request: MockRequest
    files: RotationFiles
    market: MarketData
    info: RunInfo
    progress: Progress

    @property
    def journal_path(self) -> Path:
        first, last = self.market.sessions[0].date, self.market.sessions[-1].date
        return self.request.out_dir / f"journal_{first}_{last}.sqlite"


def run_mock(request: MockRequest, progress: Progress) -> MockRun:
    """Warm up, replay, judge against shuffled signals; write session files and journal into `request.out_dir`.

    Deterministic: the same request on the same tapes writes the same lines and the same journal head. Raises UserError
    for everything a person can mend, and while another run writes to the folder. When interrupted, what was written is
    whole lines in valid files.
    """
    limits = load_limits(request.limits_paths, request.profile)
    files = load_rotation_files(request.config_path, request.costs_path, limits, request.symbols)
    config = files.rotation.value
    market = open_market_data(
        request.data_dir, config.symbols.active, (request.start, request.end), request.warm_up_sessions, CACHE_DIR
    )
    info = describe_run(request, files, market)
    plan = _Plan(request=request, files=files, market=market, info=info, progress=progress)
    model = OnlineEnsemble(config.symbols.active, config.oes_config)
    predictor = RecordingPredictor(model)
    with sole_run(request.out_dir):
        record, earlier = _replay(plan, rotation_strategy(files, predictor))
        baselines = (_shuffled(plan, predictor),) if request.shuffles else ()
        neighbours = _neighbours(plan)
    info = replace(info, skill=skill_rows(model), baselines=baselines)
    return MockRun(info=info, record=record, journal_path=plan.journal_path, neighbours=neighbours, earlier=earlier)


def _replay(plan: _Plan, strategy: Rotation) -> tuple[RunRecord, Path | None]:
    """The run itself: every slice through the desk, watched by the fold, the session files and the journal."""
    desk, outside = _desk(plan, strategy)
    fold = RunFold()
    with ExitStack() as stack:
        session_files = stack.enter_context(
            SessionFiles(plan.request.out_dir, plan.info, flush_every_steps=STEPS_PER_FLUSH)
        )
        draft = stack.enter_context(closing(JournalDraft(plan.journal_path)))
        journal = draft.journal
        first = (*plan.market.warm_up, *plan.market.sessions)[0]
        header = run_header(plan.request, plan.files, plan.market, plan.info)
        journal.append(Kind.RUN_OPENED, first.open_ns, header)
        for event in plan.market.warm_up_feed():
            journal.append(Kind.WARM_UP, event.at_ns, event)
            strategy.warm_up(event)
        for done, session in enumerate(plan.market.sessions):
            plan.progress(f"replaying {session.date}", done, len(plan.market.sessions))
            record = maintenance_record(maintenance_reason())
            journal.append(Kind.EVENT, session.open_ns, record)
            outside.apply(record, session.open_ns)
            for step in replay(plan.market.feed_of(session), desk):
                fold.see(step)
                session_files.see(step)
                journal.record(step)
        totals = {"steps": step.seq, "equity_quote": str(step.account.equity_quote)}
        journal.append(Kind.RUN_CLOSED, step.at_ns, totals)
        draft.anchor(step.at_ns)
    return fold.record(), draft.finish()


def _shuffled(plan: _Plan, predictor: RecordingPredictor) -> Baseline:
    """The same rules, costs and gates on the same slices with each session's predictions dealt out anew."""
    capital = float(plan.request.capital_quote)
    returns = []
    for n in range(plan.request.shuffles):
        plan.progress("shuffled signals", n, plan.request.shuffles)
        chance = np.random.default_rng([plan.request.seed, n])
        strategy = rotation_strategy(plan.files, ShuffledPredictor(predictor.symbols, predictor.recording, chance))
        desk, outside = _desk(plan, strategy)
        outside.apply(maintenance_record(maintenance_reason()), plan.market.sessions[0].open_ns)
        warm_up(plan.market.warm_up_feed(), strategy)
        for session in plan.market.sessions:
            for step in replay(plan.market.feed_of(session), desk):
                equity = step.account.equity_quote
        returns.append(float(equity) / capital - 1.0)
    return Baseline(name="shuffled signals", total_returns_frac=tuple(returns))


def _neighbours(plan: _Plan) -> tuple[Path, ...]:
    own, found = plan.journal_path, []
    first, last = own.stem.split("_")[1:]
    for path in sorted(own.parent.glob("journal_*_*.sqlite")):
        begins, _, ends = path.stem.removeprefix("journal_").partition("_")
        if path != own and begins <= last and ends >= first:
            found.append(path)
    return tuple(found)


def _desk(plan: _Plan, strategy: Rotation) -> tuple[Desk, Outside]:
    capital, maintenance = plan.request.capital_quote, PolledFlag()
    guard = rotation_guard(plan.files, capital, kill=not_thrown(), maintenance=maintenance)
    desk = rotation_desk(plan.files, strategy, capital_quote=capital, flagged=plan.market.flagged, guard=guard)
    return desk, Outside(desk, guard, maintenance)
