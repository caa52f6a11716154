"""Walking forward: which days choose, which are judged, and that the latter never speak while choosing."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rung.domain.errors import UserError
from rung.lab import Strategy, SymbolView, Wish, invented_tapes, walk_forward
from rung.lab.backtesting import run_backtest
from rung.lab.bench import BacktestRequest
from rung.lab.campaign import Outcome, Payload
from rung.lab.costs import load_costs
from rung.lab.optimising import open_book
from rung.lab.statistics.trials import Trial
from rung.lab.strategy_subject import dearer, evaluate, strategy_subject
from rung.lab.subject import Conditions, Subject
from rung.lab.walking import Plan, walk_forward_of, windows
from rung.market.calendar import NS_PER_DAY
from rung.market.tape import COLUMNS, Label, RawBars, Tape, make_tape

GRID = ["period=30,120"]
DATES = tuple(f"2025-03-{day:02d}" for day in range(1, 13))


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def paid(table: dict[int, list[float]], payload: Payload) -> Outcome:
    """Made-up returns: by the value of `k`, one per day of the month."""
    first, last = (int(payload[end][-2:]) for end in ("start", "end"))
    returns = [value / payload["cost_multiple"] for value in table[payload["values"]["k"]][first - 1 : last]]
    return {"dates": list(DATES[first - 1 : last]), "returns": returns, "trades": returns}


def made_up(table: dict[int, list[float]], **changed: Any) -> Subject:
    subject = Subject(
        name="made_up", code_id="c", work=partial(paid, table), fixed={}, defaults={"k": 0}, symbols=("X",),
        tape_ids={"X": "t"}, dates=DATES, periods_per_year=365, session_minutes=1440, interval_minutes=1.0,
        synthetic=True,
    )  # fmt: skip
    return replace(subject, **changed)


def alternating(mean: float) -> list[float]:
    return [mean + (0.001 if day % 2 else -0.001) for day in range(12)]


def test_rolling_windows_step_by_the_days_that_were_judged() -> None:
    found = windows(made_up({}), Plan(train_days=4, test_days=3))
    assert [(w.train, w.test) for w in found] == [
        (("2025-03-01", "2025-03-04"), ("2025-03-05", "2025-03-07")),
        (("2025-03-04", "2025-03-07"), ("2025-03-08", "2025-03-10")),
    ]


def test_anchored_windows_all_begin_on_the_first_day() -> None:
    found = windows(made_up({}), Plan(train_days=4, test_days=3, anchored=True))
    assert [w.train for w in found] == [("2025-03-01", "2025-03-04"), ("2025-03-01", "2025-03-07")]


def test_purge_is_rounded_up_to_whole_days_and_the_embargo_added() -> None:
    (found,) = windows(made_up({}), Plan(train_days=4, test_days=4, purge_minutes=1441, embargo_days=1))
    assert (found.train, found.test) == (("2025-03-01", "2025-03-04"), ("2025-03-08", "2025-03-11"))


def test_a_period_too_short_says_how_many_days_are_needed() -> None:
    with pytest.raises(UserError, match=r"12 days are too short for one window: 13 are needed \(8 to train, 1 left"):
        windows(made_up({}), Plan(train_days=8, test_days=4, embargo_days=1))


def test_an_unknown_way_to_choose_is_refused() -> None:
    with pytest.raises(UserError, match="'luck' is no way to choose"):
        Plan(select="luck")


def test_too_few_days_for_a_ratio_are_refused_instead_of_choosing_the_first() -> None:
    with pytest.raises(UserError, match="2 days have no Sharpe ratio"):
        Plan(train_days=2)


def test_the_best_of_training_is_what_is_tested_even_when_it_then_loses() -> None:
    turned = [*alternating(0.01)[:4], *alternating(-0.02)[4:]]
    table = {0: [0.0] * 12, 1: turned, 2: alternating(0.002)}
    plan = Plan(train_days=4, test_days=4)
    result = walk_forward_of(made_up(table), [{"k": 1}, {"k": 2}], plan, open_book())
    assert [chosen.values for chosen in result.chosen] == [{"k": 1}, {"k": 2}]
    np.testing.assert_allclose(result.out_of_sample, [*turned[4:8], *table[2][8:12]])
    np.testing.assert_allclose(result.in_sample, [*turned[:4], *table[2][4:8]])
    assert result.dates == DATES[4:]
    assert not result.default.any()


def test_a_day_that_several_windows_trained_on_counts_once_as_their_mean() -> None:
    table = {0: [0.0] * 12, 1: [*alternating(0.02)[:4], *alternating(-0.02)[4:]], 2: alternating(0.001)}
    result = walk_forward_of(made_up(table), [{"k": 1}, {"k": 2}], Plan(train_days=4, test_days=2), open_book())
    assert [chosen.values["k"] for chosen in result.chosen] == [1, 2, 2, 2]
    assert len(result.in_sample) == 10
    assert result.in_sample[2] == pytest.approx((table[1][2] + table[2][2]) / 2)


def test_every_combination_is_counted_once_and_every_other_walk_is_another_look() -> None:
    subject, book = made_up({k: alternating(k / 1000) for k in range(4)}), open_book()
    plan = Plan(train_days=4, test_days=4)
    grid = [{"k": 1}, {"k": 2}]
    first = walk_forward_of(subject, grid, plan, book)
    again = walk_forward_of(subject, grid, plan, book)
    assert (first.trials, first.looks) == (again.trials, again.looks) == (2, 1)
    more = walk_forward_of(subject, [*grid, {"k": 3}], plan, book)
    assert (more.trials, more.looks) == (4, 2)  # the first walk looked at days this one trains on
    assert more.box.in_sample.deflated is not None
    assert more.box.in_sample.deflated.trials == 4
    assert more.box.out_of_sample.deflated is not None
    assert more.box.out_of_sample.deflated.trials == 2


def test_whatever_was_tried_on_days_of_the_walk_counts_on_both_sides() -> None:
    """A run over all days saw the test days, too; one on days the walk leaves out saw none of them."""
    subject, book = made_up({k: alternating(k / 1000) for k in range(4)}), open_book()
    before, plan = Plan(train_days=4, test_days=4), Plan(train_days=4, test_days=4, anchored=True)

    def tried(first: str, last: str) -> None:
        seen = subject.seen(first, last)
        book.record([Trial(strategy="made_up", code_id="c", params={"k": 9}, seen=seen, at_ns=1)])

    tried(DATES[0], DATES[3])  # the first training days only
    tried(DATES[0], DATES[11])
    result = walk_forward_of(subject, [{"k": 1}, {"k": 2}], before, book)
    assert (result.trials, result.looks) == (4, 2)
    again = walk_forward_of(subject, [{"k": 1}, {"k": 2}], plan, book)
    assert (again.trials, again.looks) == (5, 3)


def test_the_same_grid_run_by_itself_on_the_days_of_training_was_a_look_at_those_that_are_judged() -> None:
    """Training goes over most test days, in the windows after them: whoever swept those days has seen them."""
    subject, book = made_up({k: alternating(k / 1000) for k in range(4)}), open_book()
    plan, grid = Plan(train_days=4, test_days=2), [{"k": 1}, {"k": 2}]
    trained = subject.seen(DATES[0], DATES[9])
    book.record(
        [Trial(strategy="made_up", code_id="c", params={**subject.defaults, **v}, seen=trained, at_ns=1) for v in grid]
    )
    result = walk_forward_of(subject, grid, plan, book)
    assert (result.trials, result.looks) == (2, 3)


def test_dearer_costs_are_run_again_and_shown() -> None:
    table = {0: [0.0] * 12, 1: alternating(0.01)}
    result = walk_forward_of(made_up(table), [{"k": 1}], Plan(train_days=4, test_days=4), open_book())
    rows = {row.name: row for row in result.monte_carlo}
    doubled = np.prod(1.0 + np.array(table[1][4:12]) / 2.0) - 1.0
    assert rows["costs × 2"].total_frac == pytest.approx(doubled)
    assert rows["as walked"].total_frac == pytest.approx(np.prod(1.0 + np.array(table[1][4:12])) - 1.0)
    assert rows["begun up to a session later (8 starts)"].low is not None


def test_an_empty_grid_is_refused() -> None:
    with pytest.raises(UserError, match="an empty grid"):
        walk_forward_of(made_up({}), [], Plan(train_days=4, test_days=4), open_book())
    with pytest.raises(UserError, match="has no parameter 'perod'"):
        walk_forward("crossover", ["perod=3,4"], data=invented_tapes(days=2))


def changed_from(tape: Tape, first_ns: int) -> Tape:
    """The same tape with other prices from `first_ns` on: everything doubled, upside down in time."""
    row = int(np.searchsorted(tape.open_ns, first_ns))
    columns = {}
    for name in COLUMNS:
        values = getattr(tape, name).copy()
        values[row:] = values[row:][::-1] * (1.0 if name == "volume" else 2.0)
        columns[name] = values
    label = Label(symbol=tape.symbol, interval_ns=tape.interval_ns, source="changed", synthetic=True)
    return make_tape(RawBars(open_ns=tape.open_ns.copy(), **columns), label)


def test_the_days_of_the_test_cannot_change_what_was_chosen() -> None:
    (tape,) = invented_tapes("COINUSDT", days=3)
    plan = Plan(train_days=2, test_days=1, select="return")
    result = walk_forward("crossover", GRID, plan, data=[tape])
    (chosen,) = result.chosen
    other = walk_forward("crossover", GRID, plan, data=[changed_from(tape, tape.first_ns + 2 * NS_PER_DAY)])
    assert other.chosen[0].values == chosen.values
    assert other.chosen[0].in_sample_frac == chosen.in_sample_frac
    np.testing.assert_array_equal(other.in_sample, result.in_sample)
    assert not np.allclose(other.out_of_sample, result.out_of_sample)


def test_a_window_is_the_backtest_of_its_days() -> None:
    (tape,) = invented_tapes("COINUSDT", days=4)
    request = BacktestRequest(strategy="crossover", data=[tape])
    subject = strategy_subject(request)
    outcome = subject.work(subject.task({"period": 30}, ("2025-03-02", "2025-03-03")).payload)
    same = run_backtest(replace(request, start="2025-03-02", end="2025-03-03", settings={"period": 30}))
    assert outcome["dates"] == ["2025-03-02", "2025-03-03"]
    open_frac = same.equity["gross"][-1] / 100_000
    total = same.figures.total_return_frac - open_frac * 0.0008  # taker 5.5, half-spread 0.5, slippage 2 bps
    assert open_frac > 0.0
    assert np.prod(1.0 + np.array(outcome["returns"])) - 1.0 == pytest.approx(total, abs=1e-6)
    assert len(outcome["trades"]) == same.figures.trades > 0


class Holds(Strategy):
    def decide(self, view: SymbolView) -> Wish | None:
        return self.long("always", stop=0.2)


def test_what_is_still_open_at_the_end_is_charged_what_its_entry_cost() -> None:
    (tape,) = invented_tapes("COINUSDT", days=2)
    request = BacktestRequest(strategy=Holds, data=[tape])
    subject = strategy_subject(request)
    outcome = subject.work(subject.task({}, ("2025-03-01", "2025-03-02")).payload)
    same = run_backtest(request)
    (fill,) = same.fills.iter_rows(named=True)
    rate = (fill["fee"] + fill["slippage"]) / (fill["quantity"] * fill["price"])
    end = same.equity["equity"][-1] - same.equity["gross"][-1] * rate
    assert outcome["trades"] == []
    assert np.prod(1.0 + np.array(outcome["returns"])) == pytest.approx(end / 100_000, rel=1e-12)


def test_conditions_make_the_run_dearer_later_and_shorter() -> None:
    (tape,) = invented_tapes("COINUSDT", days=2)
    subject = strategy_subject(BacktestRequest(strategy="crossover", data=[tape]))

    def total(conditions: Conditions) -> float:
        outcome = subject.work(subject.task({}, ("2025-03-01", "2025-03-02"), conditions).payload)
        assert outcome["dates"] == ["2025-03-01", "2025-03-02"]
        return float(np.prod(1.0 + np.array(outcome["returns"])) - 1.0)

    usual = total(Conditions())
    assert total(Conditions(cost_multiple=3.0)) < total(Conditions(cost_multiple=2.0)) < usual
    assert total(Conditions(cost_multiple=0.0)) > usual
    assert total(Conditions(delay_bars=1)) != usual
    assert total(Conditions(skip_bars=600)) != usual


@pytest.mark.parametrize("name", ["costs.toml", "costs_crypto.toml"])
def test_every_fee_and_slippage_is_multiplied_and_nothing_else(name: str) -> None:
    costs: Any = load_costs(Path(__file__).resolve().parents[3] / "config" / name).value
    double: Any = dearer(costs, 2.0)
    assert double.slippage.half_spread_bps == 2 * costs.slippage.half_spread_bps
    assert double.slippage.min_half_spread_quote == 2 * costs.slippage.min_half_spread_quote
    assert (double.liquidity, double.latency) == (costs.liquidity, costs.latency)
    if name == "costs.toml":
        assert [r.taf_per_share_quote for r in double.fees.rates] == [
            2 * r.taf_per_share_quote for r in costs.fees.rates
        ]
        assert double.fees.checked_through == costs.fees.checked_through
    else:
        assert double.fees.taker_bps == 2 * costs.fees.taker_bps
        assert double.borrow.annual_bps == 2 * costs.borrow.annual_bps
        assert double.margin.liquidation_fee_bps == 2 * costs.margin.liquidation_fee_bps
        assert double.margin.spot_collateral_frac == costs.margin.spot_collateral_frac


def test_an_interrupted_walk_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Broken off after three runs; the second call does the rest only, and the result is that of an unbroken one."""
    table = {k: alternating(k / 1000) for k in range(4)}
    plan, grid = Plan(train_days=4, test_days=4), [{"k": k} for k in (1, 2, 3)]
    done: list[str] = []

    def counting(most: int, payload: Payload) -> Outcome:
        if len(done) >= most:
            raise KeyboardInterrupt
        done.append(json.dumps(payload, sort_keys=True))
        return paid(table, payload)

    out = tmp_path / "out"
    out.mkdir()
    kept = replace(plan, out=out)
    with pytest.raises(KeyboardInterrupt):
        walk_forward_of(made_up(table, work=partial(counting, 3)), grid, kept, open_book())
    assert len(done) == 3
    result = walk_forward_of(made_up(table, work=partial(counting, 10**6)), grid, kept, open_book())
    assert len(set(done)) == len(done)
    whole = walk_forward_of(made_up(table), grid, plan, open_book())
    np.testing.assert_array_equal(result.out_of_sample, whole.out_of_sample)
    assert result.monte_carlo == whole.monte_carlo
    assert result.box == whole.box


def test_the_work_is_a_module_function_that_other_processes_can_find() -> None:
    subject = strategy_subject(BacktestRequest(strategy="crossover", data=invented_tapes(days=1)))
    assert isinstance(subject.work, partial)
    assert subject.work.func is evaluate


def test_days_after_the_last_window_are_told() -> None:
    table = {0: alternating(0.001), 1: alternating(0.002)}
    grid = [{"k": 0}, {"k": 1}]
    walked = walk_forward_of(made_up(table), grid, Plan(train_days=4, test_days=3), open_book())
    assert walked.unjudged == DATES[10:]
    whole = walk_forward_of(made_up(table), grid, Plan(train_days=4, test_days=4), open_book())
    assert whole.unjudged == ()
