"""Numbers as people read them."""

from __future__ import annotations

from decimal import Decimal

from rung.reports.words import money, number, percent, plural, span


def test_percent_carries_a_sign_unless_told_not_to() -> None:
    assert [percent(0.0073), percent(-0.012), percent(0.523, 1, signed=False)] == ["+0.73%", "-1.20%", "52.3%"]


def test_what_rounds_to_zero_has_no_sign() -> None:
    assert [percent(-0.000001), percent(0.000001), money(Decimal("-0.001"), signed=True)] == ["0.00%", "0.00%", "0.00"]


def test_what_is_not_known_is_a_dash_not_a_zero() -> None:
    assert {percent(None), money(None), number(None)} == {"—"}


def test_money_has_cents_and_thousands() -> None:
    assert [money(Decimal("12345.678")), money(Decimal("1E+3"), signed=True)] == ["12,345.68", "+1,000.00"]


def test_dates_are_spanned() -> None:
    assert span(("2025-10-14",)) == "2025-10-14"
    assert span(("2025-09-15", "2025-09-16")) == "2025-09-15 to 2025-09-16 (2 sessions)"
    assert plural(1, "trade") == "1 trade"
