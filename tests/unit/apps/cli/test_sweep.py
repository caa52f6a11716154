"""`rung sweep` as a person uses it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from rung.apps.cli.main import main
from rung.lab import invented_tapes
from rung.market.tape_file import write_tape

Run = Callable[..., tuple[int, str, str]]
PLACE = ("--data", "tapes", "--costs", "costs.toml", "--out", "out", "--workers", "1")


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """One command line in a folder with two invented days of two coins in `tapes`: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tapes").mkdir()
    for seed, symbol in enumerate(("AAAUSDT", "BBBUSDT")):
        (tape,) = invented_tapes(symbol, days=2, seed=seed)
        write_tape(tape, tmp_path / "tapes" / f"{symbol}_1m.parquet")

    shipped = (Path(__file__).resolve().parents[4] / "config" / "costs_crypto.toml").read_text("utf-8")
    (tmp_path / "costs.toml").write_text(shipped.replace("annual_bps = 1500", "annual_bps = 0"), "utf-8")

    def call(*words: str) -> tuple[int, str, str]:
        code = main(("sweep", "crossover", *words, *PLACE))
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def test_the_command_of_the_issue_leaves_tables_files_and_heat_maps(run: Run, tmp_path: Path) -> None:
    code, out, err = run(
        "--grid", "ma=20:80:20", "--grid", "threshold_pct=0.05,0.1,0.2,0.5", "--symbols", "AAAUSDT", "BBBUSDT"
    )
    assert code == 0, err
    assert "32 combinations (2 symbols × 16); about" in err
    for words in ("the best 10 of 32", "The worst 10", "compiled twin", "the twin has no gates", "tried", "Honestly: "):
        assert words in out
    rows = pl.read_csv(tmp_path / "out" / "strategy_optimization_results.csv")
    assert len(rows) == 32
    assert rows["symbol"].unique().sort().to_list() == ["AAAUSDT", "BBBUSDT"]
    assert pl.read_parquet(tmp_path / "out" / "sweep.parquet")["total_return_frac"].is_sorted(descending=True)
    page = (tmp_path / "out" / "heat_map.html").read_text("utf-8")
    assert page.count('<div id="map') == 2
    assert "Invented bars: no evidence of anything." in page
    assert (tmp_path / ".rung" / "trials.sqlite").exists()


def test_json_is_the_summary_that_is_written(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("--grid", "period=20,40", "--symbols", "AAAUSDT", "--json")
    assert code == 0
    said = json.loads(out)
    assert said == json.loads((tmp_path / "out" / "sweep.json").read_text("utf-8"))
    assert (len(said["rows"]), said["ran"], said["tried"], said["new"]) == (2, 2, 2, 2)
    assert not (tmp_path / "out" / "heat_map.html").exists()


def test_a_second_run_does_nothing_twice(run: Run) -> None:
    words = ("--grid", "period=20,40", "--symbols", "AAAUSDT")
    first = run(*words)[1]
    code, out, err = run(*words)
    assert code == 0
    assert "2 combinations, 2 of them done before" in err
    assert out == first.replace("2 of them new", "0 of them new")


def test_the_desk_can_be_asked_for(run: Run) -> None:
    code, out, _ = run("--grid", "period=20", "--symbols", "AAAUSDT", "--desk")
    assert code == 0
    assert "desk with gates for 1: the desk was asked for" in out
    assert "the twin has no gates" not in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--symbols", "AAAUSDT"), "the grid is empty"),
        (("--grid", "perod=20", "--symbols", "AAAUSDT"), "did you mean period"),
        (("--grid", "period=80:20:20", "--symbols", "AAAUSDT"), "the grid is empty"),
        (("--grid", "band=0.6", "--symbols", "AAAUSDT"), "from 0 to 0.5"),
        (("--grid", "period=20"), "no symbol"),
        (("--grid", "period=20", "--symbols", "AAAUSDT,CCCUSDT"), "CCCUSDT"),
        (("--grid", "period=20", "--symbols", "AAAUSDT", "--from", "2031-01-01"), "2031-01-01"),
        (("--grid", "band=0:0.5:0.000001", "--grid", "period=2:9:1", "--symbols", "AAAUSDT"), "would take about"),
    ],
)
def test_what_cannot_be_swept_is_one_clear_line(run: Run, words: tuple[str, ...], said: str) -> None:
    code, out, err = run(*words)
    assert code == 2
    assert said in err.replace("\n", " ")
    assert "Traceback" not in err + out
