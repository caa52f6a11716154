"""SessionFiles: five files per session that can always be read, and say what happened to the cent."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.unit.reports.small_disk import largest_file
from tests.unit.reports.stream import CAPITAL, about, busy_run, small_run

from rung.domain.charge import Charge, ChargeKind
from rung.domain.errors import UserError
from rung.domain.fill import Fill, Trigger
from rung.domain.order import Side
from rung.domain.step import Step
from rung.domain.target import Action
from rung.ledger.ledger import Ledger
from rung.reports.sessions import KINDS, SessionFiles, session_file

DATES = ("2025-09-15", "2025-09-16")


def write_small_run(folder: Path, *, flush_every_steps: int = 1, stop_after: int = 0) -> None:
    """The small run into `folder`; Ctrl+C after `stop_after` steps when it is given."""
    with SessionFiles(folder, about(), flush_every_steps=flush_every_steps) as session_files:
        for step in small_run():
            session_files.see(step)
            if step.seq == stop_after:
                raise KeyboardInterrupt


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The session files of the small run."""
    out = tmp_path_factory.mktemp("small")
    write_small_run(out)
    return out


def lines(folder: Path, kind: str, date: str) -> list[dict]:
    text = session_file(folder, kind, date).read_text("utf-8")
    return [json.loads(line, parse_float=Decimal) for line in text.splitlines()]


def test_five_files_per_session_and_nothing_else(folder: Path) -> None:
    wanted = {session_file(folder, kind, date).name for kind in KINDS for date in DATES}
    assert {path.name for path in folder.iterdir()} == wanted


def test_every_line_says_when_it_became_known(folder: Path) -> None:
    for kind in ("signals", "decisions", "trades", "positions"):
        for line in lines(folder, kind, DATES[0]):
            assert line["bar_id"] == line["timestamp_ms"] // 60_000


def test_trades_are_the_fills_with_names_and_exact_money(folder: Path) -> None:
    fills = [f for s in small_run() for f in s.fills]
    written = [line for date in DATES for line in lines(folder, "trades", date)]
    assert len(written) == len(fills)
    for line, fill in zip(written, fills, strict=True):
        assert line["timestamp_ms"] == fill.at_ns // 1_000_000
        assert (line["symbol"], line["decision"], line["trigger"]) == (
            fill.symbol,
            fill.action.value,
            fill.trigger.value,
        )
        assert line["exec_price"] == line["price"] == fill.price
        assert (line["shares"], line["value"]) == (fill.quantity, fill.value_quote)
        assert (line["fees"], line["slippage"]) == (fill.fee_quote, fill.slippage_quote)
        assert (line["action"] == "EXIT") is fill.closes


def test_cash_after_each_trade_follows_from_the_trades_before(folder: Path) -> None:
    cash = CAPITAL
    for date in DATES:
        for line in lines(folder, "trades", date):
            buys = (line["action"] == "ENTRY") is (line["direction"] == "LONG")
            cash += (-line["value"] if buys else line["value"]) - line["fees"]
            assert line["cash"] == cash


def test_profits_add_up_to_the_change_of_equity(folder: Path) -> None:
    realised = sum(line["pnl"] for date in DATES for line in lines(folder, "trades", date))
    last = lines(folder, "positions", DATES[1])[-1]
    assert last["positions"] == []
    assert realised == last["current_equity"] - CAPITAL


def test_the_filter_of_the_source_document_finds_losing_exits_only(folder: Path) -> None:
    """`jq 'select(.pnl_pct < -0.01)'`: in jq null sorts before numbers, so an entry must not lack the field."""
    every = [line for date in DATES for line in lines(folder, "trades", date)]
    assert all("pnl_pct" in line for line in every)
    losing = [line for line in every if line["pnl_pct"] < Decimal("-0.004")]
    assert losing
    assert {line["action"] for line in losing} == {"EXIT"}
    assert all(isinstance(line["pnl_pct"], (Decimal, int)) for line in every)


def test_an_entry_carries_the_belief_its_order_was_approved_on(folder: Path) -> None:
    first = lines(folder, "trades", DATES[0])[0]
    believed = next(s for s in list(islice(small_run(), 3))[-1].signals if s.symbol == "AAA")
    assert float(first["signal_confidence"]) == believed.confidence
    assert (float(first["signal_probability"]), first["signal_rank"]) == (believed.probability, believed.rank)


def test_a_decision_names_what_its_order_was_refused_for(folder: Path) -> None:
    refused = [line for line in lines(folder, "decisions", DATES[0]) if "refused" in line]
    assert [line["symbol"] for line in refused] == ["BBB"]
    assert refused[0]["refused"] == ["per_symbol_notional_exceeded", "open_positions_exceeded"]
    assert refused[0]["decision"] == "ENTER_LONG"


def test_every_slice_has_a_snapshot_that_agrees_with_the_account(folder: Path) -> None:
    written = [line for date in DATES for line in lines(folder, "positions", date)]
    for line, step in zip(written, small_run(), strict=True):
        account = step.account
        assert line["current_equity"] == account.equity_quote
        assert line["cash"] == account.cash_quote
        assert {p["symbol"]: p["shares"] for p in line["positions"]} == {
            s: abs(p.quantity) for s, p in account.positions.items()
        }
        unrealised = sum((p.unrealised_quote for p in account.positions.values()), Decimal(0))
        assert line["total_unrealized_pnl"] == unrealised
    assert [line["bar"] for line in written[:40]] == list(range(40))


def test_an_average_price_is_written_short(folder: Path) -> None:
    for line in lines(folder, "positions", DATES[0]):
        for position in line["positions"]:
            assert len(str(position["entry_price"])) <= 12


def test_grep_mrd_finds_each_day(folder: Path) -> None:
    for count, date in enumerate(DATES, start=1):
        text = session_file(folder, "session", date).read_text("utf-8")
        found = [line for line in text.splitlines() if "MRD" in line]
        assert len(found) == 1
        assert f"over {count} day" in found[0]


def test_the_log_tells_the_day_in_order(folder: Path) -> None:
    text = session_file(folder, "session", DATES[0]).read_text("utf-8")
    words = [line.split()[2] for line in text.splitlines() if not line.startswith("#")]
    assert words[0] == "OPEN"
    assert words[-2:] == ["CLOSE", "MRD"]
    assert Counter(words) == {"OPEN": 1, "ENTRY": 3, "EXIT": 4, "REFUSED": 1, "EOD": 1, "CLOSE": 1, "MRD": 1}
    stamps = [line[:16] for line in text.splitlines() if not line.startswith("#")]
    assert stamps == sorted(stamps)


def test_a_long_session_says_mrd_every_hour(tmp_path: Path) -> None:
    with SessionFiles(tmp_path, about()) as session_files:
        for step in busy_run(days=1, bars=130):
            session_files.see(step)
    text = session_file(tmp_path, "session", DATES[0]).read_text("utf-8")
    assert sum("so far" in line for line in text.splitlines()) == 2


def test_synthetic_data_is_marked_in_every_file_of_lines_that_counts(tmp_path: Path) -> None:
    with SessionFiles(tmp_path, about(synthetic=True)) as session_files:
        for step in islice(small_run(), 5):
            session_files.see(step)
    assert session_file(tmp_path, "session", DATES[0]).read_text("utf-8").startswith("# SYNTHETIC DATA")
    assert all(line["synthetic"] is True for line in lines(tmp_path, "positions", DATES[0]))


def test_a_session_is_partial_until_it_is_over(tmp_path: Path) -> None:
    session_files = SessionFiles(tmp_path, about())
    for step in islice(small_run(), 41):
        session_files.see(step)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {session_file(tmp_path, k, DATES[0]).name for k in KINDS} | {
        session_file(tmp_path, k, DATES[1]).name + ".partial" for k in KINDS
    }
    session_files.close()
    assert not list(tmp_path.glob("*.partial"))


def test_lines_can_be_followed_while_the_session_runs(tmp_path: Path) -> None:
    session_files = SessionFiles(tmp_path, about())
    for count, step in enumerate(islice(small_run(), 10), start=1):
        session_files.see(step)
        text = (tmp_path / f"positions_{DATES[0]}.jsonl.partial").read_text("utf-8")
        assert text.count("\n") == count
    session_files.close()


def test_an_interruption_leaves_whole_lines_under_the_name_partial(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        write_small_run(tmp_path, flush_every_steps=64, stop_after=13)
    assert all(path.name.endswith(".partial") for path in tmp_path.iterdir())
    text = (tmp_path / f"positions_{DATES[0]}.jsonl.partial").read_text("utf-8")
    assert len([json.loads(line) for line in text.splitlines()]) == 13
    assert "STOPPED after 13 bars" in (tmp_path / f"session_{DATES[0]}.log.partial").read_text("utf-8")


def test_a_full_disk_is_one_clear_sentence_and_leaves_whole_lines(tmp_path: Path) -> None:
    with largest_file(9_001), pytest.raises(UserError, match=r"cannot write: .*free some space"):
        write_small_run(tmp_path, flush_every_steps=7)
    sizes = []
    for path in tmp_path.iterdir():
        text = path.read_text("utf-8")
        sizes.append(len(text))
        assert text == "" or text.endswith("\n")
        if ".jsonl" in path.name:
            assert all(isinstance(json.loads(line), dict) for line in text.splitlines())
    assert 8_000 < max(sizes) <= 9_001


@pytest.mark.parametrize("name", ["a file in the way", "no such place"])
def test_a_folder_that_cannot_be_made_is_a_users_mistake(tmp_path: Path, name: str) -> None:
    (tmp_path / "a file in the way").write_text("x")
    target = tmp_path / name if name == "a file in the way" else tmp_path / "a file in the way" / "deeper"
    with pytest.raises(UserError, match="a file is in its place"):
        SessionFiles(target, about())


def test_the_same_steps_write_the_same_bytes_however_often_they_are_flushed(tmp_path: Path, folder: Path) -> None:
    write_small_run(tmp_path, flush_every_steps=1000)
    for path in folder.iterdir():
        assert path.read_bytes() == (tmp_path / path.name).read_bytes()


def test_a_second_run_replaces_the_first(tmp_path: Path) -> None:
    for seed in (1, 2):
        with SessionFiles(tmp_path, about(seed=seed)) as session_files:
            for step in islice(small_run(), 5):
                session_files.see(step)
    assert "seed 2" in session_file(tmp_path, "session", DATES[0]).read_text("utf-8")
    assert len(list(tmp_path.iterdir())) == 5


def test_cash_of_a_margined_symbol_moves_by_what_it_gains_loses_and_costs(tmp_path: Path) -> None:
    """Bought twice, sold in part, turned round, closed; a charge on the way: as the ledger keeps its cash."""
    books = Ledger("USDT", CAPITAL, margined=("BTC",))
    written = tmp_path / "margined"
    expected: list[Decimal] = []
    with SessionFiles(written, about(), margined=("BTC",)) as session_files:
        for step in margined_steps(books, expected):
            session_files.see(step)
    cash = [line["cash"] for line in lines(written, "trades", DATES[0])]
    assert cash == expected
    assert len(set(cash)) == 6


def margined_steps(books: Ledger, cash: list[Decimal]) -> Iterator[Step]:
    """One fill a step, and with the third a funding payment; `cash` is noted after each fill that is one leg."""
    calm = next(iter(small_run()))
    script = [("BUY", "1", "100"), ("BUY", "2", "110"), ("SELL", "1", "120"), ("SELL", "3", "90"), ("BUY", "1", "80")]
    for number, (side, quantity, price) in enumerate(script, start=1):
        fill = Fill(
            fill_id=f"f{number}", order_id=f"o{number}", at_ns=calm.event.at_ns, symbol="BTC", side=Side(side),
            quantity=Decimal(quantity), price=Decimal(price), reference_price=Decimal(price), fee_quote=Decimal(3),
            trigger=Trigger.ORDER, action=Action.HOLD, reason="a test", closes=side == "SELL",
        )  # fmt: skip
        if number == 4:  # closes two, opens one: two legs, the fee divided, the second leg costs its share only
            after = books.cash_quote + 2 * (Decimal(90) - Decimal(320) / 3) - 2
            cash.append(after.quantize(Decimal("1e-8")))
        books.book(fill)
        cash.append(books.cash_quote)
        charges = ()
        if number == 3:
            charges = (
                Charge(at_ns=1, symbol="BTC", kind=ChargeKind.FUNDING, amount_quote=Decimal("7.5"), reason="funding"),
            )
            books.charge(charges[0])
        account = books.account(calm.event.at_ns, {}, {})
        yield replace(
            calm, seq=number, fills=(fill,), account=account, charges=charges, signals=(), targets=(), verdicts=()
        )
