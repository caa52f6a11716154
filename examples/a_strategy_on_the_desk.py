"""A strategy of your own on the desk: hold whatever rose over 30 minutes. Synthetic bars, no evidence of anything.

./rung python examples/a_strategy_on_the_desk.py
"""

from collections import defaultdict, deque
from collections.abc import Sequence
from decimal import Decimal

from rung.allocation.allocate import Allocator
from rung.allocation.sizing import SizingParams
from rung.apps.places import COSTS_FILE, config_file
from rung.config.load import load
from rung.domain.instrument import us_equity
from rung.domain.target import Action, Protection, Target
from rung.domain.verdicts import Refused
from rung.domain.view import View
from rung.engine.desk import Desk
from rung.engine.replay import replay
from rung.ledger.ledger import Ledger
from rung.market.calendar import xnys
from rung.market.replay import TapeFeed
from rung.market.synthetic import invent_market
from rung.risk.flag import PolledFlag, not_thrown
from rung.risk.gateway import GatePorts, build_guard
from rung.risk.limits import effective_limits
from rung.risk.params import ScreenLimits
from rung.simulation.compose import sim_venue
from rung.simulation.params import CostParams


class Momentum:
    """Enter what rose over 30 bars, leave what fell. It decides; it cannot trade."""

    name = "momentum"

    def __init__(self) -> None:
        self._closes: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=31))

    def decide(self, view: View) -> Sequence[Target]:
        targets = []
        for symbol, bar in view.slice.bars.items():
            closes = self._closes[symbol]
            closes.append(bar.close)
            rose = len(closes) == 31 and closes[-1] > closes[0]
            closing = view.slice.session.minutes_to_close(view.slice.at_ns) <= 32
            held = symbol in view.account.positions
            if held and (closing or not rose):
                targets.append(target(view, symbol, Action.EXIT, 0.0, "fell, or the day ends"))
            elif not held and rose and not closing and symbol not in view.account.working:
                targets.append(target(view, symbol, Action.ENTER_LONG, 0.3, "rose over 30 bars"))
        return targets


def target(view: View, symbol: str, action: Action, weight: float, reason: str) -> Target:
    stop = Protection(stop_frac=0.02) if weight else None
    return Target(at_ns=view.slice.at_ns, symbol=symbol, action=action, weight=weight, reason=reason, protection=stop)


def main() -> None:
    calendar = xnys()
    tapes = invent_market(calendar, "2025-03-03", days=2, seed=7)[:3]
    instruments = {tape.symbol: us_equity(tape.symbol) for tape in tapes}
    capital = Decimal(100_000)
    maintenance = PolledFlag()
    maintenance.found(None)
    limits = effective_limits([ScreenLimits().limit_set("screen")])
    ports = GatePorts(kill=not_thrown(), maintenance=maintenance, start_equity_quote=capital, instruments=instruments)
    desk = Desk(
        strategy=Momentum(),
        allocator=Allocator(strategy="momentum", instruments=instruments, params=SizingParams()),
        guard=build_guard(limits, ports),
        venue=sim_venue(load(config_file(COSTS_FILE), CostParams).value, instruments),
        ledger=Ledger("USD", capital),
    )
    steps = list(replay(TapeFeed(tapes, calendar, "2025-03-03", "2025-03-04"), desk))
    refused = sum(isinstance(v, Refused) for s in steps for v in s.verdicts)
    fills = [fill for step in steps for fill in step.fills]
    print(f"minutes  {len(steps)}")
    print(f"fills    {len(fills)}, refused orders {refused}")
    print(f"costs    {sum(f.fee_quote + f.slippage_quote for f in fills):.2f} USD")
    print(f"equity   {steps[-1].account.equity_quote:.2f} USD from {capital}")
    for fill in fills[:4]:
        print(f"  {fill.side} {fill.quantity} {fill.symbol} @ {fill.price}  {fill.reason}")


if __name__ == "__main__":
    main()
