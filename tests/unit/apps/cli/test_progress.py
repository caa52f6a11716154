"""Long work that is stopped: what is kept, and how it goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from rung.apps.cli.main import main
from rung.apps.cli.progress import resumable, stopped_words
from rung.lab import invented_tapes
from rung.lab.campaign import Inline
from rung.market.tape_file import write_tape


@pytest.mark.parametrize(
    ("kept", "done", "total", "said"),
    [
        (Path("out"), 132, 4_001, "stopped: 132 of 4,001 parts are kept in out; the same command goes on from there"),
        (Path("out"), 0, 7, "stopped: 0 of 7 parts are kept yet; the same command begins again"),
        (Path("out"), 0, 0, "stopped: no parts are kept yet; the same command begins again"),
        (None, 3, 7, "stopped after 3 of 7 parts, and nothing keeps them: with --out FOLDER the same command would go "
         "on from there"),
    ],
)  # fmt: skip
def test_it_says_how_many_are_kept_and_how_to_go_on(kept: Path | None, done: int, total: int, said: str) -> None:
    assert stopped_words(kept, "parts", done, total) == said


def test_only_a_stop_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    def failing() -> None:
        with resumable(None, "runs") as move:
            move("running", 1, 2)
            raise ValueError("else")

    with pytest.raises(ValueError, match="else"):
        failing()
    assert "stopped" not in capsys.readouterr().err


def test_a_stopped_sweep_says_so_and_the_same_command_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tape,) = invented_tapes("COINUSDT", days=1)
    write_tape(tape, tmp_path / "COINUSDT_1m.parquet")
    words = (
        "sweep", "crossover", "--symbols", "COINUSDT", "--data", ".", "--grid", "period=10,20,30", "--desk",
        "--workers", "1", "--out", "out",
    )  # fmt: skip
    inline = Inline.run

    def stopping(self, work, tasks):  # type: ignore[no-untyped-def]
        yield next(inline(self, work, tasks))
        raise KeyboardInterrupt

    monkeypatch.setattr(Inline, "run", stopping)
    assert main(words) == 130
    assert "stopped: 1 of 3 parts are kept in out; the same command goes on from there" in capsys.readouterr().err
    monkeypatch.setattr(Inline, "run", inline)
    assert main(words) == 0
    assert "3 combinations, 1 of them done before" in capsys.readouterr().err
