"""`rung mock` end to end: wall, bars per second, memory, growth in days, and where the time goes (B6, B7).

    ./rung python benchmarks/mock.py [--data ../shared/data/equities] [--rounds 3]

Every round runs every length once, interleaved; medians are quoted. A trading year is 252 sessions = 98,280 slices.
Without the data folder the same is measured on a synthetic year.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

SIX = "TQQQ,SQQQ,SDS,UVXY,SSO,SVIX"
FIRST, LAST = "2025-04-07", "2025-10-03"
LENGTHS = {"10 days": "2025-04-21", "30 days": "2025-05-19", "all days": LAST}
YEAR_SLICES = 98_280
CAPITAL = Decimal(100_000)
# The account dies of costs within weeks, and a dead account trades nothing: an endless purse keeps the work honest.
OPEN_PURSE = "min_equity_start_frac = 0.0\nmin_equity_quote = 0.0\n"


def limits_file(folder: Path) -> Path:
    source = (Path(__file__).resolve().parents[1] / "config" / "risk" / "screen.toml").read_text()
    kept = [line for line in source.splitlines() if not line.startswith("min_equity")]
    path = folder / "limits.toml"
    path.write_text("\n".join(kept) + "\n" + OPEN_PURSE)
    return path


def run_once(data: Path, end: str, folder: Path) -> tuple[float, float]:
    """(wall seconds, peak MiB) of one whole process."""
    command = [
        *(sys.executable, "-m", "rung.apps.cli.main", "mock", "--start-date", FIRST, "--end-date", end),
        *("--data", str(data), "--symbols", SIX, "--shuffles", "0", "--out", str(folder / "out")),
        *("--limits", str(limits_file(folder))),
    ]
    start = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def where_the_time_goes(data: Path, folder: Path) -> dict[str, float]:
    """Microseconds per slice of each observer and of the step, timed separately over the first 30 days."""
    from rung.adapters.stores.memory import MemoryStore
    from rung.apps.compose import load_rotation_files, rotation_desk, rotation_strategy
    from rung.apps.limit_files import load_limits
    from rung.apps.market_data import open_market_data
    from rung.apps.places import CACHE_DIR, COSTS_FILE, ROTATION_FILE, config_file
    from rung.journal.journal import Durability, Journal
    from rung.reports.fold import RunFold
    from rung.risk.flag import PolledFlag
    from rung.strategy.rotation.model import OnlineEnsemble

    symbols = tuple(SIX.split(","))
    files = load_rotation_files(
        config_file(ROTATION_FILE), config_file(COSTS_FILE), load_limits([limits_file(folder)], None), symbols
    )
    market = open_market_data(data, symbols, (FIRST, LENGTHS["30 days"]), 0, CACHE_DIR)
    flag = PolledFlag()
    flag.found(None)
    model = OnlineEnsemble(symbols, files.rotation.value.oes_config)
    desk = rotation_desk(
        files, rotation_strategy(files, model), capital_quote=CAPITAL, flagged=market.flagged, maintenance=flag
    )
    journal = Journal(MemoryStore(), durability=Durability.grouped(400))
    fold = RunFold()
    feed = timed(lambda: [list(market.feed_of(s)) for s in market.sessions])
    slices = [event for day in feed[1] for event in day]
    alone = OnlineEnsemble(symbols, files.rotation.value.oes_config)
    parts = {"feed": feed[0]}
    parts["features and learner"] = timed(lambda: [alone.predict(e) for e in slices])[0]
    step_time, steps = timed(lambda: [desk.step(e) for e in slices])
    parts["desk.step without them"] = step_time - parts["features and learner"]
    parts["journal"] = timed(lambda: [journal.record(s) for s in steps])[0]
    parts["report fold"] = timed(lambda: [fold.see(s) for s in steps])[0]
    parts["session files"] = session_files(folder, files, steps)
    return {name: seconds / len(slices) * 1e6 for name, seconds in parts.items()}


def session_files(folder: Path, files, steps) -> float:  # type: ignore[no-untyped-def]
    from rung.reports.info import RunInfo
    from rung.reports.sessions import SessionFiles

    info = RunInfo(
        strategy_name="rotation",
        strategy_version="",
        symbols=tuple(SIX.split(",")),
        capital_quote=CAPITAL,
        config_id=files.config_id,
        code_version="",
        seed=0,
        synthetic=False,
    )
    with SessionFiles(folder / "lines", info, flush_every_steps=64) as out:
        return timed(lambda: [out.see(s) for s in steps])[0]


def timed(work: Callable[[], object]) -> tuple[float, object]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def slices_until(data: Path, end: str) -> int:
    from rung.apps.market_data import open_market_data
    from rung.apps.places import CACHE_DIR

    market = open_market_data(data, SIX.split(","), (FIRST, end), 0, CACHE_DIR)
    return sum(len(market.feed_of(session)) for session in market.sessions)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/equities"))
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run_once(given.data, FIRST, folder)  # compiles and caches
        measured: dict[str, list[tuple[float, float]]] = {length: [] for length in LENGTHS}
        one_day = []
        for _ in range(given.rounds):
            one_day.append(run_once(given.data, FIRST, folder)[0])
            for length, end in LENGTHS.items():
                measured[length].append(run_once(given.data, end, folder))
        print("period      slices  wall s    bars/s peak MiB  µs/slice s per year")
        start_up = statistics.median(one_day)
        for length, rows in measured.items():
            slices = slices_until(given.data, LENGTHS[length])
            wall = statistics.median(w for w, _ in rows)
            peak = max(p for _, p in rows)
            marginal = (wall - start_up) / (slices - 390)
            print(
                f"{length:10} {slices:7} {wall:7.2f} {slices * 6 / wall:9,.0f} {peak:8.0f} {marginal * 1e6:9.1f} "
                f"{marginal * YEAR_SLICES:10.2f}"
            )
        print(f"one day, whole process: {start_up:.2f} s")
        for part, microseconds in where_the_time_goes(given.data, folder).items():
            print(f"  {part:24} {microseconds:8.1f} µs per slice")


if __name__ == "__main__":
    main()
