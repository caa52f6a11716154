"""One trading session of an exchange calendar."""

from __future__ import annotations

from msgspec import Struct

from rung.domain.clock import NS_PER_MINUTE

NS_PER_DAY = 1440 * NS_PER_MINUTE


class Session(Struct, frozen=True, kw_only=True, gc=False):
    """`date` is the exchange's own calendar date (ISO); `open_ns` and `close_ns` are UTC nanoseconds.

    An early close or a DST day only moves the two stamps. A 24/7 market has one session per UTC day.
    """

    date: str
    open_ns: int
    close_ns: int

    def minutes_since_open(self, at_ns: int) -> int:
        """Whole minutes from the open to `at_ns`; negative before it."""
        return (at_ns - self.open_ns) // NS_PER_MINUTE

    def minutes_to_close(self, at_ns: int) -> int:
        """Whole minutes from `at_ns` to the close; negative after it."""
        return (self.close_ns - at_ns) // NS_PER_MINUTE

    @property
    def around_the_clock(self) -> bool:
        """A session of a whole day: the next one starts where it ends, and its end closes nothing."""
        return self.close_ns - self.open_ns >= NS_PER_DAY

    @property
    def length_minutes(self) -> int:
        return (self.close_ns - self.open_ns) // NS_PER_MINUTE
