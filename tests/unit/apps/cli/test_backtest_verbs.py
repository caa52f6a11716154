"""`rung backtest` and `rung strategies` as a person uses them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from rung.apps.cli.main import main
from rung.lab import invented_tapes
from rung.market.tape_file import write_tape

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """One command line in a folder with two invented days of COINUSDT in `tapes`: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    (tapes,) = invented_tapes("COINUSDT", days=2)
    (tmp_path / "tapes").mkdir()
    write_tape(tapes, tmp_path / "tapes" / "COINUSDT_1m.parquet")

    def call(*words: str) -> tuple[int, str, str]:
        code = main(words)
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


COIN = ("--symbol", "COINUSDT", "--data", "tapes")


def test_the_table_ends_with_an_honest_line_and_the_folder_holds_the_files(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("backtest", "crossover", *COIN, "--set", "every=5", "--out", "results")
    assert code == 0
    for words in ("Return", "Buy and hold", "Sharpe", "Win rate", "Honestly: an invented market is no evidence"):
        assert words in out
    report = json.loads((tmp_path / "results" / "report.json").read_text("utf-8"))
    trades = pl.read_parquet(tmp_path / "results" / "trades.parquet")
    assert len(trades) == report["figures"]["trades"] > 0
    assert len(pl.read_csv(tmp_path / "results" / "trades.csv")) == len(trades)
    assert len(pl.read_parquet(tmp_path / "results" / "equity.parquet")) == report["figures"]["slices"] == 2880
    assert report["identity"]["parameters"]["every"] == 5


def test_json_says_the_same_as_the_file(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("backtest", "crossover", *COIN, "--json", "--out", "results")
    assert code == 0
    assert json.loads(out) == json.loads((tmp_path / "results" / "report.json").read_text("utf-8"))


def test_a_scaffold_runs_and_its_own_test_passes(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("strategies", "new", "my_idea")
    assert code == 0
    assert "my_idea.py" in out
    assert run("backtest", "my_idea.py", *COIN)[0] == 0
    source = Path(__file__).resolve().parents[4] / "src"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_my_idea.py"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False, env={"PYTHONPATH": str(source)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout
    code, _, err = run("strategies", "new", "my_idea")
    assert code == 2
    assert "is already there" in err


def test_a_scaffold_is_a_strategy_of_at_most_fifteen_lines(run: Run, tmp_path: Path) -> None:
    run("strategies", "new", "short")
    code = (tmp_path / "short.py").read_text("utf-8").split('"""', 2)[2]
    assert len([line for line in code.splitlines() if line.strip()]) <= 15


@pytest.mark.parametrize("name", ["My-Idea", "../up", "1st", ""])
def test_a_name_that_makes_no_file_is_refused(run: Run, name: str) -> None:
    code, _, err = run("strategies", "new", name)
    assert code == 2
    assert "cannot be a file's name" in err


def test_strategies_are_listed_and_shown_with_their_parameters(run: Run) -> None:
    names = {row["name"] for row in json.loads(run("strategies", "list", "--json")[1])}
    assert {"crossover", "momentum", "mean_reversion", "stat_arb", "rotation"} <= names
    code, out, _ = run("strategies", "show", "crossover")
    assert code == 0
    for words in ("Source: the TGT QR documentation", "whole number from 2 to 10000", "period"):
        assert words in out
    shown = json.loads(run("strategies", "show", "momentum", "--json")[1])
    assert shown["parameters"]["lookback"]["default"] == 1440


def test_the_rotation_is_shown_with_the_values_of_its_file_and_what_runs_it(run: Run) -> None:
    code, out, _ = run("strategies", "show", "rotation")
    assert code == 0
    for words in ("online ensemble", "rung backtest rotation", "rung mock", "buy_threshold", "lead an outsider needs"):
        assert words in out
    shown = json.loads(run("strategies", "show", "rotation", "--json")[1])
    assert shown["parameters"]["minimum_hold_bars"]["default"] == 5


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("backtest", "rotation"), "no period — give the first and the last day with --from and --to"),
        (("backtest", "rotation", "--timeframe", "5m"), "--timeframe: the rotation trades shares on one-minute bars"),
        (("backtest", "rotation", "--set", "buy_threshold=2"), "buy_threshold = 2 is not allowed"),
        (("backtest", "rotation", "--set", "period=2"), "period"),
        (("backtest", "crossover", "--config", "x.json"), "only the rotation has a file of its own"),
        (("sweep", "rotation", *("--symbol", "A"), "--grid", "buy_threshold=0.6"), "`rung walk-forward rotation`"),
        (("check", "rotation", "--symbol", "A"), "`rung backtest rotation`"),
    ],
)
def test_what_the_rotation_does_not_take_is_refused_with_what_to_do(
    run: Run, words: tuple[str, ...], said: str
) -> None:
    code, _, err = run(*words)
    assert code == 2
    assert said in err
    assert "Traceback" not in err


def test_a_folder_that_takes_no_files_is_refused_before_the_run(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "taken").write_text("a file", "utf-8")
    monkeypatch.setattr("rung.lab.backtesting.run_on", lambda *given: pytest.fail("it ran"))
    code, _, err = run("backtest", "crossover", *COIN, "--out", "taken")
    assert code == 2
    assert "a file is in its place" in err
    assert "name a folder with --out" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("crosover", *COIN), "did you mean crossover?"),
        (("gone.py", *COIN), "gone.py: No such file"),
        (("crossover", "--data", "tapes"), "no symbol"),
        (("crossover", "--symbol", "COINUSD", "--data", "tapes"), "did you mean COINUSDT?"),
        (("crossover", "--symbol", "COINUSDT", "--data", "nowhere"), "there is no such folder"),
        (("crossover", *COIN, "--set", "period=1"), "period = 1 is not allowed: it is a whole number from 2 to 10000"),
        (("crossover", *COIN, "--set", "period"), "'period' sets nothing"),
        (("crossover", *COIN, "--set", "period=4", "--set", "period=5"), "period is set twice"),
        (("crossover", *COIN, "--from", "2031-01-01", "--to", "2031-01-02"), "no bar from 2031-01-01"),
        (("crossover", *COIN, "--from", "yesterday"), "--from: 'yesterday' is not a date"),
        (("crossover", *COIN, "--from", "2025-03-02", "--to", "2025-03-01"), "before it starts"),
        (("crossover", *COIN, "--capital", "much"), "--capital"),
        (("crossover", *COIN, "--costs", "gone.toml"), "gone.toml"),
        (("crossover", *COIN, "--limits", "gone.toml"), "gone.toml"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_two(run: Run, words: tuple[str, ...], said: str) -> None:
    code, out, err = run("backtest", *words)
    assert code == 2
    assert said in err
    assert "Traceback" not in err
    assert out == ""


def test_a_mistake_in_ones_own_file_is_told_with_its_line_and_no_traceback(run: Run, tmp_path: Path) -> None:
    run("strategies", "new", "mine")
    path = tmp_path / "mine.py"
    text = path.read_text("utf-8").replace('self.flat("inside the band")', "self.flat(1 / (close - close))")
    path.write_text(text, encoding="utf-8")
    line = next(n for n, row in enumerate(text.splitlines(), start=1) if "1 / (" in row)
    code, _, err = run("backtest", "mine.py", *COIN)
    assert code == 2
    assert f"mine.py:{line}: ZeroDivisionError" in err
    assert "Mine.decide of COINUSDT at 2025-03" in err
    assert "Traceback" not in err


def test_the_strictest_of_several_limit_files_binds(run: Run, tmp_path: Path) -> None:
    """Half of the account is allowed where the strategy asks for nearly all of it."""
    (tmp_path / "half.toml").write_text("max_symbol_notional_frac = 0.5\nmin_minutes_to_close = 0\n", "utf-8")
    code, _, err = run("backtest", "crossover", *COIN, "--limits", "half.toml")
    assert code == 2
    assert "weight of 0.95 is not within 0 and 0.5, the leverage allowed" in err
    assert run("backtest", "crossover", *COIN, "--limits", "half.toml", "--set", "size=0.4")[0] == 0
