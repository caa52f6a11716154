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
from rung.lab.statistics.trials import Result, Tally, Trial, TrialBook, code_id

WRITER = """
import sys
from pathlib import Path
from rung.lab.statistics.trial_file import SqliteTrialBook
from rung.lab.statistics.trials import Trial
book = SqliteTrialBook(Path(sys.argv[1]))
for n in range(int(sys.argv[2]), int(sys.argv[3])):
    book.record([Trial(strategy="s", code_id="c", params={"n": n}, tape_id="t", at_ns=1)])
"""


def trial(tape: str = "tape", code: str = "code", at_ns: int = 1, strategy: str = "crossover", **params: Any) -> Trial:
    return Trial(strategy=strategy, code_id=code, params=params, tape_id=tape, at_ns=at_ns)


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
    book.record([trial(ma=20), trial(ma=21), trial(ma=20, code="edited"), trial(ma=20, tape="other")])
    assert book.tally("crossover").count == 4
    assert book.tally("crossover", "tape").count == 3
    assert book.tally("crossover", "other").count == 1


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


def test_code_is_what_it_says_to_the_byte() -> None:
    assert code_id(b"x = 1\n") != code_id(b"x = 1  # better\n")


def test_the_count_survives_a_restart(tmp_path: Path) -> None:
    SqliteTrialBook(tmp_path / "b.db").record([trial(ma=n) for n in range(500)])
    assert SqliteTrialBook(tmp_path / "b.db").tally("crossover").count == 500


def test_a_run_that_was_broken_off_still_counts(book: TrialBook) -> None:
    book.record([trial(ma=20), trial(ma=40)])
    book.report([(trial(ma=20), Result(sharpe=0.1, days=250))])
    assert book.tally("crossover") == Tally(count=2, ratios=(0.1,))


def test_the_first_result_stands_and_a_result_counts_its_trial(book: TrialBook) -> None:
    book.report([(trial(ma=20), Result(sharpe=0.1, days=250)), (trial(ma=40), Result(sharpe=None, days=250))])
    book.report([(trial(ma=20), Result(sharpe=9.9, days=250))])
    assert book.tally("crossover") == Tally(count=2, ratios=(0.1,))
    with pytest.raises(UserError, match="finite"):
        Result(sharpe=float("nan"), days=2)


@pytest.mark.parametrize("statement", ["DELETE FROM trials", "UPDATE trials SET strategy = 'x'", "DELETE FROM results"])
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
