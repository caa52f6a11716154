"""The trial book: every configuration counts once, for good, whoever writes."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rung.domain.errors import UserError
from rung.lab.statistics.trial_file import SqliteTrialBook
from rung.lab.statistics.trials import Result, Seen, Tally, Trial, TrialBook, code_id

WRITER = """
import sys
from pathlib import Path
from rung.lab.statistics.trial_file import SqliteTrialBook
from rung.lab.statistics.trials import Seen, Trial
book = SqliteTrialBook(Path(sys.argv[1]))
seen = Seen(tape_id="t", symbols=("X",), first="2025-01-01", last="2025-01-02")
for n in range(int(sys.argv[2]), int(sys.argv[3])):
    book.record([Trial(strategy="s", code_id="c", params={"n": n}, seen=seen, at_ns=1)])
"""


def seen(tape: str = "tape", first: str = "2025-01-01", last: str = "2025-01-31", *symbols: str) -> Seen:
    return Seen(tape_id=tape, symbols=symbols or ("BTCUSDT",), first=first, last=last)


OLD_BOOK = """
PRAGMA application_id = 1381322324;
CREATE TABLE trials (
    id TEXT PRIMARY KEY, strategy TEXT NOT NULL, code_id TEXT NOT NULL, params TEXT NOT NULL,
    tape_id TEXT NOT NULL, at_ns INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE results (
    id TEXT PRIMARY KEY REFERENCES trials, sharpe REAL, days INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX trials_of ON trials (strategy, tape_id);
INSERT INTO trials VALUES ('x', 'crossover', 'c', '{}', 'tape', 1);
INSERT INTO results VALUES ('x', 0.3, 31);
"""
"""As the first books were."""


def trial(
    tape: str | Seen = "tape", code: str = "code", at_ns: int = 1, strategy: str = "crossover", **params: Any
) -> Trial:
    bars = tape if isinstance(tape, Seen) else seen(tape)
    return Trial(strategy=strategy, code_id=code, params=params, seen=bars, at_ns=at_ns)


@pytest.fixture
def book(tmp_path: Path) -> TrialBook:
    return SqliteTrialBook(tmp_path / "trials.db")


def test_a_book_that_saw_nothing_counts_nothing(book: TrialBook) -> None:
    assert book.tally("crossover") == Tally(count=0)


def test_the_same_configuration_on_the_same_tape_counts_once(book: TrialBook) -> None:
    assert book.record([trial(ma=20), trial(ma=20, at_ns=2), trial(ma=40)]) == 2
    assert book.record([trial(ma=20, at_ns=3)]) == 0
    assert book.tally("crossover").count == 2


def test_another_code_another_parameter_another_tape_are_other_trials(book: TrialBook) -> None:
    later = seen("other", "2025-02-01", "2025-02-28")
    book.record([trial(ma=20), trial(ma=21), trial(ma=20, code="edited"), trial(later, ma=20)])
    assert book.tally("crossover").count == 4
    assert book.tally("crossover", [seen()]).count == 3
    assert book.tally("crossover", [later]).count == 1
    assert book.tally("crossover", [seen(), later]).count == 4


def test_periods_of_a_symbol_that_share_a_day_are_counted_together(book: TrialBook) -> None:
    """Choosing between September and September with October is a choice on September."""
    september, both = seen("a", "2025-09-01", "2025-09-30"), seen("b", "2025-09-30", "2025-10-31")
    october, other = seen("c", "2025-10-01", "2025-10-31"), seen("d", "2025-09-01", "2025-09-30", "ETHUSDT")
    book.record([trial(each, ma=20) for each in (september, both, october, other)])
    counts = [book.tally("crossover", [each]).count for each in (september, both, october, other)]
    assert counts == [2, 3, 2, 1]


def test_one_symbol_in_common_is_enough_and_no_trial_counts_twice(book: TrialBook) -> None:
    one, pair = seen("a"), seen("b", "2025-01-01", "2025-01-31", "ETHUSDT", "BTCUSDT")
    alone = seen("c", "2025-01-01", "2025-01-31", "ETHUSDT")
    book.record([trial(each, ma=20) for each in (one, pair, alone)])
    assert book.tally("crossover", [pair]).count == 3
    assert book.tally("crossover", [one, alone]).count == 3


def test_ratios_of_other_periods_do_not_tell_how_these_scatter(book: TrialBook) -> None:
    """A week's ratios scatter more than a year's: they count, but say nothing of the variance."""
    book.report([(trial(ma=20), Result(sharpe=0.1, days=31)), (trial(ma=40), Result(sharpe=0.2, days=31))])
    week = seen("week", "2025-01-01", "2025-01-07")
    book.report([(trial(week, ma=20), Result(sharpe=5.0, days=7))])
    assert book.tally("crossover", [seen()]) == Tally(count=3, ratios=(0.1, 0.2))


def test_a_study_can_leave_its_own_trials_out_but_none_that_ran_by_itself(book: TrialBook) -> None:
    own = {trial(ma=20).trial_id}
    book.record([trial(ma=20)], within_study=True)
    book.record([trial(ma=40)])
    assert book.tally("crossover", [seen()], but=own).count == 1
    book.record([trial(ma=20)])
    assert book.tally("crossover", [seen()], but=own).count == 2
    book.record([trial(ma=20)], within_study=True)
    assert book.tally("crossover", [seen()], but=own).count == 2


def test_an_older_book_is_read_and_written_on(tmp_path: Path) -> None:
    """Its trials have no days: they count on the same bars of the same period, as they did."""
    path = tmp_path / "old.db"
    connection = sqlite3.connect(path)
    connection.executescript(OLD_BOOK)
    connection.close()
    book = SqliteTrialBook(path)
    assert book.tally("crossover") == Tally(count=1, ratios=(0.3,))
    assert book.tally("crossover", [seen()]).count == 1
    book.report([(trial(ma=20), Result(sharpe=0.1, days=31))])
    assert SqliteTrialBook(path).tally("crossover", [seen()]).count == 2


def test_strategies_are_counted_apart(book: TrialBook) -> None:
    book.record([trial(ma=20), trial(ma=20, strategy="momentum")])
    assert book.tally("crossover").count == 1


@pytest.mark.parametrize("other", [{"b": 2, "a": 0.5}, {"a": Decimal("0.50"), "b": 2.0}])
def test_how_parameters_are_written_does_not_matter(other: dict[str, Any]) -> None:
    one = trial(a=0.5, b=2) if not isinstance(other["a"], Decimal) else trial(a=Decimal("0.5"), b=2)
    assert trial(**other).trial_id == one.trial_id


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), object()])
def test_parameters_without_a_canonical_form_are_refused(odd: object) -> None:
    with pytest.raises(UserError, match="canonical"):
        _ = trial(a=odd).trial_id


def test_the_parts_of_an_identity_cannot_be_shifted_into_each_other() -> None:
    assert trial(code="ab", tape="c").trial_id != trial(code="a", tape="bc").trial_id
    with pytest.raises(UserError, match="tape_id"):
        trial(tape="")
    with pytest.raises(UserError, match="symbols"):
        Seen(tape_id="t", symbols=(), first="2025-01-01", last="2025-01-02")
    with pytest.raises(UserError, match="ends before it begins"):
        seen("t", "2025-01-02", "2025-01-01")


def test_code_is_what_it_says_to_the_byte() -> None:
    assert code_id(b"x = 1\n") != code_id(b"x = 1  # better\n")


def test_the_count_survives_a_restart(tmp_path: Path) -> None:
    SqliteTrialBook(tmp_path / "b.db").record([trial(ma=n) for n in range(500)])
    assert SqliteTrialBook(tmp_path / "b.db").tally("crossover").count == 500


def test_a_run_that_was_broken_off_still_counts(book: TrialBook) -> None:
    book.record([trial(ma=20), trial(ma=40)])
    book.report([(trial(ma=20), Result(sharpe=0.1, days=250))])
    assert book.tally("crossover") == Tally(count=2, ratios=(0.1,))


def test_the_newest_result_stands_and_a_result_counts_its_trial(book: TrialBook) -> None:
    """Run again with other costs it is the same choice, and what counts is what it shows with these."""
    book.report([(trial(ma=20), Result(sharpe=0.1, days=250)), (trial(ma=40), Result(sharpe=None, days=250))])
    for ratio in (0.9, 0.9, -0.2):
        book.report([(trial(ma=20), Result(sharpe=ratio, days=250))])
        assert book.tally("crossover") == Tally(count=2, ratios=(ratio,))
    with pytest.raises(UserError, match="finite"):
        Result(sharpe=float("nan"), days=2)


def test_a_run_that_traded_nothing_takes_no_ratio_away(book: TrialBook) -> None:
    """Else a mistyped capital would make the trials look alike, and their best one less lucky."""
    book.report([(trial(ma=20), Result(sharpe=0.1, days=250))])
    book.report([(trial(ma=20), Result(sharpe=None, days=250))])
    assert book.tally("crossover") == Tally(count=1, ratios=(0.1,))


@pytest.mark.parametrize("statement", ["DELETE FROM trials", "UPDATE trials SET strategy = 'x'", "DELETE FROM shown"])
def test_nothing_is_ever_taken_out(tmp_path: Path, statement: str) -> None:
    book = SqliteTrialBook(tmp_path / "b.db")
    book.report([(trial(ma=20), Result(sharpe=0.1, days=250))])
    connection = sqlite3.connect(tmp_path / "b.db")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(statement)
    connection.close()
    assert book.tally("crossover").count == 1


def test_two_processes_may_write_at_once_and_nothing_is_lost_or_counted_twice(tmp_path: Path) -> None:
    """0 … 59 and 40 … 99 into a file that neither found: a hundred different configurations."""
    path = str(tmp_path / "b.db")
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, path, *span]) for span in (("0", "60"), ("40", "100"))]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0]
    assert SqliteTrialBook(tmp_path / "b.db").tally("s").count == 100


def test_a_crash_between_trials_leaves_a_sound_book(tmp_path: Path) -> None:
    path = tmp_path / "b.db"
    SqliteTrialBook(path).record([trial(ma=20)])
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO trials VALUES ('x', 'crossover', 'c', '{}', 't', 1)")
    connection.close()
    assert SqliteTrialBook(path).tally("crossover").count == 1


def test_another_kind_of_file_is_left_alone(tmp_path: Path) -> None:
    foreign = tmp_path / "journal.db"
    connection = sqlite3.connect(foreign)
    connection.execute("CREATE TABLE entries (seq INTEGER)")
    connection.close()
    (tmp_path / "text.db").write_text("not a database, but long enough to look like one" * 20, "utf-8")
    for path in (foreign, tmp_path / "text.db"):
        before = path.read_bytes()
        with pytest.raises(UserError):
            SqliteTrialBook(path)
        assert path.read_bytes() == before
    with pytest.raises(UserError, match="no such folder"):
        SqliteTrialBook(tmp_path / "nowhere" / "b.db")


def test_the_variance_is_that_of_the_ratios_once_enough_are_known() -> None:
    ratios = (0.1, -0.05, 0.0, 0.02, 0.07)
    assert Tally(count=9, ratios=ratios).sharpe_variance(251) == pytest.approx(np.var(ratios, ddof=1))
    assert Tally(count=9, ratios=ratios[:4]).sharpe_variance(251) == 1 / 250


def test_a_trial_gives_its_id_and_its_parameters_at_once() -> None:
    """What the book writes of a trial is what the trial says of itself, however its numbers are written."""
    one = trial(ma=20.0, band=0.5, on=True, note="x")
    assert one.named() == (one.trial_id, one.canonical_params)
    assert one.canonical_params == '{"band":0.5,"ma":20,"note":"x","on":true}'


def test_a_run_that_died_counts_only_if_it_ever_showed_something(book: TrialBook) -> None:
    book.record([trial(ma=20), trial(ma=40)])
    for dead in (trial(ma=20), trial(ma=20), trial(ma=60)):
        book.died(dead)
    assert book.tally("crossover").count == book.tally("crossover", [seen()]).count == 1
    book.report([(trial(ma=20), Result(sharpe=0.1, days=250))])
    book.died(trial(ma=20))
    assert book.tally("crossover") == Tally(count=2, ratios=(0.1,))


def test_a_book_of_the_last_version_learns_of_runs_that_died(tmp_path: Path) -> None:
    path = tmp_path / "b.db"
    SqliteTrialBook(path).report([(trial(ma=20), Result(sharpe=0.1, days=250))])
    connection = sqlite3.connect(path)
    connection.executescript("DROP TABLE died; PRAGMA user_version = 1")
    connection.close()
    book = SqliteTrialBook(path)
    assert book.tally("crossover") == Tally(count=1, ratios=(0.1,))
    book.died(trial(ma=40))
    assert SqliteTrialBook(path).tally("crossover").count == 1
