"""Every way a verb can end, as a line on stderr and an exit code.

0    done                                3    a journal that was edited
1    done, and the answer is no          70   a bug in Rung (traceback)
2    the person must change something    130  stopped with Ctrl+C
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable

from rung.domain.errors import UserError

USAGE, BUG, STOPPED, BROKEN_PIPE = 2, 70, 130, 141
_REFUSED_BY_SYSTEM = {
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS,
    errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE, errno.EIO,
}  # fmt: skip


def framed(run: Callable[[], int]) -> int:
    """Call `run` and turn whatever happens into an exit code; raises nothing."""
    try:
        code = _exit_code(run)
        sys.stdout.flush()
        return code
    except UserError as error:
        return _told(str(error), error.exit_code, error)
    except KeyboardInterrupt:
        return _stopped()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else the interpreter complains at exit
        return BROKEN_PIPE
    except Exception as error:  # noqa: BLE001  (the outermost frame: it reports and says so in its exit code)
        if isinstance(error, OSError) and error.errno in _REFUSED_BY_SYSTEM:
            return _told(_system_words(error), USAGE, error)
        return _bug(error)


def _exit_code(run: Callable[[], int]) -> int:
    """typer ends by SystemExit, also for usage errors (2) and for Ctrl+C (130)."""
    try:
        return run()
    except SystemExit as end:
        if end.code == STOPPED:
            return _stopped()
        return end.code if isinstance(end.code, int) else int(end.code is not None)


def _system_words(error: OSError) -> str:
    place = f"{error.filename}: " if error.filename else ""
    return f"{place}{error.strerror}"


def _stopped() -> int:
    _say("stopped; what was written is valid")
    return STOPPED


def _told(words: str, code: int, error: BaseException) -> int:
    if os.environ.get("RUNG_TRACEBACK") == "1":
        _trace(error)
    _say(words)
    return code


def _bug(error: BaseException) -> int:
    _trace(error)
    _say(f"this is a bug in Rung, not in what you did: {type(error).__name__}: {error}")
    print("      please report the lines above together with the output of `rung doctor --json`", file=sys.stderr)
    return BUG


def _trace(error: BaseException) -> None:
    import traceback

    traceback.print_exception(error)


def _say(words: str) -> None:
    """One line on stderr, red on a terminal."""
    colour = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    print(f"\x1b[31mrung: {words}\x1b[0m" if colour else f"rung: {words}", file=sys.stderr)
