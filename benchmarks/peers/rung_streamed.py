"""Rung as `rung backtest` runs one symbol: a streaming desk. Gates, venue, ledger, records and figures on."""

from __future__ import annotations

from rung_truth import bench_of, report
from work import task

from rung.lab.streaming import streamed, why_not


def main() -> None:
    work = task()
    bench = bench_of(work)
    assert why_not(bench) == ""
    report(work, bench, lambda bench: streamed(bench, lambda day, done: None))


if __name__ == "__main__":
    main()
