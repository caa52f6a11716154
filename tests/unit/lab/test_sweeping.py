"""A sweep on small invented markets: every combination once, resumed without repeating, counted, judged."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from rung.domain.clock import NS_PER_MINUTE
from rung.domain.errors import UserError
from rung.domain.funding import FundingHistory, FundingInstant
from rung.lab import Strategy, SymbolView, Wish, invented_tapes, param, sweep
from rung.lab.backtesting import backtest
from rung.lab.bench import BacktestRequest
from rung.lab.campaign import Inline, Outcome, Task, Work
from rung.lab.costs import load_costs
from rung.lab.statistics.trial_file import SqliteTrialBook
from rung.lab.sweep_luck import Best, luck_of_best
from rung.lab.sweep_plan import plan_sweep
from rung.lab.sweeping import BESIDES_SECONDS, DESK_SECONDS_PER_BAR, Estimate, Where, duration, run_sweep
from rung.market.tape import COLUMNS, Label, RawBars, make_tape
from rung.simulation.params import BorrowParams, CryptoCostParams

TAPES = invented_tapes("COINUSDT", days=2)
COSTS = Path(__file__).resolve().parents[3] / "config" / "costs_crypto.toml"
SHIPPED = load_costs(COSTS).value
assert isinstance(SHIPPED, CryptoCostParams)
NO_LOANS = replace(SHIPPED, borrow=BorrowParams(annual_bps=Decimal(0)))
GRID = {"period": [20, 40], "band": [0.0005, 0.002]}


class Ticking:
    """A clock that stands still."""

    def now_ns(self) -> int:
        return 1


class Counting(Inline):
    """Knows what it was asked to do; stops after `most` tasks."""

    def __init__(self, most: int = 10**9) -> None:
        self.ran: list[str] = []
        self._most = most

    def run(self, work: Work, tasks: Sequence[Task]) -> Iterator[tuple[str, Outcome]]:
        for each in super().run(work, tasks):
            if len(self.ran) >= self._most:
                raise KeyboardInterrupt
            self.ran.append(each[0])
            yield each


class Buyer(Strategy):
    """Buys at one minute, sells at another."""

    at = param(10, low=1, high=1000)

    def decide(self, view: SymbolView) -> Wish | None:
        return self.long("now", weight=0.5, stop=0.1) if view.minute == self.at else None


def where(tmp_path: Path, **more: Any) -> Where:
    given: Mapping[str, Any] = {"pool": Inline(), "kept": tmp_path, **more}
    return Where(trials=SqliteTrialBook(tmp_path / "trials.sqlite"), clock=Ticking(), **given)


def request(**more: Any) -> BacktestRequest:
    return BacktestRequest(strategy="crossover", cache=None, **{"data": TAPES, "costs": NO_LOANS, **more})


def test_every_row_is_what_a_backtest_of_it_says(tmp_path: Path) -> None:
    result = sweep("crossover", GRID, data=TAPES, costs=NO_LOANS, book=tmp_path / "t.sqlite")
    assert result.rows["engine"].to_list() == ["twin"] * 4
    assert result.rows["total_return_frac"].is_sorted(descending=True)
    for row in result.rows.to_dicts():
        alone = backtest(
            "crossover", data=TAPES, costs=NO_LOANS, settings={"period": row["period"], "band": row["band"]}, book=None
        ).figures  # fmt: skip
        assert row["trades"] == alone.trades > 0
        assert row["win_rate_frac"] == pytest.approx(alone.win_rate_frac, abs=1e-12)
        assert row["fees_quote"] == pytest.approx(float(alone.fees_quote), abs=1e-6)
        assert row["end_equity_quote"] == pytest.approx(float(alone.end_equity_quote), abs=1e-6)
        assert row["max_drawdown_frac"] == pytest.approx(alone.max_drawdown_frac, abs=1e-9)
    assert all(check.same for check in result.checks)


def test_a_trailing_stop_is_the_twins_too_and_the_desk_agrees(tmp_path: Path) -> None:
    """A row with a trail trades otherwise than one without, and as the backtest of it does."""
    grid = {"trail": [0.0, 0.002, 0.01], "period": [20, 40]}
    result = sweep("crossover", grid, data=TAPES, costs=NO_LOANS, book=tmp_path / "t.sqlite")
    assert result.plan.engines == ("twin",)
    assert result.rows["engine"].to_list() == ["twin"] * 6
    ends: dict[float, float] = {}
    for row in result.rows.to_dicts():
        values = {name: row[name] for name in grid}
        alone = backtest("crossover", data=TAPES, costs=NO_LOANS, settings=values, book=None)
        assert row["trades"] == alone.figures.trades > 0
        assert row["end_equity_quote"] == pytest.approx(float(alone.figures.end_equity_quote), abs=1e-6)
        trailed = alone.fills["reason"].str.starts_with("trailing stop").sum()
        if row["trail"] < 0.01:
            assert (trailed > 0) == (row["trail"] > 0.0)
        if row["period"] == 20:
            ends[row["trail"]] = row["end_equity_quote"]
    assert ends[0.0] != ends[0.002]
    assert all(check.same for check in result.checks)


def test_a_trail_nearer_than_the_gates_allow_is_the_desks() -> None:
    plan = plan_sweep(request(), {"trail": [0.0, 0.0005]})
    assert plan.engines == ("desk",)
    assert "a stop is outside what the gates allow" in plan.why[0]
    assert plan_sweep(request(), {"trail": [0.0, 0.01]}).engines == ("twin",)


def test_a_strategy_without_a_twin_runs_on_the_desk(tmp_path: Path) -> None:
    result = sweep(Buyer, {"at": [5, 500]}, data=TAPES, costs=NO_LOANS, book=tmp_path / "t.sqlite")
    assert set(result.rows["engine"]) == {"desk"}
    assert result.plan.why == ("the strategy has no compiled twin",)
    assert result.checks == ()
    alone = backtest(
        Buyer, data=TAPES, costs=NO_LOANS, settings={"at": result.rows["at"][0]}, book=None
    ).figures  # fmt: skip
    assert result.rows["end_equity_quote"][0] == float(alone.end_equity_quote)


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"flip": False}, "knows flip only as True"),
        ({"trend": 1440}, "knows trend only as 0"),
        ({"shorts": False}, "knows shorts only as True"),
    ],
)
def test_what_the_twin_does_not_know_goes_to_the_desk(settings: dict[str, Any], why: str) -> None:
    plan = plan_sweep(request(settings=settings), GRID)
    assert plan.engines == ("desk",)
    assert why in plan.why[0]


def test_loans_of_coins_are_the_desks() -> None:
    plan = plan_sweep(request(costs=COSTS), GRID)
    assert (plan.engines, plan.why) == (("desk",), ("the twin does not know the loan of coins sold short",))


def perpetual(*due: tuple[int, str]) -> dict[str, Any]:
    """The invented coin as if it were Binance's BTCUSDT, with these rates due at minutes after its first bar."""
    (made,) = TAPES
    raw = RawBars(open_ns=made.open_ns, **{name: getattr(made, name) for name in COLUMNS})
    tape = make_tape(raw, Label(symbol="BTCUSDT", interval_ns=made.interval_ns, source="made"))
    start_ns = int(made.open_ns[0])
    instants = tuple(
        FundingInstant(at_ns=start_ns + minute * NS_PER_MINUTE, rate=Decimal(rate), mark_price=Decimal(101))
        for minute, rate in ((0, "0"), *due)
    )
    history = FundingHistory(symbol="BTCUSDT", interval_ns=480 * NS_PER_MINUTE, instants=instants, source="made")
    return {"data": [tape], "funding": {"BTCUSDT": history}}


EIGHT_HOURLY = ((480, "0.003"), (960, "-0.002"), (1440, "0.004"), (1920, "0.001"), (2400, "0.002"))


def test_funding_is_the_twins_too_and_the_desk_agrees(tmp_path: Path) -> None:
    """At midnight too, where one day's return ends; with the shipped costs, and rates that win and lose trades."""
    given = perpetual(*EIGHT_HOURLY)
    result = sweep("crossover", GRID, **given, book=tmp_path / "t.sqlite")
    assert set(result.rows["engine"]) == {"twin"}
    for row in result.rows.to_dicts():
        settings = {"period": row["period"], "band": row["band"]}
        alone = backtest("crossover", **given, settings=settings, book=None).figures
        assert abs(alone.funding_quote or 0) > 10
        assert (row["trades"], row["win_rate_frac"]) == (alone.trades, pytest.approx(alone.win_rate_frac))
        assert row["end_equity_quote"] == pytest.approx(float(alone.end_equity_quote), abs=1e-6)
        assert row["max_drawdown_frac"] == pytest.approx(alone.max_drawdown_frac, abs=1e-9)
    assert all(check.same for check in result.checks)


def test_funding_due_inside_a_bar_is_the_desks() -> None:
    inside = plan_sweep(request(**perpetual(*EIGHT_HOURLY), timeframe="7m"), {"every": [7]})
    assert inside.why == ("funding falls due inside a bar",)
    larger = plan_sweep(request(**perpetual(*EIGHT_HOURLY)), {"size": [1.0, 1.5]})
    assert larger.why == ("the twin knows no margin, and the position is larger than the account",)


def test_a_rule_swept_beyond_the_twin_goes_to_the_desk() -> None:
    assert plan_sweep(request(), {"on_cross": "false,true"}).engines == ("desk",)
    assert plan_sweep(request(), {"on_cross": "false"}).engines == ("twin",)


def test_orders_that_work_across_decisions_are_the_desks(tmp_path: Path) -> None:
    """Far more money than the tape's volume takes: what is left at the next decision the twin would size anew."""
    result = sweep("crossover", {"period": [20]}, data=TAPES, costs=NO_LOANS, capital=10**9, book=tmp_path / "t.sqlite")
    assert result.plan.engines == ("twin",)
    assert result.rows["engine"].to_list() == ["desk"]


def test_an_interrupted_sweep_goes_on_where_it_stopped(tmp_path: Path) -> None:
    plan = plan_sweep(request(), {"period": [10, 20, 30, 40]})
    with pytest.raises(KeyboardInterrupt):
        run_sweep(plan, where(tmp_path, pool=Counting(2)))
    rest, told = Counting(), list[Estimate]()
    result = run_sweep(plan, where(tmp_path, pool=rest, told=told.append))
    assert len(rest.ran) == 2
    assert (told[0].done, told[0].combinations) == (2, 4)
    whole = run_sweep(plan, where(tmp_path, kept=None))
    assert result.rows.equals(whole.rows)
    again = Counting()
    assert run_sweep(plan, where(tmp_path, pool=again)).rows.equals(whole.rows)
    assert again.ran == []


def test_a_fresh_sweep_does_everything_again(tmp_path: Path) -> None:
    plan, pool = plan_sweep(request(), GRID), Counting()
    run_sweep(plan, where(tmp_path))
    run_sweep(plan, where(tmp_path, pool=pool, fresh=True))
    assert len(pool.ran) == 2


def test_another_cost_file_is_another_sweep(tmp_path: Path) -> None:
    text = COSTS.read_text("utf-8")
    dear = tmp_path / "dear.toml"
    dear.write_text(text.replace("taker_bps = 5.5", "taker_bps = 55"), "utf-8")
    assert plan_sweep(request(), GRID).id != plan_sweep(request(costs=dear), GRID).id
    assert plan_sweep(request(), GRID).id == plan_sweep(request(), GRID).id


def test_every_combination_is_counted_once_before_it_runs(tmp_path: Path) -> None:
    plan = plan_sweep(request(), GRID)
    with pytest.raises(KeyboardInterrupt):
        run_sweep(plan, where(tmp_path, pool=Counting(0)))
    assert where(tmp_path).trials.tally("crossover").count == 4
    luck = run_sweep(plan, where(tmp_path)).luck
    assert (luck.tally.count, luck.new) == (4, 0)
    wider = run_sweep(plan_sweep(request(), {"period": [20, 40, 60], "band": [0.0005]}), where(tmp_path)).luck
    assert (wider.tally.count, wider.new) == (5, 1)


def test_a_sweep_killed_while_it_is_timed_has_been_counted(tmp_path: Path) -> None:
    """The first task runs to be timed, before the pool sees any; counting has been timed by then."""
    ticks = iter((0.0, 1.0))

    def killed() -> float:
        for tick in ticks:
            return tick
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_sweep(plan_sweep(request(), GRID), where(tmp_path, stopwatch=killed))
    assert where(tmp_path).trials.tally("crossover").count == 4


def test_the_estimate_leaves_out_what_compiling_took(tmp_path: Path) -> None:
    """A first run of 60 seconds, 59 of them for machine code that is there from then on, and a second one."""
    seconds, compiled = iter((0.0, 0.0, 0.0, 60.0, 60.0, 61.0)), iter((10.0, 69.0, 69.0, 69.0))
    told = list[Estimate]()
    timed = where(
        tmp_path, told=told.append, stopwatch=lambda: next(seconds), compiled=lambda: next(compiled), workers=1
    )
    run_sweep(plan_sweep(request(), {"period": [20]}), timed)
    assert told[0].runs_seconds == pytest.approx(1.0)


def test_the_estimate_holds_what_is_done_besides_the_runs(tmp_path: Path) -> None:
    """Counting took 30 seconds and is done once more at the end; the runs take 4 of 0.5 on two cores."""
    seconds, told = iter((0.0, 30.0, 0.0, 0.5, 0.5, 1.0)), list[Estimate]()
    timed = where(tmp_path, told=told.append, stopwatch=lambda: next(seconds), compiled=lambda: 0.0, workers=2)
    run_sweep(plan_sweep(request(), {"period": [10, 20, 30, 40]}), timed)
    assert told[0].runs_seconds == pytest.approx(1.0)
    bars = 2 * 1440
    checked = DESK_SECONDS_PER_BAR * bars
    assert told[0].seconds == pytest.approx(31.0 + 4 * BESIDES_SECONDS + checked, rel=1e-12)
    again, ticks = list[Estimate](), iter((0.0, 20.0))
    run_sweep(
        plan_sweep(request(), {"period": [10, 20, 30, 40]}),
        where(tmp_path, told=again.append, stopwatch=lambda: next(ticks)),
    )
    assert (again[0].runs_seconds, again[0].done) == (None, 4)
    assert again[0].seconds == pytest.approx(20.0 + 4 * BESIDES_SECONDS + checked, rel=1e-12)


def test_an_absurd_grid_is_refused_with_its_number_and_its_time(tmp_path: Path) -> None:
    ticks = iter(range(100))
    absurd = plan_sweep(request(), {"period": "2:10000:1", "band": "0:0.5:0.001", "stop": "0.001:0.5:0.001"})
    with pytest.raises(UserError, match=r"2,504,749,500 combinations would take about .* on 2 cores") as refused:
        run_sweep(absurd, where(tmp_path, workers=2, stopwatch=lambda: float(next(ticks))))
    assert "--yes" in refused.value.remedy
    assert not (tmp_path / "trials.sqlite").exists()


def test_a_sweep_too_large_for_all_days_looks_at_the_best_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = sweep("crossover", GRID, data=TAPES, costs=NO_LOANS, book=tmp_path / "t.sqlite").rows
    monkeypatch.setattr("rung.lab.sweep_plan.MOST_WITH_DAYS", 3)
    monkeypatch.setattr("rung.lab.sweep_outcome.BEST_WITH_DAYS", 2)
    large = sweep("crossover", GRID, data=TAPES, costs=NO_LOANS, book=tmp_path / "t.sqlite")
    assert not large.plan.keeps_days
    assert large.rows.drop("sharpe", "sharpe_error").equals(small.drop("sharpe", "sharpe_error"))


def test_a_worker_with_other_files_says_so(tmp_path: Path) -> None:
    plan = plan_sweep(request(), GRID)
    lying = replace(plan, bench_ids=("0" * 12,))
    with pytest.raises(UserError, match="is not what the sweep began with"):
        run_sweep(lying, where(tmp_path))


def test_what_is_kept_is_lines_of_json_named_after_the_sweep(tmp_path: Path) -> None:
    plan = plan_sweep(request(), GRID)
    run_sweep(plan, where(tmp_path))
    lines = (tmp_path / f"sweep_{plan.id}.jsonl").read_text("utf-8").splitlines()
    assert [len(json.loads(line)["outcome"]["rows"]) for line in lines] == [2, 2]


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.01, "no time"), (1.5, "1.5 seconds"), (150.0, "2 minutes"), (86_400.0 * 3, "3 days")]
)
def test_times_are_said_as_people_say_them(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def daily(seed: int, mean: float, days: int = 250) -> list[float]:
    import numpy as np

    return list(np.random.default_rng(seed).normal(mean, 0.01, days))


def test_luck_explains_the_best_of_many_without_skill() -> None:
    from rung.lab.statistics.trials import Tally

    rows = [daily(seed, 0.0) for seed in range(100)]
    best = max(rows, key=sum)
    luck = luck_of_best(Best(daily=best, total_frac=sum(best), of=100), rows, Tally(count=100), 100, 365)
    assert luck.sentence.startswith("Luck explains the best one: without any skill the best of 100 combinations")
    assert luck.overfit is not None
    assert luck.overfit_of == 100
    skilled = daily(1, 0.004)
    good = Best(daily=skilled, total_frac=sum(skilled), of=100)
    assert luck_of_best(good, rows, Tally(count=100), 0, 365).sentence.startswith("Luck hardly")


def test_a_week_cannot_tell_and_a_loss_needs_no_luck() -> None:
    from rung.lab.statistics.trials import Tally

    week = [0.01, 0.011, 0.009, 0.012, 0.01, 0.011, 0.0105]
    short = Best(daily=week, total_frac=0.07, of=3)
    assert luck_of_best(short, [week], Tally(count=3), 3, 365).sentence.startswith("Cannot tell: 7 days")
    poor = Best(daily=[-x for x in week], total_frac=-0.07, of=3)
    lost = luck_of_best(poor, [week], Tally(count=3), 3, 365)
    assert lost.sentence == "There is nothing for luck to explain: the best of 3 combinations lost 7.00%."
    assert lost.overfit is None


def test_what_was_tried_elsewhere_is_not_what_ran_here() -> None:
    """Two of these and 21 earlier ones: the best is the best of two, and deflated by 23."""
    from rung.lab.statistics.trials import Tally

    row = daily(3, 0.0005)
    luck = luck_of_best(Best(daily=row, total_frac=sum(row), of=2), [row, row], Tally(count=23), 1, 365)
    assert luck.sentence.startswith(
        "Luck explains the best one: it is the best of 2; 23 were tried on these days, and without any skill the best "
        "of so many is as good with probability "
    )
    assert luck.deflated is not None
    assert luck.deflated.trials == 23
    lost = luck_of_best(Best(daily=row, total_frac=-0.01, of=2), [row], Tally(count=23), 1, 365).sentence
    assert lost == "There is nothing for luck to explain: the best of 2 lost 1.00%; 23 were tried on these days."


def test_a_sweep_whose_best_never_traded_says_so(tmp_path: Path) -> None:
    """Half the price away from its mean is a place no close comes to; at a tenth of a per cent it trades, and loses."""
    result = sweep("crossover", {"band": [0.0005, 0.5]}, data=TAPES, costs=NO_LOANS, book=tmp_path / "t.sqlite")
    assert result.rows["trades"].to_list()[0] == 0
    assert result.rows["total_return_frac"][1] < 0
    assert result.luck.sentence == (
        "There is nothing for luck to explain: the best of 2 combinations never traded, and no other earned anything."
    )


def test_a_sweep_after_another_says_how_many_ran_and_how_many_were_tried(tmp_path: Path) -> None:
    run_sweep(plan_sweep(request(), GRID), where(tmp_path))
    luck = run_sweep(plan_sweep(request(), {"period": [20, 60], "band": [0.002]}), where(tmp_path)).luck
    assert (luck.ran, luck.tally.count, luck.new) == (2, 5, 1)
    assert "the best of 2 lost" in luck.sentence
    assert luck.sentence.endswith("; 5 were tried on these days.")


def test_the_costs_of_a_sweep_name_every_symbol() -> None:
    tapes = [*TAPES, *invented_tapes("OTHERUSDT", days=2, seed=1)]
    plan = plan_sweep(request(data=tapes, symbols=("COINUSDT", "OTHERUSDT")), GRID)
    costs = dict(plan.costs)
    assert (len(plan.benches), plan.symbols) == (2, ("COINUSDT", "OTHERUSDT"))
    assert costs["traded as"] == "COINUSDT spot, OTHERUSDT spot"
    assert costs["fees"] == dict(plan.benches[1].identity.costs)["fees"]


def test_a_low_pbo_beside_a_sentence_about_luck_is_told_for_what_it_is() -> None:
    """Ten settings that differ by the same little every day: the best stays the best, and none of them earns."""
    from rung.apps.sweep_words import overfit_words
    from rung.lab.statistics.trials import Tally

    base = daily(5, 0.0, days=10)
    rows = [[each + 0.0001 * n for each in base] for n in range(10)]
    luck = luck_of_best(Best(daily=rows[-1], total_frac=0.01, of=10), rows, Tally(count=10), 10, 365)
    assert luck.overfit is not None
    assert luck.overfit.probability == 0.0
    assert "PBO only ranks these settings against each other: a low one" in luck.caution
    said = overfit_words(luck, whole=True)
    assert said.startswith("PBO 0%: so often")
    assert "8 of 10 days, since halves need equal blocks: 4 blocks of 2, the 2 oldest left out" in said
    assert said.endswith(luck.caution)


def test_a_high_pbo_beside_a_real_edge_is_told_for_what_it_is() -> None:
    """Settings that all earn, and none more than another but by chance."""
    from rung.apps.sweep_words import overfit_words
    from rung.lab.statistics.trials import Tally

    rows = [[0.004 + 0.01 * (x - 0.5) for x in noise] for noise in _alternating(20, 240)]
    best = max(rows, key=sum)
    luck = luck_of_best(Best(daily=best, total_frac=sum(best), of=20), rows, Tally(count=20), 20, 365)
    assert luck.overfit is not None
    assert luck.overfit.probability >= 0.5
    assert luck.sentence.startswith("Luck hardly")
    assert "a high one says" in luck.caution
    assert "240 days in 16 blocks of 15" in overfit_words(luck, whole=True)


def _alternating(rows: int, days: int) -> list[list[float]]:
    """Uniform noise whose second half of days mirrors the first: what was good is bad then."""
    import numpy as np

    first = np.random.default_rng(1).random((rows, days // 2))
    return [[*row, *(1.0 - row)] for row in first]


def test_long_tapes_are_kept_in_smaller_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same rows, whatever the size of the parts."""
    plan = plan_sweep(request(), {"band": [0.0005, 0.001, 0.002, 0.004, 0.008]})
    whole = run_sweep(plan, where(tmp_path, kept=None)).rows
    assert [len(task.payload["combos"]) for task in plan.tasks()] == [5]
    monkeypatch.setattr("rung.lab.sweep_plan.LOOKED_AT_PER_TASK", 2 * 2 * 1440)
    assert [len(task.payload["combos"]) for task in plan.tasks()] == [2, 2, 1]
    assert run_sweep(plan, where(tmp_path)).rows.equals(whole)
