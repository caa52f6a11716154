"""Work 1 in one run: Rung's engines against the backtesters people use, on the same bars.

    python -m benchmarks.work1 --install          # once: an environment per peer below .rung/bench, made with uv
    python -m benchmarks.work1                    # 50,400 bars
    python -m benchmarks.work1 --bars 525600 --rounds 1 --patience 3600
    python -m benchmarks.work1 --seldom           # the mean of 1,440 closes, band 1 %: a strategy that hardly trades

One-minute bars of a fixed-seed path (peers/path.py), close against the mean of the 60 closes before it, band 0.1 %,
long, short or flat, 2 bps a side, 1,000 notional; without stops, and with a 2 % stop and a 4 % target. Every round runs
every system once, in turn, each in a fresh process on one processor; medians. µs/bar and bars/s are processor time of
the engine's run alone (other work on the machine does not count), `wall` is the whole process as it happened. The round
trips of every system are compared one by one with the compiled twin's.
SYNTHETIC bars: nothing here is evidence about a market.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = ROOT / "benchmarks" / "peers"
CACHE = ROOT / ".rung" / "bench"
YEAR, SCALES = 525_600, (50_400, 201_600, 525_600)
TRUTH, STREAMED, KERNEL = "rung, truth engine", "rung, streamed", "rung, compiled twin"
PENNY = 0.01
"""A gap in equity that sizes cut at 0.00001 units explain."""
BUDGET_TRUTH_US, BUDGET_KERNEL_NS = 4.0, 8.0


@dataclass(frozen=True, kw_only=True)
class Peer:
    """script : in peers/.   env : its environment, "" for the one this runs in.   note : why its trades may differ."""

    name: str
    script: str
    env: str = ""
    python: str = ""
    packages: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    stops: bool = True
    note: str = ""

    @property
    def interpreter(self) -> Path:
        return CACHE / self.env / "bin" / "python" if self.env else Path(sys.executable)


RUNG = (
    Peer(name=TRUTH, script="rung_truth.py"),
    Peer(name=STREAMED, script="rung_streamed.py"),
    Peer(name=KERNEL, script="rung_kernel.py"),
)
NAUTILUS = ("nautilus_trader==1.231.0",)
PEERS = (
    Peer(
        name="vectorbt", script="vectorbt_signals.py", env="vectorbt", python="3.12", packages=("vectorbt==1.2.0",),
        note="no stop in the entry bar; a stop goes before an exit that should have filled at the open",
    ),
    Peer(
        name="backtesting.py", script="backtesting_py.py", env="backtesting", python="3.11",
        packages=("backtesting==0.6.6",), note="its warm-up ends a bar later, so the first entry may be late",
    ),
    Peer(
        name="backtrader", script="backtrader_bt.py", env="backtrader", python="3.11",
        packages=("backtrader==1.9.78.123", "numpy"), note="stops sleep in the entry bar",
    ),
    Peer(
        name="zipline-reloaded", script="zipline_algo.py", env="zipline", python="3.12",
        packages=("zipline-reloaded==3.2.1",), stops=False,
        note="no stops within a bar; it is not shown the first bar, so the first entry may be late",
    ),
    Peer(
        name="jesse", script="jesse_research.py", env="jesse", python="3.11", packages=("jesse==3.5.3",),
        note="pays to close the open position at the end",
    ),
    Peer(
        name="freqtrade", script="freqtrade_offline.py", env="freqtrade", python="3.12",
        packages=("freqtrade==2026.9",),
        note="its stop and take profit are net of fees; what remains of the gap is not traced",
    ),
    Peer(
        name="nautilus, patched", script="nautilus.py", env="nautilus", python="3.12", packages=NAUTILUS,
        flags=("--patched",),
    ),
    Peer(name="nautilus, as installed", script="nautilus.py", env="nautilus", python="3.12", packages=NAUTILUS),
)  # fmt: skip


def install(peers: Iterable[Peer]) -> None:
    """An environment for each that has none; what went wrong is kept beside it and said in every table."""
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv is None:
        sys.exit("uv is missing: install it, or make the environments below .rung/bench by hand")
    CACHE.mkdir(parents=True, exist_ok=True)
    for peer in {peer.env: peer for peer in peers if peer.env}.values():
        folder, why = CACHE / peer.env, CACHE / f"{peer.env}.why"
        steps = (
            [uv, "venv", "--quiet", "--clear", "--python", found_python(peer.python), str(folder)],
            [uv, "pip", "install", "--quiet", "--system-certs", "--python", str(peer.interpreter), *peer.packages],
        )
        why.unlink(missing_ok=True)
        for words in steps:
            done = subprocess.run(words, capture_output=True, text=True, check=False)
            if done.returncode:
                why.write_text(done.stderr.strip())
                shutil.rmtree(folder, ignore_errors=True)
                break
        print(f"{peer.env}: {'not installed' if why.exists() else 'installed'}", file=sys.stderr)


def found_python(version: str) -> str:
    """An interpreter that pyenv keeps, where uv does not look; else the version, for uv to find or fetch."""
    kept = sorted(Path.home().glob(f".pyenv/versions/{version}*/bin/python{version}"))
    return str(kept[-1]) if kept else version


def missing(peer: Peer) -> str | None:
    """Why this peer cannot run, None when it can."""
    if not (SCRIPTS / peer.script).is_file():
        return "not measured: no script for it yet"
    if peer.interpreter.is_file():
        return None
    why = CACHE / f"{peer.env}.why"
    said = why.read_text().splitlines() if why.is_file() else ["run this with --install"]
    return f"not installed: {' '.join(said)[:160]}"


@dataclass(frozen=True)
class Bench:
    """One tape on disk, and where round trips are left."""

    bars: Path
    folder: Path
    cpu: int
    patience_s: float

    def run(self, peer: Peer, stops: bool, *flags: str) -> dict[str, Any]:
        """What the peer printed, with `wall`, or {"failed": why}."""
        out = self.log(peer, stops)
        words = [str(peer.interpreter), str(SCRIPTS / peer.script), str(self.bars), "--out", str(out)]
        words += [*(["--stops"] if stops else []), *peer.flags, *flags]
        quiet = {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
        started = time.perf_counter()
        try:
            done = subprocess.run(
                words, capture_output=True, text=True, check=False, timeout=self.patience_s, cwd=self.folder,
                env={**os.environ, **quiet}, preexec_fn=lambda: pin(self.cpu),
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return {"failed": f"stopped after {self.patience_s:,.0f} s"}
        wall = time.perf_counter() - started
        lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
        if done.returncode or not lines:
            said = done.stderr.strip().splitlines() or ["it printed nothing"]
            return {"failed": f"failed: {said[-1][:160]}"}
        return {**json.loads(lines[-1]), "wall": wall}

    def log(self, peer: Peer, stops: bool) -> Path:
        return self.folder / f"{peer.name.replace(' ', '_')}{'-stops' if stops else ''}.npy"


def pin(cpu: int) -> None:
    """This process on one processor, where the system can do that."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {cpu})


def measure(bench: Bench, peers: Sequence[Peer], rounds: int) -> dict[tuple[str, bool], dict[str, Any]]:
    """Interleaved rounds; medians of every figure. A system that failed once is not run again."""
    lines: dict[tuple[str, bool], list[dict[str, Any]]] = {}
    for number in range(rounds):
        for stops in (False, True):
            for peer in peers:
                past = lines.setdefault((peer.name, stops), [])
                if past and "failed" in past[-1]:
                    continue
                why = missing(peer) or (None if peer.stops or not stops else peer.note)
                past.append({"failed": why} if why else bench.run(peer, stops))
                print(f"round {number + 1}, {'stops' if stops else 'no stops'}: {peer.name}", file=sys.stderr)
    return {key: settled(past) for key, past in lines.items()}


def settled(past: list[dict[str, Any]]) -> dict[str, Any]:
    if "failed" in past[-1]:
        return past[-1]
    figures = {name: statistics.median(line[name] for line in past) for name in ("seconds", "wall", "peak_mib")}
    return {**past[-1], **figures, "rounds": len(past)}


def speed_table(found: dict[tuple[str, bool], dict[str, Any]], peers: Sequence[Peer], stops: bool) -> list[str]:
    streamed, kernel = (found[name, stops] for name in (STREAMED, KERNEL))
    head = f"{'stops at 2 % and 4 %' if stops else 'without stops'}, {streamed['bars']:,} bars"
    said = [
        "", f"{head:<34}{'version':>12}{'µs/bar':>10}{'bars/s':>13}{'wall s':>9}{'peak MiB':>10}"
        f"{'÷ streamed':>12}{'÷ twin':>10}",
    ]  # fmt: skip
    for peer in peers:
        line = found[peer.name, stops]
        if "failed" in line:
            said.append(f"{peer.name:<34}{line['failed']}")
            continue
        seconds, bars = line["seconds"], line["bars"]
        said.append(
            f"{peer.name:<34}{line['version']:>12}{seconds / bars * 1e6:>10.3f}{bars / seconds:>13,.0f}"
            f"{line['wall']:>9.2f}{line['peak_mib']:>10.0f}{seconds / streamed['seconds']:>12.2f}"
            f"{seconds / kernel['seconds']:>10,.0f}"
        )
    return said


def agreement(bench: Bench, found: dict[tuple[str, bool], dict[str, Any]], peers: Sequence[Peer]) -> list[str]:
    """Round trip by round trip against the compiled twin."""
    said = []
    twin = next(peer for peer in peers if peer.name == KERNEL)
    for stops in (False, True):
        whole = found[KERNEL, stops]
        theirs = trips(bench.log(twin, stops))
        head = f"{'stops' if stops else 'no stops'}: the compiled twin"
        said += ["", f"{head:<50}{whole['trades']:>8,} round trips, equity {whole['equity']:,.6f}"]
        for peer in peers:
            line = found[peer.name, stops]
            if "failed" in line:
                continue
            odd = len(theirs - trips(bench.log(peer, stops)))
            gap = line["equity"] - whole["equity"]
            same = "all the same" if not odd and line["trades"] == whole["trades"] else f"{odd:,} not found"
            why = f" ({peer.note})" if peer.note and (odd or abs(gap) > PENNY) else ""
            said.append(f"  {peer.name:<48}{line['trades']:>8,} round trips, equity {gap:+,.6f}; {same}{why}")
    return said


def trips(path: Path) -> set[tuple[int, ...]]:
    """(entry row, exit row, side) of each round trip."""
    return {tuple(row) for row in np.load(path).tolist()}


def scaling(bench: Bench, rounds: int) -> list[str]:
    """Rung's own rows over longer and longer tapes: the time per bar must not grow."""
    year = np.load(bench.bars.with_name("year.npy"))
    said = ["", f"{'stops, Rung alone, µs/bar':<34}" + "".join(f"{bars:>12,}" for bars in SCALES)]
    for peer in RUNG:
        cells = []
        for bars in SCALES:
            path = bench.folder / "scale.npy"
            np.save(path, year[:bars])
            there = Bench(path, bench.folder, bench.cpu, bench.patience_s)
            lines = [there.run(peer, True) for _ in range(rounds)]
            cells.append(statistics.median(line["seconds"] / line["bars"] * 1e6 for line in lines))
        said.append(f"{peer.name:<34}" + "".join(f"{cell:>12.4f}" for cell in cells))
    return said


def verdict(found: dict[tuple[str, bool], dict[str, Any]]) -> list[str]:
    kept = {True: "kept", False: "NOT kept"}
    said, kernel = [""], found[KERNEL, True]
    for name in (TRUTH, STREAMED):
        us = found[name, True]["seconds"] / found[name, True]["bars"] * 1e6
        said.append(f"B1 {name} at most {BUDGET_TRUTH_US} µs a bar: {us:.2f}, {kept[us <= BUDGET_TRUTH_US]}")
    ns = kernel["seconds"] / kernel["bars"] * 1e9
    return [
        *said,
        f"B2 compiled twin at most {BUDGET_KERNEL_NS} ns a bar: {ns:.2f}, {kept[ns <= BUDGET_KERNEL_NS]}",
    ]


def machine() -> str:
    text = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").is_file() else ""
    model = next((line.split(":")[1].strip() for line in text.splitlines() if "model name" in line), platform.machine())
    load = f", load {os.getloadavg()[0]:.1f} at the start" if hasattr(os, "getloadavg") else ""
    return f"{os.cpu_count()} × {model}, {platform.system()}, Python {platform.python_version()}{load}"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bars", type=int, default=50_400)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", nargs="*", help="only those whose name contains one of these words")
    parser.add_argument("--cpu", type=int, default=0, help="the processor everything is pinned to")
    parser.add_argument("--patience", type=float, default=900.0, help="seconds after which one run is stopped")
    parser.add_argument("--install", action="store_true", help="make the environments of the peers, then measure")
    parser.add_argument("--no-scale", action="store_true", help="leave out the longer tapes")
    parser.add_argument("--seldom", action="store_true", help="a strategy that hardly ever trades")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def main() -> int:
    given = arguments()
    if given.seldom:
        os.environ["RUNG_WORK"] = "seldom"
    asked = PEERS if given.peers is None else [p for p in PEERS if any(word in p.name for word in given.peers)]
    if given.install:
        install(asked)
    peers = (*RUNG, *asked)
    print(f"{machine()}\npath of {given.bars:,} SYNTHETIC one-minute bars, {given.rounds} interleaved rounds, medians")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path, bars in ((folder / "year.npy", YEAR), (folder / "bars.npy", given.bars)):
            subprocess.run([sys.executable, str(SCRIPTS / "path.py"), str(path), "--bars", str(bars)], check=True)
        bench = Bench(folder / "bars.npy", folder, given.cpu, given.patience)
        found = measure(bench, peers, given.rounds)
        if given.json:
            print(
                json.dumps([{"name": name, "stops": stops, **line} for (name, stops), line in found.items()], indent=2)
            )
            return 0
        for stops in (False, True):
            print("\n".join(speed_table(found, peers, stops)))
        print("\n".join([*agreement(bench, found, peers), *verdict(found)]))
        if not given.no_scale:
            print("\n".join(scaling(bench, given.rounds)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
