"""Results in a few lines, for a person at a prompt: what it was, what came of it, where the rest is."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

WIDE = 118


def outline(title: str, facts: Sequence[tuple[str, str]], frames: Mapping[str, pl.DataFrame]) -> str:
    """A title, `name  words` for every fact that has words, and the frames with their rows; no line over WIDE."""
    sizes = ", ".join(f".{name} ({frame.height:,} rows)" for name, frame in frames.items())
    lines = [title]
    for name, words in (*facts, ("frames", sizes)):
        if words:
            lines += textwrap.wrap(words, WIDE, initial_indent=f"  {name:<8} ", subsequent_indent=" " * 11)
    return "\n".join(lines)


def percent(fraction: float | None) -> str:
    """0.0153 → +1.53%; None → n/a."""
    return "n/a" if fraction is None else f"{fraction:+.2%}"


def number(value: float | None) -> str:
    """Two places; None → n/a."""
    return "n/a" if value is None else f"{value:,.2f}"


def named(values: Mapping[str, object]) -> str:
    """`period=40 band=0.001`, or that nothing was set."""
    return " ".join(f"{name}={value}" for name, value in values.items()) or "no parameters"
