"""One vocabulary for limits, whoever set them; where several bind, the strictest wins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from rung.domain.errors import UserError
from rung.risk.loss_latch import LossRule

if TYPE_CHECKING:
    from rung.risk.global_risk import GlobalLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Every limit a set may ask for; None where it says nothing. `_frac` is of equity, `_quote` is money, both exact.

    `max_…` binds from above, `min_…` from below, each inclusive unless its gate says otherwise.
    """

    max_symbol_notional_frac: Decimal | None = None
    max_gross_notional_frac: Decimal | None = None
    max_gross_leverage: Decimal | None = None
    max_leverage_major: Decimal | None = None
    max_leverage_other: Decimal | None = None
    max_leverage_equity: Decimal | None = None
    max_order_value_frac: Decimal | None = None
    max_order_value_quote: Decimal | None = None
    max_trade_margin_quote: Decimal | None = None
    max_margin_use_frac: Decimal | None = None
    max_trade_risk_frac: Decimal | None = None
    max_trade_risk_quote: Decimal | None = None
    max_positions: int | None = None
    min_stop_frac: Decimal | None = None
    max_stop_frac: Decimal | None = None
    max_atr_multiple: Decimal | None = None
    max_orders_per_minute: int | None = None
    max_orders_per_hour: int | None = None
    max_orders_per_day: int | None = None
    min_spacing_seconds: Decimal | None = None
    max_participation_frac: Decimal | None = None
    max_spread_bps: Decimal | None = None
    min_day_volume_quote: Decimal | None = None
    min_bar_volume_base: Decimal | None = None
    max_bar_range_frac: Decimal | None = None
    max_bar_move_frac: Decimal | None = None
    max_price_away_frac: Decimal | None = None
    min_minutes_to_close: int | None = None
    min_equity_start_frac: Decimal | None = None
    min_equity_quote: Decimal | None = None
    max_consecutive_losses: int | None = None
    max_slippage_bps: Decimal | None = None
    min_breaker_minutes: int | None = None
    allowed_symbols: frozenset[str] | None = None


LIMIT_NAMES = tuple(field.name for field in fields(Limits))


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSet:
    """The limits of one file or profile, translated. origin : its name, shown wherever one of its limits binds.

    book : limits of the whole book, for the global risk level; None where the set says nothing of it.
    """

    origin: str
    limits: Limits
    losses: tuple[LossRule, ...] = ()
    book: GlobalLimits | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveLimits:
    """What binds when several sets bind at once.

    origins : limit name → the set it comes from (of equals, the first).   losses : every loss rule of every set;
    all are evaluated, so the strictest wins by itself and each keeps its own consequence.
    book : the strictest of every set's limits of the whole book; None when no set has any.
    """

    limits: Limits
    origins: Mapping[str, str]
    losses: tuple[LossRule, ...]
    sets: tuple[str, ...]
    book: GlobalLimits | None = None


def effective_limits(sets: Sequence[LimitSet]) -> EffectiveLimits:
    """The strictest of each limit. Raises UserError where two sets contradict each other or two share a name."""
    origins: dict[str, str] = {}
    chosen: dict[str, Any] = {}
    for each in sets:
        for name in LIMIT_NAMES:
            asked = getattr(each.limits, name)
            if asked is None:
                continue
            stricter = asked if name not in chosen else _stricter(name, chosen[name], asked)
            if name not in chosen or stricter != chosen[name]:
                chosen[name] = stricter
                origins[name] = each.origin if stricter == asked else f"{origins[name]} + {each.origin}"
    _refuse_contradictions(chosen, origins)
    losses = tuple(rule for each in sets for rule in each.losses)
    names = tuple(each.origin for each in sets)
    if len(set(names)) != len(names):
        raise UserError(f"a limit set is named twice: {', '.join(names)}", remedy="name each set once")
    return EffectiveLimits(
        limits=Limits(**chosen),
        origins=MappingProxyType(origins),
        losses=losses,
        sets=names,
        book=_strictest_book(sets),
    )


def _strictest_book(sets: Sequence[LimitSet]) -> GlobalLimits | None:
    book: GlobalLimits | None = None
    for each in sets:
        if each.book is None:
            continue
        if book is None:
            book = each.book
            continue
        one, other = book, each.book
        strict = {f.name: _stricter(f.name, getattr(one, f.name), getattr(other, f.name)) for f in fields(one)}
        book = replace(one, **strict)
    return book


def _stricter(name: str, one: Any, other: Any) -> Any:
    if name == "allowed_symbols":
        return one & other
    return max(one, other) if name.startswith("min_") else min(one, other)


def _refuse_contradictions(chosen: Mapping[str, Any], origins: Mapping[str, str]) -> None:
    least, most = chosen.get("min_stop_frac"), chosen.get("max_stop_frac")
    if least is not None and most is not None and least > most:
        raise UserError(
            f"no stop can pass: at least {least} ({origins['min_stop_frac']}), "
            f"at most {most} ({origins['max_stop_frac']})",
            remedy="change one of the two limit sets",
        )
    if chosen.get("allowed_symbols") == frozenset():
        raise UserError(
            f"no symbol is allowed by all of {origins['allowed_symbols']}",
            remedy="give the limit sets a symbol in common",
        )
