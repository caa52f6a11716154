"""Signals + View → Targets: what is entered, held, left and rotated, and why.

Exit priority: end of day → stop and profit target (held at the venue, from the bar after they are placed) → side
turned → rank → strength. During the minimum hold only the end of day and the stop act. A slot is free once its exit has
filled: nothing is bought with money that an unfilled exit still owes. An entry is good for the next bar only. Every
exited symbol cools down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rung.domain.account import Position
from rung.domain.slice import Slice
from rung.domain.target import Action, Lean, Protection, Signal, Target
from rung.domain.view import View
from rung.strategy.rotation.correlation import ReturnHistory
from rung.strategy.rotation.params import RotationConfig

UNRANKED = 9999
SETTLED_AFTER_BARS = 200
"""Before this many bars a missing signal keeps its last strength; after it, it decays."""
MISSING_SIGNAL_DECAY = 0.95
MAX_SANE_PRICE = 1_000_000.0


@dataclass(slots=True)
class _Holding:
    """What the rules remember of an open position."""

    bars_held: int = 0
    strength: float = 0.0
    rank: int = UNRANKED
    turned: bool = False
    leaving: bool = False


class RotationRules:
    """Stateful over slices: bar count, cooldowns, holdings. One instance per account."""

    def __init__(self, config: RotationConfig) -> None:
        self._config = config
        self._rules = config.rotation_manager_config
        self._max_correlation = config.signal_aggregator_config.max_correlation
        filters = config.signal_aggregator_config.enable_correlation_filter
        self._history = ReturnHistory(config.data_manager_config.history_size) if filters else None
        self._bars = 0
        self._cooldown: dict[str, int] = {}
        self._holdings: dict[str, _Holding] = {}

    def decide(self, view: View, signals: Sequence[Signal], *, may_enter: bool) -> list[Target]:
        """At most one target per symbol. `may_enter` is false while too few symbols are fresh."""
        self.count_bar(view.slice)
        ranked = {s.symbol: s for s in signals if s.rank}
        self._follow_holdings(view.account.positions, signals, ranked)
        to_close = view.slice.session.minutes_to_close(view.slice.at_ns)
        eod_in_minutes = to_close - self._rules.eod_minutes_before_close
        if self._rules.eod_liquidation and eod_in_minutes <= 0:
            return self._flatten(view, f"{to_close} min to the close")
        targets = [*self._withdrawn(view), *self._keep_or_leave(view)]
        entries_open = not self._rules.eod_liquidation or eod_in_minutes > self._rules.no_entry_minutes_before_eod
        if may_enter and entries_open:
            self._enter(view, list(ranked.values()), targets)
        return targets

    def count_bar(self, event: Slice) -> None:
        """One bar has passed: time heals every cooldown, ranked symbol or not."""
        self._bars += 1
        if self._history is not None:
            self._history.see(event)
        self._cooldown = {s: n - 1 for s, n in self._cooldown.items() if n > 1}

    def _actionable(self, view: View) -> list[str]:
        """Held symbols that are not already on their way out."""
        return [s for s, h in self._holdings.items() if not (h.leaving and s in view.account.working)]

    def _flatten(self, view: View, reason: str) -> list[Target]:
        """Leave every holding and withdraw entries that have not filled."""
        unfilled = [s for s in view.account.working if s not in self._holdings]
        self._holdings.update((s, _Holding()) for s in unfilled)
        symbols = self._actionable(view)
        return [self._leave(view, s, Action.EOD_EXIT, reason) for s in symbols]

    def _follow_holdings(
        self, positions: Mapping[str, Position], signals: Sequence[Signal], ranked: Mapping[str, Signal]
    ) -> None:
        """Age what is held, notice what the venue closed for us, refresh strengths and ranks."""
        for symbol in [s for s in self._holdings if s not in positions]:
            del self._holdings[symbol]
            self._cool(symbol, self._rules.exit_cooldown_bars)
        leans = {s.symbol: s.lean for s in signals}
        for symbol, position in positions.items():
            holding = self._holdings.setdefault(symbol, _Holding())
            holding.bars_held += 1
            side = Lean.LONG if position.quantity > 0 else Lean.SHORT
            signal = ranked.get(symbol)
            if signal is not None and signal.lean is side:
                holding.strength, holding.rank, holding.turned = signal.strength, signal.rank, False
                continue
            holding.turned = leans.get(symbol, side) not in (side, Lean.NEUTRAL)
            if self._bars > SETTLED_AFTER_BARS:
                holding.strength *= MISSING_SIGNAL_DECAY
                if holding.strength < self._rules.min_strength_to_hold:
                    holding.rank = UNRANKED

    def _withdrawn(self, view: View) -> list[Target]:
        """Entries that did not fill in the bar they were meant for: their price and their reason are old."""
        return [
            Target(
                at_ns=view.slice.at_ns, symbol=symbol, action=Action.EXIT, weight=0.0, reason="the entry did not fill"
            )
            for symbol in view.account.working
            if symbol not in self._holdings
        ]

    def _keep_or_leave(self, view: View) -> list[Target]:
        targets = []
        for symbol in self._actionable(view):
            holding = self._holdings[symbol]
            reason = self._reason_to_leave(holding)
            targets.append(
                self._leave(view, symbol, Action.EXIT, reason) if reason else self._hold(view, symbol, holding)
            )
        return targets

    def _reason_to_leave(self, holding: _Holding) -> str:
        """One sentence when a rule says go, else empty."""
        rules = self._rules
        if holding.bars_held < rules.minimum_hold_bars:
            return ""
        if holding.turned:
            return "the signal turned to the other side"
        if holding.rank == UNRANKED:
            return "no signal ranks it any more, and its strength has decayed"
        if holding.rank > rules.min_rank_to_hold:
            return f"rank {holding.rank} is worse than {rules.min_rank_to_hold}"
        if holding.strength < rules.min_strength_to_exit:
            return f"strength {holding.strength:.4f} is below {rules.min_strength_to_exit:g}"
        return ""

    def _hold(self, view: View, symbol: str, holding: _Holding) -> Target:
        """Keep the quantity; once the minimum hold is over the profit target joins the stop."""
        wanted = self._protection(with_profit_target=holding.bars_held >= self._rules.minimum_hold_bars)
        standing = view.account.positions[symbol].protection
        return Target(
            at_ns=view.slice.at_ns,
            symbol=symbol,
            action=Action.HOLD,
            weight=None,
            reason=f"held {holding.bars_held} bars",
            strength=holding.strength,
            rank=holding.rank,
            protection=wanted if wanted != standing else None,
        )

    def _leave(self, view: View, symbol: str, action: Action, reason: str) -> Target:
        holding = self._holdings[symbol]
        holding.leaving = True
        cooldown = self._rules.rotation_cooldown_bars if action is Action.ROTATE_OUT else 0
        self._cool(symbol, max(cooldown, self._rules.exit_cooldown_bars))
        return Target(
            at_ns=view.slice.at_ns,
            symbol=symbol,
            action=action,
            weight=0.0,
            reason=reason,
            strength=holding.strength,
            rank=holding.rank,
        )

    def _cool(self, symbol: str, bars: int) -> None:
        if bars > self._cooldown.get(symbol, 0):
            self._cooldown[symbol] = bars

    def _protection(self, *, with_profit_target: bool) -> Protection:
        rules = self._rules
        return Protection(
            stop_frac=rules.stop_loss_pct if rules.enable_stop_loss else None,
            take_profit_frac=rules.profit_target_pct if rules.enable_profit_target and with_profit_target else None,
        )

    def _enter(self, view: View, ranked: list[Signal], targets: list[Target]) -> None:
        """Fill free slots in rank order; at capacity let the weakest holding go for the strongest outsider."""
        busy = set(view.account.working) | set(view.account.positions)
        slots = self._rules.max_positions - len(busy)
        for signal in ranked:
            if signal.strength < self._rules.min_strength_to_enter or signal.rank > self._rules.min_rank_to_hold:
                return
            if signal.symbol in busy or not self._enterable(view, signal):
                continue
            if slots > 0:
                slots -= 1
                targets.append(self._entry(view, signal, f"rank {signal.rank}"))
            else:
                self._rotate(view, signal, targets)
                return

    def _enterable(self, view: View, signal: Signal) -> bool:
        bar = view.slice.bars.get(signal.symbol)
        allowed_side = signal.lean is Lean.LONG or self._rules.allow_shorts
        return (
            allowed_side
            and signal.symbol not in self._cooldown
            and bar is not None
            and 0.0 < bar.close < MAX_SANE_PRICE
            and not self._repeats_a_holding(signal.symbol)
        )

    def _repeats_a_holding(self, symbol: str) -> bool:
        """True when the correlation filter is on and the symbol moves with something that is held."""
        return self._history is not None and self._history.largest(symbol, self._holdings) >= self._max_correlation

    def _entry(self, view: View, signal: Signal, reason: str) -> Target:
        is_long = signal.lean is Lean.LONG
        weight = self._rules.deployed_capital_frac * self._rules.capital_per_position
        return Target(
            at_ns=view.slice.at_ns,
            symbol=signal.symbol,
            action=Action.ENTER_LONG if is_long else Action.ENTER_SHORT,
            weight=weight if is_long else -weight,
            reason=reason,
            strength=signal.strength,
            rank=signal.rank,
            protection=self._protection(with_profit_target=self._rules.minimum_hold_bars == 0),
        )

    def _rotate(self, view: View, outsider: Signal, targets: list[Target]) -> None:
        """One rotation per slice, only against a holding past its minimum hold that trades in this slice.

        Nothing while another exit is under way: its slot will do for the outsider. The outsider enters by the
        ordinary rule once the slot is free.
        """
        if any(t.weight == 0.0 for t in targets) or any(h.leaving for h in self._holdings.values()):
            return
        candidates = [
            (t.strength, n)
            for n, t in enumerate(targets)
            if t.action is Action.HOLD
            and t.symbol in view.slice.bars
            and self._holdings[t.symbol].bars_held >= self._rules.minimum_hold_bars
        ]
        if not candidates:
            return
        weakest_strength, index = min(candidates)
        lead = outsider.strength - weakest_strength
        if lead < self._rules.rotation_strength_delta:
            return
        weakest = targets[index].symbol
        targets[index] = self._leave(view, weakest, Action.ROTATE_OUT, f"{outsider.symbol} leads by {lead:.4f}")
