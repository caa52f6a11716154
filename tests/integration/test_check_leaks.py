"""Strategy files with a planted leak are caught at the right first bar; files without one are not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from rung.apps.cli.main import main
from rung.lab import check, invented_tapes
from rung.lab.checking.report import CheckReport, Verdict
from rung.lab.lookahead import CheckRequest, run_check
from rung.market.tape import COLUMNS, Label, RawBars, make_tape
from rung.market.tape_file import write_tape

LEAKS = Path(__file__).parent / "leaks"
BARS = 180
COIN = ("--symbol", "COINUSDT", "--data", "tapes")


@pytest.fixture(autouse=True)
def tapes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pl.DataFrame:
    """Four invented hours of COINUSDT in `tapes`, as Parquet and as CSV; the working folder is above them."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tapes").mkdir()
    (day,) = invented_tapes("COINUSDT", days=1)
    raw = RawBars(open_ns=day.open_ns, **{name: getattr(day, name) for name in COLUMNS}).take(slice(0, BARS))
    label = Label(symbol="COINUSDT", interval_ns=day.interval_ns, source="cut", synthetic=True)
    write_tape(make_tape(raw, label), tmp_path / "tapes" / "COINUSDT_1m.parquet")
    frame = pl.read_parquet("tapes/COINUSDT_1m.parquet")
    stamps = pl.col("timestamp").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    frame.with_columns(stamps).write_csv("tapes/COINUSDT_1m.csv")
    return frame


def checked(name: str, *, fresh: bool = False, every: int | None = None) -> CheckReport:
    return run_check(
        CheckRequest(
            strategy=LEAKS / f"{name}.py", symbols=("COINUSDT",), data="tapes", every=every, in_fresh_process=fresh,
            cache=None,
        )
    )  # fmt: skip


def verdict(report: CheckReport, name: str) -> Verdict:
    return next(answer.verdict for answer in report.answers if answer.name == name)


def line_of(name: str, text: str) -> str:
    """`file:line` of the one line of a planted file that holds `text`."""
    lines = (LEAKS / f"{name}.py").read_text("utf-8").splitlines()
    (number,) = [n for n, line in enumerate(lines, 1) if text in line]
    return f"{LEAKS / f'{name}.py'}:{number}"


def first_peep_at_the_next_open(frame: pl.DataFrame) -> int:
    """Worked out beside it: the first full window of 20 closes below the newest."""
    closes = frame["close"].to_list()
    return next(i for i in range(19, BARS) if closes[i] > sum(closes[i - 19 : i + 1]) / 20)


def first_entry_above_the_mean(frame: pl.DataFrame) -> int:
    closes = frame["close"].to_list()
    return next(i for i in range(14, BARS) if closes[i] > sum(closes[i - 14 : i + 1]) / 15)


def test_a_close_shifted_back_is_caught_at_the_first_bar(tapes: pl.DataFrame) -> None:
    (leak,) = checked("shift_minus_one").leaks
    assert (leak.bar, leak.kind, leak.exact, leak.symbol) == (0, "wish", True, "COINUSDT")
    assert leak.at_ns == tapes["timestamp"].dt.epoch("ns")[0] + 60 * 10**9
    assert leak.line in (
        line_of("shift_minus_one", 'self.long("it will'),
        line_of("shift_minus_one", 'self.flat("it will'),
    )
    assert leak.read_at == line_of("shift_minus_one", "pl.read_parquet")


def test_a_full_sample_score_is_caught_at_the_first_bar_though_the_file_is_read_at_import() -> None:
    (leak,) = checked("full_sample_zscore").leaks
    assert (leak.bar, leak.kind, leak.name, leak.exact) == (0, "value", "mean", True)
    assert leak.line == line_of("full_sample_zscore", "self.mean, self.spread =")
    assert leak.read_at == line_of("full_sample_zscore", "pl.read_parquet")
    assert float(leak.now) > float(leak.was)


def test_five_minute_bars_labelled_left_are_caught_at_the_first_bar() -> None:
    (leak,) = checked("resample_label_left").leaks
    assert (leak.bar, leak.kind, leak.exact) == (0, "wish", True)
    assert leak.read_at == line_of("resample_label_left", "pl.scan_parquet")


def test_the_next_open_read_from_a_csv_is_caught_where_it_is_first_looked_up(tapes: pl.DataFrame) -> None:
    (leak,) = checked("next_open").leaks
    assert (leak.bar, leak.name, leak.exact) == (first_peep_at_the_next_open(tapes), "paid", True)
    assert leak.was == f"{tapes['open'][leak.bar + 1]:.8g}"
    assert leak.line == line_of("next_open", "self.paid = self.opens")


@pytest.mark.parametrize(
    ("name", "attribute", "made"),
    [("same_bar_entry", "entry", "self.entry = close"), ("same_bar_profit", "equity", "self.equity *= 1")],
)
def test_a_fill_at_the_close_it_was_decided_on_is_caught(
    tapes: pl.DataFrame, name: str, attribute: str, made: str
) -> None:
    report = checked(name, every=60)
    (leak,) = report.leaks
    assert (leak.kind, leak.name, leak.bar) == ("own fill", attribute, first_entry_above_the_mean(tapes))
    assert leak.was == f"{tapes['close'][leak.bar]:.8g}"
    assert leak.now == f"{tapes['open'][leak.bar + 1]:.8g}"
    assert leak.line == line_of(name, made)
    assert verdict(report, "look-ahead") is Verdict.PASSED
    assert not report.clean


def test_wide_cuts_find_the_same_first_bars(tapes: pl.DataFrame) -> None:
    assert checked("shift_minus_one", every=50).leaks[0].bar == 0
    assert checked("full_sample_zscore", every=97).leaks[0].bar == 0
    assert checked("resample_label_left", every=40).leaks[0].bar == 0


def test_an_honest_reader_of_the_same_file_passes() -> None:
    report = checked("honest_reader", every=6)
    assert report.clean
    assert report.cuts >= BARS // 6
    own = next(answer for answer in report.answers if answer.name == "own files")
    assert "COINUSDT_1m.parquet" in own.what
    assert report.leaks == ()


def test_state_kept_in_the_class_is_told() -> None:
    report = checked("remembers_runs", every=60)
    assert verdict(report, "same again") is Verdict.FOUND
    assert "state is kept in the module or class" in report.answers[0].what
    assert verdict(report, "look-ahead") is Verdict.PASSED


def test_chance_without_a_seed_is_told_and_nothing_is_said_about_the_future() -> None:
    report = checked("unseeded")
    assert "chance without a seed" in report.answers[0].what
    assert verdict(report, "look-ahead") is Verdict.NOT_TESTED
    assert not report.clean


def test_another_order_of_a_set_is_told_by_a_fresh_process() -> None:
    report = checked("by_hash", fresh=True, every=60)
    assert verdict(report, "same again") is Verdict.PASSED
    assert verdict(report, "fresh process") is Verdict.FOUND


def test_a_neighbour_module_that_reads_the_tape_at_import_is_read_anew(tmp_path: Path) -> None:
    (tmp_path / "levels_of_coin.py").write_text(
        "import polars as pl\nTOP = pl.read_parquet('tapes/COINUSDT_1m.parquet')['high'].max()\n", "utf-8"
    )
    (tmp_path / "mine.py").write_text(
        "from levels_of_coin import TOP\nfrom rung.lab import Strategy\n\n\nclass Mine(Strategy):\n"
        "    def decide(self, view):\n"
        "        return self.long('far below the top', stop=0.1) if view.bar.close < TOP * 0.997 else self.flat()\n",
        "utf-8",
    )
    report = run_check(
        CheckRequest(
            strategy="mine.py", symbols=("COINUSDT",), data="tapes", every=60, in_fresh_process=False, cache=None
        )
    )
    (leak,) = report.leaks
    assert leak.kind == "wish"
    assert leak.read_at.endswith("levels_of_coin.py:2")


def test_a_file_that_is_no_tape_is_named_as_not_tested(tmp_path: Path) -> None:
    (tmp_path / "levels.json").write_text("[99.0]", "utf-8")
    (tmp_path / "mine.py").write_text(
        "import json\nfrom rung.lab import Strategy\n\n\nclass Mine(Strategy):\n    def start(self):\n"
        "        self.level = json.load(open('levels.json'))[0]\n\n    def decide(self, view):\n"
        "        return self.long('above', stop=0.1) if view.bar.close > self.level else self.flat()\n",
        "utf-8",
    )
    report = run_check(
        CheckRequest(
            strategy="mine.py", symbols=("COINUSDT",), data="tapes", every=60, in_fresh_process=False, cache=None
        )
    )
    own = next(answer for answer in report.answers if answer.name == "own files")
    assert own.verdict is Verdict.DOUBT
    assert "levels.json (mine.py:7)" in own.what
    assert report.clean


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def call(*words: str) -> tuple[int, str, str]:
        code = main(words)
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def test_the_verb_ends_with_one_when_a_leak_is_found_and_says_so_in_json(
    run: Callable[..., tuple[int, str, str]],
) -> None:
    code, out, _ = run("check", str(LEAKS / "shift_minus_one.py"), *COIN, "--json")
    said = json.loads(out)
    assert code == 1
    assert said["clean"] is False
    assert said["report"]["leaks"][0]["bar"] == 0
    assert {answer["name"] for answer in said["report"]["answers"]} == {
        "same again", "fresh process", "look-ahead", "same-bar fill", "own files", "warm-up", "cliffs",
    }  # fmt: skip


def test_the_verb_ends_with_zero_when_nothing_is_found(run: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = run("check", "mean_reversion", *COIN, "--set", "period=20", "--every", "60")
    assert code == 0
    assert re.search(r"look-ahead +passed", out)
    assert "says nothing about whether it earns" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("crosover", *COIN), "did you mean crossover?"),
        (("crossover", "--data", "tapes"), "no symbol"),
        (("crossover", *COIN, "--every", "0"), "--every: 0 bars between cuts are none"),
        (("crossover", *COIN, "--from", "May"), "--from: 'May' is not a date"),
        (("crossover", "--symbol", "COINUSD", "--data", "tapes"), "did you mean COINUSDT?"),
        (("crossover", *COIN, "--set", "period=1"), "period = 1 is not allowed"),
    ],
)
def test_bad_input_ends_with_two_and_a_remedy(
    run: Callable[..., tuple[int, str, str]], words: tuple[str, ...], said: str
) -> None:
    code, _, err = run("check", *words)
    assert code == 2
    assert said in err


def test_the_door_of_the_lab_takes_a_class_and_tapes(tapes: pl.DataFrame) -> None:
    from rung.strategy.momentum import Momentum

    report = check(
        Momentum, data=invented_tapes("A", days=1), every=400, settings={"lookback": 60, "volatility_period": 60}
    )
    assert report.clean
    assert verdict(report, "fresh process") is Verdict.NOT_TESTED
    assert report.strategy == "momentum"
