"""One tree of errors; each branch says who must act.

RungError
├── Refusable      this order dies, the desk lives
├── Retryable      the call may be repeated
├── Fatal          the desk stops and flattens
└── UserError      the person at the keyboard must change something (exit code 2, no traceback)
    └── Tampered   a journal that was edited (exit code 3)
"""

from __future__ import annotations


class RungError(Exception):
    """Root of every error Rung raises on purpose."""


class Refusable(RungError):
    """This order dies, the desk lives."""


class Retryable(RungError):
    """The call may be repeated."""


class Fatal(RungError):
    """The desk stops and flattens."""


def install_words(extra: str = "") -> str:
    """The command that installs Rung from its folder, with one of its extras, at the versions it was tested with."""
    return "./rung python -m pip install -c constraints.txt -e " + (f"'.[{extra}]'" if extra else ".")


class UserError(RungError):
    """Bad input from a person: what is wrong, where, and what to do about it.

    `what` is one sentence; `where` names file, line, column or flag; `remedy` is one imperative sentence.
    """

    exit_code = 2

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        self.what, self.where, self.remedy = what, where, remedy
        place = f"{where}: " if where else ""
        then = f" — {remedy}" if remedy else ""
        super().__init__(f"{place}{what}{then}")


class Tampered(UserError):
    """A journal whose chain does not hold."""

    exit_code = 3
