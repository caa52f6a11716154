"""`rung risk`, `rung kill`, `rung resume`, `rung profile` as a person uses them."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.unit.risk import made

from rung.adapters.state.kill_switch import FileKillSwitch
from rung.adapters.state.risk_file import RearmBox, RiskFile
from rung.apps.cli.main import main
from rung.apps.limit_files import load_limits
from rung.domain.clock import ManualClock
from rung.risk.gateway import build_latches
from rung.risk.latch import LatchFacts
from rung.risk.memory import remembered, snapshot

ROOT = Path(__file__).resolve().parents[4]
GATE = ROOT / "config" / "risk" / "safety_gate.toml"
SCREEN = ROOT / "config" / "risk" / "screen.toml"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def run(state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """One command line in an empty working folder: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("RUNG_STATE", str(state))
    monkeypatch.setenv("COLUMNS", "200")

    def call(*words: str) -> tuple[int, str, str]:
        code = main(words)
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def stored(state: Path, *, equity: str) -> None:
    """What a desk on the safety gate leaves behind after its equity moved from 100,000 to `equity`."""
    latches = build_latches(load_limits([GATE], None).effective)
    for number, value in enumerate((Decimal(100_000), Decimal(equity))):
        at_ns = made.NOON_NS + number
        latches.tick(LatchFacts(at_ns=at_ns, session=made.SESSION, equity_quote=value))
    account = made.account(made.position(quantity="150"), equity=Decimal(equity))
    RiskFile(state, "main").save(remembered((), latches), snapshot(account))


# --- risk show --------------------------------------------------------------------------------------------------------


def test_the_effective_limits_are_shown_with_origin_and_no_invented_usage(run: Run) -> None:
    code, out, _ = run("risk", "show")
    assert code == 0
    assert "screen.toml" in out
    assert "no data" in out
    assert "state folder  none at" in out
    assert "kill switch" not in out


def test_the_strictest_of_several_sets_is_shown_with_todays_usage(run: Run, state: Path) -> None:
    stored(state, equity="99000")
    code, out, _ = run("risk", "show", "--limits", str(SCREEN), "--limits", str(GATE), "--json")
    shown = json.loads(out)
    rows = {row["name"]: row for row in shown["limits"]}
    assert code == 0
    assert rows["max_symbol_notional_frac"]["origin"] == "safety_gate.toml"
    assert rows["max_symbol_notional_frac"]["used_frac"] == pytest.approx(15_000 / 99_000 / 0.2)
    assert rows["max_positions"]["used"] == "1"
    assert rows["daily_loss (session)"]["used_frac"] == pytest.approx(0.5)
    assert shown["tripped"].keys() == {"safety_gate.toml.hourly_loss"}
    assert shown["trading_state"] == "CLOSE_ONLY"


def test_tripped_latches_say_why_and_when_they_open(run: Run, state: Path) -> None:
    stored(state, equity="89000")
    _, out, _ = run("risk", "show", "--limits", str(GATE))
    assert "trading state HALTED" in out
    assert "drawdown_kill is 11 % below the peak" in out
    assert "by `rung resume --latch`" in out
    assert "from 2025-09-16T17:00:00+00:00" in out


def test_dollar_limits_are_shown_in_money(run: Run, state: Path) -> None:
    stored(state, equity="99000")
    ultra = str(ROOT / "config" / "risk" / "ultra_conservative.toml")
    rows = {row["name"]: row for row in json.loads(run("risk", "show", "--limits", ultra, "--json")[1])["limits"]}
    assert rows["max_trade_margin_quote"]["limit"] == "0.5"
    assert rows["daily_loss (day)"]["limit"] == "5.0 quote"


# --- risk check -------------------------------------------------------------------------------------------------------

SOUND: dict[str, Any] = {
    "symbol": "TQQQ",
    "side": "BUY",
    "quantity": 300,
    "reference_price": 100,
    "stop_frac": 0.02,
    "account": {"equity_quote": 100000},
    "market": {"open": 100, "high": 100.1, "low": 99.9, "close": 100, "volume": 50000},
}


def ask(run: Run, tmp_path: Path, question: dict[str, Any], *words: str) -> tuple[int, dict[str, Any], str]:
    path = tmp_path / "order.json"
    path.write_text(json.dumps(question))
    code, out, err = run("risk", "check", str(path), "--json", *words)
    return code, json.loads(out) if out else {}, err


def test_a_sound_order_is_approved_and_nothing_is_kept(run: Run, tmp_path: Path, state: Path) -> None:
    code, answer, _ = ask(run, tmp_path, SOUND)
    assert code == 0
    assert answer["approved"]
    assert answer["violations"] == []
    assert not state.exists()


def test_a_refusal_is_exit_code_one_and_offers_what_would_pass(run: Run, tmp_path: Path) -> None:
    code, answer, _ = ask(run, tmp_path, {**SOUND, "quantity": 500})
    assert code == 1
    (violation,) = answer["violations"]
    assert violation["kind"] == "per_symbol_notional_exceeded"
    assert violation["offer"] == "quantity 400"


def test_what_the_file_does_not_say_refuses(run: Run, tmp_path: Path) -> None:
    without = {key: value for key, value in SOUND.items() if key not in ("market", "stop_frac")}
    code, answer, _ = ask(run, tmp_path, without)
    assert code == 1
    assert {"stale_market_data", "missing_stop_loss"} <= {v["kind"] for v in answer["violations"]}


def test_without_any_account_there_is_nothing_to_judge(run: Run, tmp_path: Path) -> None:
    code, _, err = ask(run, tmp_path, {key: value for key, value in SOUND.items() if key != "account"})
    assert code == 2
    assert "no account" in err


def test_the_account_of_the_desk_its_latches_and_the_switches_count(run: Run, tmp_path: Path, state: Path) -> None:
    stored(state, equity="89000")
    question = {key: value for key, value in SOUND.items() if key != "account"}
    _, answer, _ = ask(run, tmp_path, question, "--limits", str(SCREEN), "--limits", str(GATE))
    assert "max_drawdown_exceeded" in {v["kind"] for v in answer["violations"]}
    (tmp_path / ".maintenance_mode").touch()
    _, answer, _ = ask(run, tmp_path, SOUND)
    assert [v["kind"] for v in answer["violations"]] == ["maintenance_mode_active"]


def test_an_exit_passes_even_when_everything_is_killed(run: Run, tmp_path: Path) -> None:
    run("kill", "--reason", "test")
    leave = {
        **SOUND,
        "side": "SELL",
        "reduce_only": True,
        "account": {"equity_quote": 100000, "positions": {"TQQQ": {"quantity": 300, "mark_price": 100}}},
    }
    assert ask(run, tmp_path, leave)[0] == 0
    code, answer, _ = ask(run, tmp_path, SOUND)
    assert code == 1
    assert [v["kind"] for v in answer["violations"]] == ["kill_switch_active"]


def test_a_misspelt_key_of_an_order_is_a_mistake_with_a_suggestion(run: Run, tmp_path: Path) -> None:
    code, _, err = ask(run, tmp_path, {**SOUND, "quantty": 3})
    assert code == 2
    assert "quantity" in err


# --- kill and resume --------------------------------------------------------------------------------------------------


def test_kill_and_resume_need_no_desk(run: Run, state: Path) -> None:
    code, out, _ = run("kill", "--flatten", "--reason", "it trades nonsense")
    assert code == 0
    assert "ON: it trades nonsense" in out
    switch = FileKillSwitch(state, ManualClock(1), triggers=[])
    assert switch.read().flatten
    assert "it trades nonsense" in run("risk", "show")[1]
    assert run("resume", "--reason", "fixed the sign")[0] == 0
    assert not switch.read().on


def test_a_kill_asks_no_questions(run: Run, state: Path) -> None:
    assert run("kill")[0] == 0
    assert FileKillSwitch(state, ManualClock(1), triggers=[]).read().on


def test_a_resume_without_reason_or_without_a_kill_is_a_mistake(run: Run) -> None:
    run("kill")
    assert run("resume")[0] == 2
    assert run("resume", "--reason", "x")[0] == 0
    code, _, err = run("resume", "--reason", "x")
    assert code == 2
    assert "not on" in err


def test_a_latch_is_re_armed_through_a_wish_the_desk_takes(run: Run, state: Path) -> None:
    stored(state, equity="89000")
    name = "safety_gate.toml.drawdown_kill"
    assert run("resume", "--latch", name, "--reason", "new parameters")[0] == 0
    (wish,) = RearmBox(state, "main").take()
    assert (wish.latch, wish.reason) == (name, "new parameters")
    assert wish.person


def test_a_latch_that_is_not_tripped_cannot_be_re_armed(run: Run, state: Path) -> None:
    stored(state, equity="99000")
    code, _, err = run("resume", "--latch", "drawdown", "--reason", "x")
    assert code == 2
    assert "tripped now: safety_gate.toml.hourly_loss" in err


# --- profiles ---------------------------------------------------------------------------------------------------------


def test_profiles_are_listed_with_their_accounts(run: Run) -> None:
    run("profile", "set", "main", "micro", "--reason", "first money")
    out = run("profile", "list")[1]
    assert [name in out for name in ("micro", "low", "normal", "aggressive", "main")] == [True] * 5
    assert json.loads(run("profile", "list", "--json")[1])["accounts"]["main"]["reason"] == "first money"


def test_a_profile_is_climbed_one_step_at_a_time_with_a_reason(run: Run) -> None:
    assert run("profile", "set", "main", "low", "--reason", "x")[0] == 2
    assert run("profile", "set", "main", "micro")[0] == 2
    assert run("profile", "set", "main", "micro", "--reason", "x")[0] == 0
    assert run("profile", "set", "main", "low", "--reason", "x")[0] == 0
    assert run("profile", "set", "main", "aggressive", "--reason", "x")[0] == 2
    assert run("profile", "set", "main", "micro")[0] == 0


def test_a_profile_binds_the_account_that_has_it(run: Run) -> None:
    run("profile", "set", "main", "micro", "--reason", "x")
    rows = {row["name"]: row for row in json.loads(run("risk", "show", "--json")[1])["limits"]}
    assert rows["max_positions"] == {
        "name": "max_positions", "limit": "2", "origin": "profile micro", "used": None, "used_frac": None,
    }  # fmt: skip


def test_a_profile_is_shown_by_its_name_or_by_its_account(run: Run) -> None:
    run("profile", "set", "main", "micro", "--reason", "x")
    by_name = json.loads(run("profile", "show", "micro", "--json")[1])
    by_account = json.loads(run("profile", "show", "main", "--json")[1])
    assert by_name["limits"] == by_account["limits"]
    assert by_name["neighbours"] == {"more careful": None, "bolder": "low"}
    assert by_account["account"]["reason"] == "x"
    assert "allowed_leverage" in run("profile", "show", "low")[1]


@pytest.mark.parametrize("words", [("show", "bold"), ("set", "main", "bold", "--reason", "x"), ("set", "a/b", "micro")])
def test_an_unknown_profile_or_a_name_that_is_none_is_a_mistake(run: Run, words: tuple[str, ...]) -> None:
    assert run("profile", *words)[0] == 2
