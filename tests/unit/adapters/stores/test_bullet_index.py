"""The index of bullets: every question gets the answer that looking at every bullet would give."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rung.adapters.stores.bullet_index import BulletIndex, Source, Wanted
from rung.domain.errors import UserError
from rung.journal.bullet import Bullet, bullet_id

SYMBOLS = ("AAA", "BBB")
TAGS = ("rejected", "outcome:win", "it's ; odd")
KINDS = ("missing_stop_loss", "margin_exceeded")
WORDS = ("low", "medium", "high")


def bullet(name: str, at_ns: int = 1, **parts: object) -> Bullet:
    """`parts`: symbol, decision, volatility, liquidity, tags, violations."""
    given = {
        "symbol": "AAA",
        "decision": "TRADE",
        "volatility": "low",
        "liquidity": "low",
        "tags": (),
        "violations": (),
    }
    given |= parts
    return Bullet(
        id=bullet_id(name, "s", "d"),
        timestamp="",
        at_ns=at_ns,
        symbol=str(given["symbol"]),
        state={"regime": {"volatility": given["volatility"], "trend": "up", "liquidity": given["liquidity"]}},
        action={
            "llm_decision": {"decision": given["decision"]},
            "risk_check": {"violations": list(given["violations"])},  # type: ignore[call-overload]
        },
        tags=tuple(given["tags"]),  # type: ignore[arg-type]
    )


@pytest.fixture
def index(tmp_path: Path) -> Iterator[BulletIndex]:
    opened = BulletIndex(tmp_path / "bullets.sqlite")
    yield opened
    opened.close()


def put(index: BulletIndex, *bullets: Bullet, source: str = "saved") -> None:
    with index.writing():
        index.put(bullets, source)


made = st.builds(
    lambda n, at_ns, parts: bullet(str(n), at_ns, **parts),
    st.integers(0, 40),
    st.integers(0, 6),
    st.fixed_dictionaries(
        {
            "symbol": st.sampled_from(SYMBOLS),
            "decision": st.sampled_from(("TRADE", "NO_TRADE")),
            "volatility": st.sampled_from(WORDS),
            "liquidity": st.sampled_from(WORDS),
            "tags": st.lists(st.sampled_from(TAGS)),
            "violations": st.lists(st.sampled_from(KINDS)),
        }
    ),
)
asked = st.builds(
    Wanted,
    symbol=st.none() | st.sampled_from(SYMBOLS),
    decision=st.none() | st.sampled_from(("TRADE", "NO_TRADE")),
    regimes=st.none()
    | st.sampled_from(WORDS).map(lambda w: (("volatility", w), ("liquidity", w)))
    | st.sampled_from(WORDS).map(lambda w: (("liquidity", w),)),
    tags=st.none() | st.lists(st.sampled_from((*TAGS, "never seen")), max_size=3).map(tuple),
    violations=st.none() | st.lists(st.sampled_from((*KINDS, "never seen")), min_size=1, max_size=2).map(tuple),
    since_ns=st.none() | st.integers(0, 6),
    until_ns=st.none() | st.integers(0, 6),
)


def meets(one: Bullet, wanted: Wanted) -> bool:
    return (
        wanted.symbol in (None, one.symbol)
        and wanted.decision in (None, one.decision)
        and (wanted.regimes is None or any(one.regime[name] == word for name, word in wanted.regimes))
        and (wanted.tags is None or bool(set(wanted.tags) & set(one.tags)))
        and (wanted.violations is None or bool(set(wanted.violations) & set(one.violations)))
        and (wanted.since_ns is None or one.at_ns >= wanted.since_ns)
        and (wanted.until_ns is None or one.at_ns < wanted.until_ns)
    )


@settings(max_examples=80, derandomize=True, deadline=None)
@given(
    first=st.lists(made, max_size=25),
    second=st.lists(made, max_size=25),
    wanted=asked,
    limit=st.none() | st.integers(0, 9),
)
def test_a_question_is_answered_as_by_looking_at_every_bullet(
    first: list[Bullet],
    second: list[Bullet],
    wanted: Wanted,
    limit: int | None,
) -> None:
    """Also after bullets were replaced by others with their ids."""
    index = BulletIndex(Path(":memory:"))
    put(index, *first)
    put(index, *second)
    latest = {one.id: one for one in (*first, *second)}.values()
    expected = sorted((b for b in latest if meets(b, wanted)), key=lambda b: (-b.at_ns, b.id))
    assert list(index.find(wanted, limit)) == expected[:limit]
    assert sum(index.counts("symbol").values()) == len(latest)
    assert index.term_counts("tag").get("rejected", 0) == sum("rejected" in b.tags for b in latest)
    index.close()


def test_what_was_put_is_there_when_the_file_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "bullets.sqlite"
    first = BulletIndex(path)
    put(first, bullet("a"))
    first.close()
    first.close()
    again = BulletIndex(path)
    assert again.load(bullet("a").id) == bullet("a")
    assert again.load("0" * 16) is None
    again.close()


def test_writing_is_all_or_nothing(index: BulletIndex) -> None:
    def broken() -> Iterator[Bullet]:
        yield bullet("a", tags=("new tag",))
        raise RuntimeError("the journal ends here")

    with pytest.raises(RuntimeError), index.writing():
        index.put(broken())
    assert list(index.find(Wanted())) == []
    put(index, bullet("b", tags=("new tag",)))
    assert [b.id for b in index.find(Wanted(tags=("new tag",)))] == [bullet("b").id]


def test_a_forgotten_journal_takes_its_bullets_and_no_others_with_it(index: BulletIndex) -> None:
    put(index, bullet("a", tags=("rejected",)), source="one")
    put(index, bullet("b", tags=("rejected",)), source="two")
    source = Source("one", b"f", 7, b"h", "{}", b"s")
    with index.writing():
        index.note(source)
    assert index.sources() == {"one": source}
    with index.writing():
        index.forget("one")
    assert index.sources() == {}
    assert [b.id for b in index.find(Wanted(tags=("rejected",)))] == [bullet("b").id]
    assert index.term_counts("tag") == {"rejected": 1}


def test_no_more_is_read_than_taken(index: BulletIndex) -> None:
    put(index, *(bullet(str(n), n) for n in range(50)))
    found = index.find(Wanted())
    assert next(found).at_ns == 49
    put(index, replace(bullet("late", 0), notes="put while somebody reads"))
    assert next(found).at_ns == 48


def test_an_empty_index_has_no_span_and_a_full_one_has_both_ends(index: BulletIndex) -> None:
    assert index.span() is None
    put(index, bullet("a", 5), bullet("b", 9), bullet("c", 7))
    assert index.span() == (5, 9)


def test_ids_are_found_by_their_beginning(index: BulletIndex) -> None:
    names = sorted(bullet(str(n)).id for n in range(30))
    put(index, *(bullet(str(n)) for n in range(30)))
    assert index.ids(names[7][:12]) == [names[7]]
    assert index.ids("") == names[:3]
    assert index.ids("zz") == []


def test_counting_by_something_else_is_a_mistake_of_the_caller(index: BulletIndex) -> None:
    with pytest.raises(ValueError, match="no count"):
        index.counts("n; DROP TABLE bullets")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda p: p.write_text("no database at all, but long enough to be taken for one" * 20), "cannot be used"),
        (lambda p: sqlite3.connect(p).execute("CREATE TABLE t (x)").connection.close(), "not an index"),
        (lambda p: _stamp(p, 99), "version 99"),
    ],
)
def test_a_file_that_is_something_else_is_refused_in_one_line(tmp_path: Path, spoil: object, said: str) -> None:
    path = tmp_path / "bullets.sqlite"
    spoil(path)  # type: ignore[operator]
    with pytest.raises(UserError, match=said) as caught:
        BulletIndex(path)
    assert str(path) in str(caught.value)
    assert caught.value.remedy


def _stamp(path: Path, version: int) -> None:
    BulletIndex(path).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()


def test_a_folder_that_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be used"):
        BulletIndex(tmp_path / "nowhere" / "bullets.sqlite")
