"""The machine's clock, for the verbs and loops that live in real time."""

from __future__ import annotations

import time


class SystemClock:
    """UTC nanoseconds since the epoch, as the machine believes them."""

    def now_ns(self) -> int:
        return time.time_ns()  # noqa: TID251 - this is the clock everybody else is given
