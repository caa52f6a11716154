"""`rung data`: what its five commands print, write, refuse and never show."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.unit.market.made import changed, csv_rows, iso_utc, joined, raw_bars, write

from rung.apps.cli.main import main
from rung.market.calendar import xnys
from rung.market.importers import read_tape
from rung.market.tape import RawBars

CACHE = Path(".rung") / "cache"


@pytest.fixture(scope="module")
def calendar_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("calendar")
    xnys(folder)
    return next(folder.glob("*.npy"))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calendar_file: Path) -> Path:
    """An empty working folder whose calendar is already cached."""
    monkeypatch.chdir(tmp_path)
    CACHE.mkdir(parents=True)
    (CACHE / calendar_file.name).write_bytes(calendar_file.read_bytes())
    for name in ("MASSIVE_API_KEY", "POLYGON_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def csv(path: Path, raw: RawBars) -> Path:
    path.parent.mkdir(exist_ok=True)
    return write(path, csv_rows(raw, [f"{iso_utc(int(ns))}Z" for ns in raw.open_ns]))


def said(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_import_writes_tapes_and_says_what_reading_changed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    csv(here / "in" / "TQQQ_RTH_NH.csv", raw_bars(391))
    csv(here / "in" / "SQQQ_RTH_NH.csv", raw_bars(390))
    write(here / "in" / "_notes.csv", "not bars")
    assert main(["data", "import", "in", "--output", "out", "--json"]) == 0
    rows = {row["symbol"]: row for row in said(capsys)}
    assert rows["TQQQ"]["notes"] == ["left out 1 bar stamped 16:00, after the close"]
    assert (rows["TQQQ"]["bars"], rows["TQQQ"]["outcome"], rows["SQQQ"]["notes"]) == (390, "written", [])
    assert len(read_tape(here / "out" / "TQQQ_1m.parquet")) == 390
    assert main(["data", "import", "in", "--output", "out"]) == 0
    assert "unchanged" in capsys.readouterr().out


def test_import_refuses_to_replace_other_bars_without_force(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    csv(here / "TQQQ_a.csv", raw_bars(390))
    csv(here / "TQQQ_b.csv", raw_bars(380))
    assert main(["data", "import", "TQQQ_a.csv", "TQQQ_b.csv", "--output", "out"]) == 2
    assert "is there already, with other bars — say --force to replace it" in capsys.readouterr().err
    assert main(["data", "import", "TQQQ_b.csv", "--output", "out", "--force"]) == 0
    assert len(read_tape(here / "out" / "TQQQ_1m.parquet")) == 380


def test_a_bad_file_is_one_line_with_its_place_and_nothing_is_written(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    csv(here / "TQQQ_a.csv", changed(raw_bars(390), 7, {"low": -1.0}))
    assert main(["data", "import", "TQQQ_a.csv", "--output", "out"]) == 2
    captured = capsys.readouterr()
    assert captured.err == (
        "rung: TQQQ_a.csv, line 9, column low: is -1, and a price cannot be — "
        "correct or remove that bar: nothing is repaired silently\n"
    )
    assert not (here / "out").exists()


def test_a_missing_file_and_an_empty_folder_are_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "empty").mkdir()
    assert main(["data", "import", "nowhere.csv", "--output", "out"]) == 2
    assert "nowhere.csv: there is no such file" in capsys.readouterr().err
    assert main(["data", "import", "empty", "--output", "out"]) == 2
    assert "holds no .csv, .csv.gz or .parquet" in capsys.readouterr().err


def test_list_shows_every_tape_and_survives_a_broken_one(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    csv(here / "data" / "TQQQ_RTH_NH.csv", raw_bars(390))
    csv(here / "data" / "TQQQ_b.csv", raw_bars(10))
    write(here / "data" / "SPY_1m.parquet", "garbage")
    assert main(["data", "list", "--data", "data", "--json"]) == 0
    spy, tqqq = said(capsys)
    assert "is not a whole Parquet file" in spy["problem"]
    assert (tqqq["bars"], tqqq["interval"], tqqq["synthetic"]) in [(390, "1m", False), (10, "1m", False)]
    assert len(tqqq["not_used"]) == 1
    assert main(["data", "list", "--data", "data"]) == 0
    assert "is not used" in capsys.readouterr().out


def test_an_empty_folder_lists_nothing_and_says_what_to_do(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "data").mkdir()
    assert main(["data", "list", "--data", "data"]) == 0
    assert "no tapes: `rung data import`" in capsys.readouterr().out
    assert main(["data", "verify", "--data", "data"]) == 2
    assert "no tapes to verify" in capsys.readouterr().err


def flawed(here: Path) -> None:
    keep = np.ones(390, dtype=bool)
    keep[40:50] = False
    raw = changed(raw_bars(390), 200, {"high": 51.2}).take(keep)
    csv(here / "data" / "UVXY_RTH_NH.csv", raw)
    csv(here / "data" / "TQQQ_RTH_NH.csv", raw_bars(390))


def test_verify_names_symbol_day_kind_and_time(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flawed(here)
    assert main(["data", "verify", "--data", "data"]) == 0
    shown = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "UVXY 2025-09-16 10:10 halt 10 nothing traded for 10 bars, then trading resumed warning" in shown
    (print_,) = (line for line in shown if "false print" in line)
    assert print_.startswith("UVXY 2025-09-16 12:50 false print 1 1 high, worst 51.2 over a close of ")
    assert not [line for line in shown if line.startswith("TQQQ") and "warning" in line]


def test_verify_as_json_holds_everything(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flawed(here)
    assert main(["data", "verify", "--data", "data", "--json"]) == 0
    calm, wild = said(capsys)["tapes"]
    assert (calm["symbol"], calm["findings"], calm["warnings"], calm["missing_bars"]) == ("TQQQ", [], [], 0)
    assert [(f["kind"], f["date"], f["first"], f["count"], f["severity"]) for f in wild["findings"]] == [
        ("halt", "2025-09-16", "10:10", 10, "warning"),
        ("false print", "2025-09-16", "12:50", 1, "warning"),
    ]
    assert wild["flagged_minutes"] == [wild["findings"][1]["first_ns"]]
    assert wild["missing_bars"] == 10


def test_verify_takes_symbols_and_refuses_unknown_ones(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flawed(here)
    assert main(["data", "verify", "--data", "data", "--symbols", "tqqq", "--json"]) == 0
    assert [tape["symbol"] for tape in said(capsys)["tapes"]] == ["TQQQ"]
    assert main(["data", "verify", "--data", "data", "--symbols", "TQQ"]) == 2
    assert "did you mean TQQQ?" in capsys.readouterr().err


def test_strict_fails_on_errors_only(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flawed(here)
    assert main(["data", "verify", "--data", "data", "--strict"]) == 0
    csv(here / "data" / "SPY_RTH_NH.csv", joined(raw_bars(30), raw_bars(np.array([28]))))
    assert main(["data", "verify", "--data", "data"]) == 0
    assert main(["data", "verify", "--data", "data", "--strict"]) == 1
    shown = capsys.readouterr().out
    assert "duplicate" in shown
    assert "SPY_RTH_NH.csv, line 32" in shown


def test_many_findings_of_a_kind_are_folded_unless_all_are_asked_for(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    day = 86_400_000_000_000
    thin = np.arange(390) % 10 != 3
    raw = joined(*(raw_bars(390).take(thin).shifted(n * day) for n in (0, 1, 2, 3)))
    csv(here / "data" / "SVXY_RTH_NH.csv", raw)
    assert main(["data", "verify", "--data", "data"]) == 0
    assert "4 days" in capsys.readouterr().out
    assert main(["data", "verify", "--data", "data", "--all"]) == 0
    shown = capsys.readouterr().out
    assert all(f"2025-09-{date}" in shown for date in (16, 17, 18, 19))


def test_synth_invents_a_labelled_market_the_same_every_time(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["data", "synth", "--days", "2", "--seed", "3", "--json", "--output"]
    assert main([*words, "a"]) == 0
    first = said(capsys)
    assert main([*words, "b"]) == 0
    second = said(capsys)
    assert first["synthetic"] is second["synthetic"] is True
    assert [tape["content_id"] for tape in first["tapes"]] == [tape["content_id"] for tape in second["tapes"]]
    for path in sorted((here / "a").iterdir()):
        assert path.read_bytes() == (here / "b" / path.name).read_bytes()
        assert read_tape(path).synthetic
    assert main(["data", "list", "--data", "a"]) == 0
    assert capsys.readouterr().out.count("SYNTHETIC seed=3") == 6


def test_synth_never_replaces_real_bars(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    csv(here / "TQQQ_a.csv", raw_bars(390))
    assert main(["data", "import", "TQQQ_a.csv", "--output", "out"]) == 0
    before = (here / "out" / "TQQQ_1m.parquet").read_bytes()
    assert main(["data", "synth", "--output", "out", "--days", "2"]) == 2
    assert "must not replace" in capsys.readouterr().err
    assert (here / "out" / "TQQQ_1m.parquet").read_bytes() == before


DOWNLOAD = ["data", "download", "--start-date", "2025-06-27", "--end-date", "2025-07-03", "--output", "out"]


def test_download_without_a_key_says_which_variable_to_set(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*DOWNLOAD, "--symbols", "TQQQ"]) == 2
    assert "MASSIVE_API_KEY or POLYGON_API_KEY: no key — set one of them" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--symbols", "../TQQQ"], "is not a symbol"),
        (["--symbols", " "], "no symbols"),
        (["--symbols", "TQQQ", "--base-url", "http://example.com"], "the key would travel in the open"),
        (["--symbols", "TQQQ", "--end-date", "2025-01-01"], "is before --start-date"),
        (["--symbols", "TQQQ", "--start-date", "soon"], "is not a date"),
    ],
)
def test_download_refuses_what_cannot_be_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], problem: str
) -> None:
    monkeypatch.setenv("POLYGON_API_KEY", "canary-key")
    assert main([*DOWNLOAD, *words]) == 2
    captured = capsys.readouterr()
    assert problem in captured.err
    assert "canary-key" not in captured.out + captured.err


def test_download_does_not_replace_a_tape_unasked(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MASSIVE_API_KEY", "canary-key")
    write_to = here / "out" / "TQQQ_1m.parquet"
    write_to.parent.mkdir()
    write(write_to, "whatever")
    assert main([*DOWNLOAD, "--symbols", "TQQQ"]) == 2
    assert "is there already — say --force" in capsys.readouterr().err
    assert write_to.read_text("utf-8") == "whatever"


def test_the_help_of_every_command_loads_nothing_heavy() -> None:
    code = (
        "import sys; from rung.apps.cli.main import main\n"
        "for words in ([], ['import'], ['list'], ['verify'], ['synth'], ['download']):\n"
        "    main(['data', *words, '--help'])\n"
        "heavy = {'numpy', 'polars', 'pandas', 'massive', 'exchange_calendars', 'urllib3'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    for name in ("--output", "--strict", "--days", "--base-url"):
        assert name in run.stdout
