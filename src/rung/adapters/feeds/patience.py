"""A connection pool that waits its turn, repeats what may be repeated, and believes only whole answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from rung.domain.errors import UserError

TOO_MANY_REQUESTS = 429
RETRYABLE_STATUS = (408, 413, TOO_MANY_REQUESTS, 499, 500, 502, 503, 504)
UNAUTHORISED_STATUS = (401, 403)
OK = 200
LONGEST_BODY_SHOWN = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait, and with which clock.

    calls_per_minute : the plan's allowance; 0 means unlimited.   tries : attempts at one request, the first included.
    first_wait_s : doubled after every failure up to `longest_wait_s`; a Retry-After of the server goes before it.
    sleep, monotonic : seconds; `on_wait` is told why and how long before each wait.
    """

    sleep: Callable[[float], None]
    monotonic: Callable[[], float]
    on_wait: Callable[[str, float], None] = lambda _why, _seconds: None
    calls_per_minute: int = 0
    tries: int = 8
    first_wait_s: float = 1.0
    longest_wait_s: float = 60.0


class Pool(Protocol):
    """The part of urllib3's PoolManager that is used."""

    def request(self, method: str, url: str, **options: Any) -> Any: ...


@dataclass(slots=True)
class PatientPool:
    """Stands where the SDK expects its PoolManager. `request` returns only complete 200 answers that are JSON.

    Refused keys and other answers that no repetition cures raise UserError at once; what may pass (429, 5xx, cut
    connections, half an answer) is repeated, then raises UserError. `secret` never appears in a message.
    """

    pool: Pool
    patience: Patience
    secret: str
    _next_call_s: float = field(init=False, default=float("-inf"))

    def request(self, method: str, url: str, **options: Any) -> Any:
        wait, trouble = self.patience.first_wait_s, ""
        for attempt in range(self.patience.tries):
            if attempt:
                self._wait(trouble, wait)
                wait = min(wait * 2, self.patience.longest_wait_s)
            self._take_turn()
            answer, trouble = self._ask(method, url, options)
            if not trouble:
                return answer
            if answer is not None:
                wait = _retry_after_s(answer) or wait
        raise UserError(
            f"gave up after {self.patience.tries} tries: {trouble}",
            remedy="what is finished is kept: run the same command again to go on",
        )

    def _ask(self, method: str, url: str, options: dict[str, Any]) -> tuple[Any, str]:
        """The answer, and why it should be asked for again ("" when it should not)."""
        import urllib3

        try:
            answer = self.pool.request(method, url, **{**options, "retries": False})
        except urllib3.exceptions.HTTPError as error:
            return None, f"the connection failed ({type(error).__name__})"
        if answer.status == OK:
            return answer, _half_an_answer(answer.data)
        if answer.status == TOO_MANY_REQUESTS:
            return answer, "the server asks for fewer calls per minute (429)"
        if answer.status in RETRYABLE_STATUS:
            return answer, f"the server answered {answer.status}"
        raise self._refused(answer)

    def _refused(self, answer: Any) -> UserError:
        said = f"({answer.status}: {self._said(answer)})"
        if answer.status in UNAUTHORISED_STATUS:
            return UserError(
                f"the server refused the key {said}",
                remedy="set MASSIVE_API_KEY to a key whose plan covers minute bars of these dates",
            )
        return UserError(
            f"the server refused ({answer.status}: {self._said(answer)})", remedy="check symbols and dates"
        )

    def _said(self, answer: Any) -> str:
        text: str = answer.data.decode("utf-8", "replace")
        try:
            body = json.loads(text)
        except ValueError:
            body = {}
        if isinstance(body, dict):
            text = str(body.get("error") or body.get("message") or text)
        return text.replace(self.secret, "…")[:LONGEST_BODY_SHOWN]

    def _take_turn(self) -> None:
        if not self.patience.calls_per_minute:
            return
        early = self._next_call_s - self.patience.monotonic()
        if early > 0:
            self._wait("keeping to the plan's calls per minute", early)
        self._next_call_s = self.patience.monotonic() + 60.0 / self.patience.calls_per_minute

    def _wait(self, why: str, seconds: float) -> None:
        self.patience.on_wait(why, seconds)
        self.patience.sleep(seconds)


def _half_an_answer(content: bytes) -> str:
    """Why a 200 answer cannot be used; the SDK would take it for the end of the data."""
    try:
        body = json.loads(content)
    except ValueError:
        return "the answer was cut off"
    if not isinstance(body, dict):
        return "the answer is not a page of results"
    if "next_url" in body and "results" not in body:
        return "a page without results promises another one"
    return ""


def _retry_after_s(answer: Any) -> float:
    """Seconds the server asked for; 0 when it did not, or gave a date."""
    text = str(answer.headers.get("Retry-After", "")).strip()
    return float(text) if text.isdecimal() else 0.0
