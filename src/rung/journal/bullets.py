"""Steps → bullets: every decision of a journal with what the gateway said to it and what came of it.

    fold = BulletFold()
    for step in steps(store):
        finished += fold.see(step)
    still_open = fold.flush()

A bullet is handed out when nothing more can be learned about it: a refusal at once, a closing leg when its order can
fill no more, an opening leg when the position is flat again. `state()` and `resumed()` stop and go on in mid-stream.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec

from rung.domain.errors import UserError
from rung.domain.fill import Fill
from rung.domain.order import Order, OrderKind
from rung.domain.step import Step
from rung.domain.target import Action, Target
from rung.domain.verdicts import Refused
from rung.journal.bullet import Bullet
from rung.journal.bullet_parts import Leg, made
from rung.journal.outcome import Pending, Trip
from rung.journal.regimes import UNKNOWN, BulletParams, Gauge

_TRADES = frozenset({OrderKind.MARKET, OrderKind.LIMIT})


class _State(msgspec.Struct):
    run: str = ""
    last_ns: int | None = None
    begins: bool = True
    gauges: dict[str, Gauge] = msgspec.field(default_factory=dict)
    pending: dict[str, Pending] = msgspec.field(default_factory=dict)
    trips: dict[str, Trip] = msgspec.field(default_factory=dict)
    alike: dict[str, str] = msgspec.field(default_factory=dict)


_encode = msgspec.json.Encoder(decimal_format="string").encode
_decode = msgspec.json.Decoder(_State).decode


class BulletFold:
    """Sees the steps of one journal in order. The same steps make the same bullets, however they are dealt out."""

    def __init__(self, params: BulletParams | None = None, run: str = "") -> None:
        """run : goes into every id, so that two runs over the same minutes keep their bullets apart."""
        self._params = params if params is not None else BulletParams()
        self._now = _State(run=run)

    @classmethod
    def resumed(cls, state: bytes, params: BulletParams | None = None) -> BulletFold:
        """The fold that `state()` described, under the same params. UserError when it is not one."""
        fold = cls(params)
        try:
            fold._now = _decode(state)
        except msgspec.DecodeError as error:
            raise UserError(
                f"the state of a bullet fold cannot be read: {error}", remedy="delete the index; it is made anew"
            ) from None
        return fold

    def state(self) -> bytes:
        return _encode(self._now)

    def open_run(self, run: str) -> None:
        """What follows was done by another run. Positions it goes on with keep their bullets open."""
        self._now.run = run
        self._now.begins = True

    def flush(self) -> list[Bullet]:
        """The bullets that still wait for their result, as they stand now; the fold goes on holding them."""
        return [pending.told() for pending in self._now.pending.values()]

    def see(self, step: Step) -> list[Bullet]:
        """Book the step and answer the bullets that are finished by it."""
        now = self._now
        finished: list[Bullet] = []
        if now.last_ns is not None and step.at_ns <= now.last_ns:
            finished += self._give_up()
            now.gauges = {}
        now.last_ns = step.at_ns
        for symbol, bar in step.event.bars.items():
            now.gauges.setdefault(symbol, Gauge()).see(bar, self._params)
        for fill in step.fills:
            self._book(fill)
        if now.begins:
            finished += self._begin(step)
        finished += self._finish(step)
        return finished + self._decisions(step) if step.targets or step.verdicts else finished

    def _begin(self, step: Step) -> list[Bullet]:
        """Take over the positions the account starts with, when they are not the ones that are known."""
        now = self._now
        now.begins = False
        held = {symbol: position.quantity for symbol, position in step.account.positions.items()}
        if held == {symbol: trip.quantity for symbol, trip in now.trips.items()}:
            return []
        finished = self._give_up()
        now.trips = {symbol: Trip.of(position) for symbol, position in step.account.positions.items()}
        return finished

    def _give_up(self) -> list[Bullet]:
        """Another time line: what was open stays as it is known."""
        finished = self.flush()
        self._now.pending, self._now.trips = {}, {}
        return finished

    def _book(self, fill: Fill) -> None:
        now = self._now
        pending = now.pending.get(fill.order_id)
        if pending is not None:
            pending.take(fill)
        trip = now.trips.setdefault(fill.symbol, Trip())
        opened, closed = trip.split(fill)
        if closed:
            realised = trip.close(fill, closed, pending.bullet.id if pending is not None else "")
            if pending is not None:
                pending.realise(realised, [now.pending[i].bullet.id for i in trip.entries if i in now.pending])
            if trip.quantity == 0:
                trip.settle(fill, now.pending)
                del now.trips[fill.symbol]
                trip = Trip()
        if opened:
            now.trips[fill.symbol] = trip
            trip.open(fill, opened)
            if pending is not None:
                pending.holds += opened

    def _finish(self, step: Step) -> list[Bullet]:
        finished: list[Bullet] = []
        for order_id, pending in list(self._now.pending.items()):
            pending.done = pending.done or pending.complete or pending.bullet.symbol not in step.account.working
            if pending.done and pending.holds == 0:
                finished.append(pending.told())
                del self._now.pending[order_id]
        return finished

    def _decisions(self, step: Step) -> list[Bullet]:
        finished: list[Bullet] = []
        told: set[tuple[str, Action]] = set()
        for verdict in step.verdicts:
            order = verdict.order
            refused = isinstance(verdict, Refused)
            if not refused and order.kind not in _TRADES:
                continue
            told.add((order.symbol, order.action))
            leg = Leg(target=_target_of(order, step.targets), verdicts=(verdict,), name=order.order_id)
            bullet = self._made(step, leg)
            if refused:
                finished.append(bullet)
            else:
                self._now.pending[order.order_id] = Pending(
                    bullet=bullet, wanted=order.quantity, reduces=order.reduce_only
                )
        for number, target in enumerate(step.targets):
            wanted = target.action not in (Action.HOLD, Action.GUARD) or self._params.holds
            if wanted and (target.symbol, target.action) not in told:
                around = tuple(v for v in step.verdicts if _belongs(v.order, target))
                finished.append(self._made(step, Leg(target=target, verdicts=around, name=f"{target.action}-{number}")))
        return finished

    def _made(self, step: Step, leg: Leg) -> Bullet:
        gauge = self._now.gauges.get(leg.symbol, _NO_GAUGE)
        bullet = made(step, leg, gauge, self._params, self._now.run)
        return replace(bullet, edges=self._same_regime(bullet))

    def _same_regime(self, bullet: Bullet) -> tuple[dict[str, Any], ...]:
        """An edge to the decision before on the same symbol in the same, known regime."""
        if UNKNOWN in bullet.regime.values():
            return ()
        place = ":".join((bullet.symbol, *bullet.regime.values()))
        before = self._now.alike.get(place)
        self._now.alike[place] = bullet.id
        return () if before is None else ({"type": "same_regime_as", "target_id": before, "weight": 1.0},)


_NO_GAUGE = Gauge()


def _target_of(order: Order, targets: Sequence[Target]) -> Target | None:
    return next((target for target in targets if _belongs(order, target)), None)


def _belongs(order: Order, target: Target) -> bool:
    return order.symbol == target.symbol and order.action == target.action
