"""`rung walk-forward` and `rung tune` as a person uses them, right and wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from rung.apps.cli.main import main
from rung.lab import invented_tapes
from rung.market.tape_file import write_tape

Run = Callable[..., tuple[int, str, str]]
COIN = ("crossover", "--symbol", "COINUSDT", "--data", "tapes", "--workers", "1")
CROSS = ("walk-forward", *COIN, "--grid", "band=0.001,0.002", "--scheme", "cpcv")


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """One command line in a folder with five invented days of COINUSDT: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    (tape,) = invented_tapes("COINUSDT", days=5)
    (tmp_path / "tapes").mkdir()
    write_tape(tape, tmp_path / "tapes" / "COINUSDT_1m.parquet")

    def call(*words: str) -> tuple[int, str, str]:
        code = main(words)
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def test_the_walk_prints_both_sides_and_writes_what_it_prints(run: Run, tmp_path: Path) -> None:
    words = (
        "--grid",
        "band=0.001,0.004",
        "--train-days",
        "2",
        "--test-days",
        "2",
        "--select",
        "return",
        "--out",
        "walked",
    )
    code, out, err = run("walk-forward", *COIN, *words)
    assert code == 0, err
    for part in ("in sample", "out of sample", "costs × 3", "Honestly: An invented market", "2 combinations"):
        assert part in out
    again = run("walk-forward", *COIN, *words, "--json")[1]
    written = json.loads((tmp_path / "walked" / "walk_forward.json").read_text("utf-8"))
    assert json.loads(again) == written
    assert written["trials"] == {"combinations": 2, "counted": 2, "ever": 3, "looks": 1}
    assert [row["date"] for row in written["days"]] == ["2025-03-03", "2025-03-04"]
    assert written["unjudged"] == ["2025-03-05"]
    said = "left over   2025-03-05: 1 day is judged by nobody, since it does not fill another test of 2 days"
    assert said in out
    assert (tmp_path / ".rung" / "trials.sqlite").exists()


def test_a_cross_validation_prints_its_paths_and_writes_what_it_prints(run: Run, tmp_path: Path) -> None:
    words = (
        "--grid",
        "band=0.001,0.004",
        "--scheme",
        "cpcv",
        "--groups",
        "5",
        "--test-groups",
        "2",
        "--out",
        "crossed",
    )
    code, out, err = run("walk-forward", *COIN, *words)
    assert code == 0, err
    for part in ("10 combinations of groups", "of the paths out of sample", "paths lie below zero", "2 sets of values"):
        assert part in out
    again = run("walk-forward", *COIN, *words, "--json")[1]
    written = json.loads((tmp_path / "crossed" / "walk_forward.json").read_text("utf-8"))
    assert json.loads(again) == written
    assert written["trials"] == {"combinations": 2, "counted": 2, "ever": 3, "looks": 1}
    assert (len(written["combinations"]), len(written["paths"]), len(written["days"]["paths"])) == (10, 4, 4)
    assert written["days"]["dates"] == [f"2025-03-0{day}" for day in range(1, 6)]
    assert written["sharpe_of_paths"]["count"] == 4
    for path, row in zip(written["paths"], written["days"]["paths"], strict=True):
        total = 1.0
        for value in row:
            total *= 1.0 + value
        assert path["total_frac"] == pytest.approx(total - 1.0)


def test_the_search_writes_its_result_and_goes_on_where_it_was(run: Run, tmp_path: Path) -> None:
    words = ("--grid", "band=0.001,0.004", "--train-days", "1", "--test-days", "1", "--holdout-days", "1")
    code, out, err = run("tune", *COIN, *words, "--trials", "2", "--out", "tuned")
    assert code == 0, err
    assert "held out    2025-03-05 to 2025-03-05" in out
    code, _, err = run("tune", *COIN, *words, "--trials", "3", "--out", "tuned")
    assert code == 0, err
    said = json.loads((tmp_path / "tuned" / "tune.json").read_text("utf-8"))
    assert said["trials"]["asked"] == 3
    assert len(said["tried"]) == len({each["values"]["band"] for each in said["tried"]})


def test_a_search_that_goes_on_beside_an_empty_trial_book_is_counted_whole(run: Run, tmp_path: Path) -> None:
    words = ("--grid", "band=0.001,0.004", "--train-days", "1", "--test-days", "1", "--holdout-days", "1")
    assert run("tune", *COIN, *words, "--trials", "2", "--out", "tuned")[0] == 0
    (tmp_path / ".rung" / "trials.sqlite").unlink()
    code, out, err = run("tune", *COIN, *words, "--trials", "2", "--out", "tuned", "--json")
    assert code == 0, err
    tried = {tuple(each["values"].items()) for each in json.loads(out)["tried"]}
    assert json.loads(out)["trials"]["counted"] == len(tried) >= 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("walk-forward", *COIN), "the grid is empty"),
        (("walk-forward", *COIN, "--grid", "bandd=1,2"), "did you mean band?"),
        (("walk-forward", *COIN, "--grid", "band=0.001"), "5 days are too short for one window: 25 are needed"),
        (("walk-forward", *COIN, "--grid", "band=0.001", "--select", "luck"), "is no way to choose"),
        ((*CROSS, "--groups", "1"), "2 of 1 groups cannot judge"),
        ((*CROSS, "--groups", "2"), "2 of 2 groups cannot judge"),
        ((*CROSS, "--groups", "6"), "5 days are too few for 6 groups"),
        ((*CROSS, "--groups", "40", "--test-groups", "20"), "are 137,846,528,820 combinations, more than 20,000"),
        ((*CROSS, "--groups", "5", "--test-groups", "4"), "leaves 1 of 5 days to choose on"),
        ((*CROSS, "--train-days", "3", "--anchored"), "the scheme cpcv has no --train-days or --anchored"),
        ((*CROSS[:-1], "walk", "--groups", "3"), "the scheme walk has no --groups"),
        ((*CROSS[:-1], "kfold"), "'kfold' is no scheme"),
        (("tune", *COIN, "--grid", "band=0.001,0.002"), "5 days are too few: 30 are needed"),
        (("tune", *COIN), "the grid is empty"),
        (("tune", *COIN, "--grid", "band=0.1", "--months", "1", "--holdout-days", "2"), "were both given"),
        (("tune", *COIN, "--grid", "band=0.1", "--write", "x.json"), "only the rotation has a file to write"),
        (("tune", "rotation", "--start-date", "2025-07-01", "--end-date", "2025-07-02", "--write",
          "config/rotation_strategy.json"), "tuning never overwrites it"),
        (("tune", "rotation"), "no period"),
        (("walk-forward", *COIN, "--grid", "band=0.1", "--out", "tapes/COINUSDT_1m.parquet"), "a file is in its place"),
        (("tune", *COIN, "--grid", "band=0.1", "--out", "tapes/COINUSDT_1m.parquet"), "a file is in its place"),
        (("sweep", *COIN, "--grid", "band=0.1", "--out", "tapes/COINUSDT_1m.parquet"), "a file is in its place"),
        (("walk-forward", *COIN, "--grid", "band=0.1", "--cluster", "tcp://127.0.0.1:1"), "there is no cluster"),
        (("tune", *COIN, "--grid", "band=0.1", "--cluster", "tcp://127.0.0.1:1"), "there is no cluster"),
        (("sweep", *COIN, "--grid", "band=0.1", "--cluster", "tcp://127.0.0.1:1"), "there is no cluster"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_told_without_a_traceback(run: Run, words: tuple[str, ...], told: str) -> None:
    code, _, err = run(*words)
    assert code == 2
    assert told in err
    assert "Traceback" not in err
    assert not Path(".rung/trials.sqlite").exists()
