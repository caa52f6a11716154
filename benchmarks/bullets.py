"""Bullets at a million: how fast they are indexed, and how long a question takes.

    python -m benchmarks.bullets [--bullets 1000000] [--folder DIR] [--json]

The bullets are synthetic, the index is the real one. A question is asked several times; the table shows the median.
The fold is measured apart, on the steps of the journal benchmark.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from rung.apps.bullets import BulletStore
from rung.domain.step import Step
from rung.journal.bullet import Bullet, bullet_id, utc
from rung.journal.bullets import BulletFold

sys.path.insert(0, str(Path(__file__).resolve().parent))
from journal import OPEN, step

MINUTE = 60_000_000_000
SYMBOLS = ("TQQQ", "SQQQ", "SPXL", "SDS", "UVXY", "SVXY")
KINDS = ("missing_stop_loss", "per_symbol_notional_exceeded", "order_rate_limit_exceeded")
ROUNDS = 7
STEPS = 20_000


def bullet(n: int) -> Bullet:
    """One of six symbols, every twentieth refused, every thousandth in high volatility; about 1.3 kB of JSON."""
    at_ns = OPEN + n // len(SYMBOLS) * MINUTE
    symbol, stamp = SYMBOLS[n % len(SYMBOLS)], utc(at_ns)
    broken = [KINDS[n % 3]] if n % 20 == 0 else []
    price = 50.0 + n % 977 / 100
    positions = {
        s: {"quantity": 400.0, "entry_price": price, "mark_price": price + 0.25, "unrealised": 100.0}
        for s in SYMBOLS[:2]
    }
    tags = (f"symbol:{symbol}", "decision:TRADE", "action:ENTER_LONG")
    return Bullet(
        id=bullet_id(stamp, symbol, "TRADE", f"rotation-{n:x}-o"),
        timestamp=stamp,
        at_ns=at_ns,
        symbol=symbol,
        state={
            "market_data": {"symbol": symbol, "price": price, "volume": 1e4, "volume_24h": 1e7, "atr_14": 0.125,
                            "ma_20": price, "traded_per_minute_quote": 2.5e6, "timestamp": stamp},
            "portfolio_state": {"currency": "USD", "equity": 1e5, "cash": 4e4, "drawdown": 0.0125,
                                "positions": positions},
            "regime": {"volatility": "high" if n % 1_000 == 0 else "low", "trend": "sideways", "liquidity": "high"},
        },
        action={
            "llm_decision": {"decision": "TRADE", "action": "ENTER_LONG", "stop_loss": price * 0.985, "leverage": 1.0,
                             "actions": [{"order_id": f"rotation-{n:x}-o", "side": "buy", "quantity": 412.0}],
                             "rationale": "rank 1 of 6, strength 0.0312 above enter 0.0080"},
            "risk_check": {"approved": not broken, "violations": broken, "messages": [f"{b}: 2 > 1" for b in broken],
                           "limits": [], "adjusted_size": None, "adjusted_leverage": None},
        },
        result={"execution_result": {"status": "refused" if broken else "filled"}, "pnl": None, "violations": broken},
        tags=(*tags, "rejected") if broken else tags,
    )  # fmt: skip


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def questions(store: BulletStore, total: int) -> dict[str, Callable[[], object]]:
    middle = bullet(total // 2)
    day = utc(middle.at_ns)[:10]
    return {
        "load(id)": lambda: store.load(middle.id),
        "load_all(100)": lambda: store.load_all(100),
        "query(symbol, limit 100)": lambda: store.query("UVXY", limit=100),
        "query(tags=[rejected], limit 100)": lambda: store.query(tags=["rejected"], limit=100),
        "query(two tags, limit 100)": lambda: store.query(tags=["rejected", "symbol:SDS"], limit=100),
        "query(rejected + symbol, limit 100)": lambda: store.query("UVXY", tags=["rejected"], limit=100),
        "query(volatility:high), 1 in 1000": lambda: store.query(regime="volatility:high"),
        "query(violation, limit 100)": lambda: store.query(violation=KINDS[0], limit=100),
        "query(one day)": lambda: store.query(since=day, until=day),
        "query(one day + violation)": lambda: store.query(since=day, until=day, violation=KINDS[0]),
        "nothing found (symbol + regime)": lambda: store.query("UVXY", regime="up"),
        "get_stats()": store.get_stats,
    }


def steps() -> Iterator[Step]:
    made = step(1)
    for n in range(1, STEPS + 1):
        yield replace(made, seq=n, event=replace(made.event, at_ns=OPEN + n * MINUTE))


def fold_rate() -> float:
    recorded = list(steps())
    fold = BulletFold()
    return STEPS / seconds(lambda: [fold.see(one) for one in recorded])


def measure(total: int, folder: Path) -> dict[str, Any]:
    path = folder / "bullets.sqlite"
    with BulletStore(path, create=True) as store:
        made = (bullet(n) for n in range(total))
        making = seconds(lambda: [None for _ in islice((bullet(n) for n in range(total)), 20_000)]) / min(total, 20_000)
        took = seconds(lambda: store.save_all(made)) - making * total
        asked = {
            name: statistics.median(seconds(ask) for _ in range(ROUNDS)) * 1e3
            for name, ask in questions(store, total).items()
        }
    opened = seconds(lambda: BulletStore(path).close()) * 1e3
    return {
        "bullets": total,
        "indexed_per_s": total / took,
        "bytes_per_bullet": path.stat().st_size / total,
        "fold_steps_per_s": fold_rate(),
        "open_ms": opened,
        "median_ms": asked,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bullets", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=None, help="where the index is made; default: the temporary one")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as inner:
        found = measure(given.bullets, Path(inner))
    if given.json:
        print(json.dumps(found, indent=2))
        return
    print(f"{found['bullets']:,} bullets: {found['indexed_per_s']:,.0f} indexed/s, "
          f"{found['bytes_per_bullet']:,.0f} bytes each, opened in {found['open_ms']:.1f} ms")  # fmt: skip
    print(f"fold: {found['fold_steps_per_s']:,.0f} steps/s (six symbols)")
    for name, took in found["median_ms"].items():
        print(f"  {name:<38}{took:>10.2f} ms")


if __name__ == "__main__":
    main()
