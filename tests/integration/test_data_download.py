"""The real client against a real server on this machine: pages, limits, faults, refusals, interruption, resumption.

The pages have the shape of recorded Massive answers (queryCount, resultsCount, adjusted, results, status, request_id,
next_url); the fixtures beside the checkout are compared with when they are there.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from rung.adapters.feeds.massive import Downloaded, MassiveDownloader, Progress
from rung.adapters.feeds.patience import Patience
from rung.apps.cli.main import main
from rung.domain.clock import NS_PER_MINUTE
from rung.domain.errors import UserError
from rung.domain.session import Session
from rung.market.calendar import ExchangeCalendar, xnys
from rung.market.importers import read_tape

KEY = "secret-key-of-a-test"
PERIOD = ("2025-06-27", "2025-07-03")  # two months, the second with an early close


def bars_of(session: Session) -> Iterator[dict[str, Any]]:
    """A day as the vendor has it: an hour before the open, the session, and after the close."""
    first, stop = session.open_ns - 60 * NS_PER_MINUTE, session.close_ns + 30 * NS_PER_MINUTE
    for place, ns in enumerate(range(first, stop, NS_PER_MINUTE)):
        price = 50 + place % 17 / 100
        prices = {"o": price, "h": price + 0.02, "l": price - 0.02, "c": price + 0.01}
        yield {"v": 100.0 + place, "vw": price, **prices, "t": ns // 10**6, "n": 12}


@dataclass
class Exchange:
    """A Massive-like server. `faults` are used up one per request; `page` is how many bars an answer holds."""

    calendar: ExchangeCalendar
    page: int = 50_000
    faults: list[Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    edit: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] = lambda bars: bars
    url: str = ""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        self.requests.append(handler.path)
        if self.faults:
            self.faults.pop(0)(handler)
            return
        if handler.headers["Authorization"] != f"Bearer {KEY}":
            said = f"Unknown API Key {handler.headers['Authorization']}"
            send(handler, 401, {"status": "ERROR", "error": said})
            return
        self._page(handler)

    def _page(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        asked = parse_qs(parts.query)
        _, _, _, _, symbol, _, one, unit, start, end = parts.path.split("/")
        offset = int(asked.get("cursor", ["0"])[0])
        if not offset:
            assert (one, unit, asked["adjusted"], asked["sort"]) == ("1", "minute", ["true"], ["asc"])
            assert asked["limit"] == ["50000"]
        days = [] if symbol == "NONE" else self.calendar.sessions(start, end)
        bars = self.edit([bar for session in days for bar in bars_of(session)])
        body = {"ticker": symbol, "queryCount": len(bars), "adjusted": True, "status": "OK", "request_id": "r1"}
        shown = bars[offset : offset + self.page]
        body |= {"resultsCount": len(shown)} | ({"results": shown} if shown else {})
        if offset + self.page < len(bars):
            body["next_url"] = f"https://api.elsewhere.example{parts.path}?cursor={offset + self.page}"
        send(handler, 200, body)


def send(handler: BaseHTTPRequestHandler, status: int, body: object, **headers: str) -> None:
    content = json.dumps(body).encode()
    handler.send_response(status)
    for name, value in {"Content-Type": "application/json", "Content-Length": str(len(content)), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(content)


def says(status: int, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    return lambda handler: send(handler, status, {"status": "ERROR", "error": "no"}, **headers)


def cuts(handler: BaseHTTPRequestHandler) -> None:
    """Promises more than it sends, then hangs up."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"status": "OK", "results": [')
    handler.close_connection = True


def halves(handler: BaseHTTPRequestHandler) -> None:
    """A complete answer of half a page: the SDK alone would take it for the end of the data."""
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(b'{"status": "OK", "results": [{"t": 1')
    handler.close_connection = True


def hangs_up(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.close()


@pytest.fixture(scope="module")
def nyse(tmp_path_factory: pytest.TempPathFactory) -> ExchangeCalendar:
    return xnys(tmp_path_factory.mktemp("calendar"))


@pytest.fixture
def exchange(nyse: ExchangeCalendar) -> Iterator[Exchange]:
    made = Exchange(calendar=nyse)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.answer(self)

        def log_message(self, *words: object) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass
class Waits:
    """A clock that only moves when somebody sleeps."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def patience(self, **limits: Any) -> Patience:
        return Patience(
            sleep=self.sleep, monotonic=lambda: self.now, on_wait=lambda why, _: self.told.append(why), **limits
        )

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def downloader(exchange: Exchange, waits: Waits, key: str = KEY, **limits: Any) -> MassiveDownloader:
    return MassiveDownloader(key, exchange.calendar, waits.patience(**limits), exchange.url)


def fetch(exchange: Exchange, output: Path, symbol: str = "TQQQ", **limits: Any) -> Downloaded:
    return downloader(exchange, Waits(), **limits).download(symbol, PERIOD, output)


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_the_sessions_of_the_period_arrive_as_one_tape(exchange: Exchange, tmp_path: Path) -> None:
    steps: list[Progress] = []
    done = downloader(exchange, Waits()).download("TQQQ", PERIOD, tmp_path, steps.append)
    tape = read_tape(done.path)
    sessions = exchange.calendar.sessions(*PERIOD)
    wanted = [ns for session in sessions for ns in range(session.open_ns, session.close_ns, NS_PER_MINUTE)]
    assert tape.open_ns.tolist() == wanted
    assert (done.bars, done.left_out, done.months_reused) == (4 * 390 + 210, 5 * 90, 0)
    assert (done.empty_sessions, tape.source, tape.synthetic) == ((), "massive, adjusted, 2025-06-27_2025-07-03", False)
    right = [bar for session in sessions for bar in bars_of(session) if bar["t"] * 10**6 in set(wanted)]
    for name, letter in (("open", "o"), ("high", "h"), ("low", "l"), ("close", "c"), ("volume", "v")):
        assert getattr(tape, name).tolist() == [bar[letter] for bar in right]
    assert [(s.month, s.done, s.total, s.reused) for s in steps] == [("2025-06", 1, 2, False), ("2025-07", 2, 2, False)]
    assert files(tmp_path) == ["TQQQ_1m.parquet"]


def test_pages_are_followed_on_the_given_server_only(exchange: Exchange, tmp_path: Path) -> None:
    whole = read_tape(fetch(exchange, tmp_path / "whole").path)
    exchange.requests.clear()
    exchange.page = 200
    paged = read_tape(fetch(exchange, tmp_path / "paged").path)
    assert paged.content_id == whole.content_id
    assert len(exchange.requests) == 5 + 7  # 960 and 1,260 bars, 200 a page: every page came to this server
    assert all("/range/1/minute/" in path for path in exchange.requests)


def test_a_rate_limit_waits_as_long_as_the_server_asks(exchange: Exchange, tmp_path: Path) -> None:
    exchange.faults = [says(429, Retry_After="17"), says(429)]
    waits = Waits()
    downloader(exchange, waits).download("TQQQ", PERIOD, tmp_path)
    assert waits.slept == [17.0, 34.0]
    assert "429" in waits.told[0]


def test_the_plans_calls_per_minute_are_kept(exchange: Exchange, tmp_path: Path) -> None:
    exchange.page = 200
    waits = Waits()
    downloader(exchange, waits, calls_per_minute=5).download("TQQQ", PERIOD, tmp_path)
    assert len(waits.slept) == len(exchange.requests) - 1
    assert waits.now == pytest.approx(12.0 * (len(exchange.requests) - 1))


@pytest.mark.parametrize("fault", [says(500), says(503), says(502), cuts, halves, hangs_up])
def test_what_may_pass_is_tried_again_and_nothing_is_lost(
    exchange: Exchange, tmp_path: Path, fault: Callable[[BaseHTTPRequestHandler], None]
) -> None:
    right = read_tape(fetch(exchange, tmp_path / "calm").path)
    exchange.page = 500
    exchange.faults = [fault, fault]
    waits = Waits()
    done = downloader(exchange, waits).download("TQQQ", PERIOD, tmp_path / "rough")
    assert read_tape(done.path).content_id == right.content_id
    assert waits.slept == [1.0, 2.0]


def test_a_server_that_stays_down_ends_in_one_line_and_keeps_finished_months(
    exchange: Exchange, tmp_path: Path
) -> None:
    waits = Waits()
    june_only = downloader(exchange, waits, tries=3)

    def then_down(step: Progress) -> None:
        exchange.faults = [says(503)] * 3

    with pytest.raises(UserError, match=r"gave up after 3 tries: the server answered 503 — what is finished is kept"):
        june_only.download("TQQQ", PERIOD, tmp_path, then_down)
    assert files(tmp_path) == [".download/TQQQ/TQQQ_1m_2025-06-27_2025-06-30.parquet"]


def test_an_interrupted_download_goes_on_where_it_stopped(exchange: Exchange, tmp_path: Path) -> None:
    right = read_tape(fetch(exchange, tmp_path / "calm").path)
    output = tmp_path / "cut"

    def stop(step: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        downloader(exchange, Waits()).download("TQQQ", PERIOD, output, stop)
    assert not (output / "TQQQ_1m.parquet").exists()
    exchange.requests.clear()
    steps: list[Progress] = []
    done = downloader(exchange, Waits()).download("TQQQ", PERIOD, output, steps.append)
    assert [urlsplit(path).path.split("/")[-2:] for path in exchange.requests] == [["2025-07-01", "2025-07-03"]]
    assert (done.months_reused, [step.reused for step in steps]) == (1, [True, False])
    assert read_tape(done.path).content_id == right.content_id
    assert files(output) == ["TQQQ_1m.parquet"]


def test_a_spoilt_month_of_an_earlier_run_is_fetched_again(exchange: Exchange, tmp_path: Path) -> None:
    part = tmp_path / ".download" / "TQQQ" / "TQQQ_1m_2025-06-27_2025-06-30.parquet"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"half a mon")
    done = fetch(exchange, tmp_path)
    assert (done.months_reused, done.bars) == (0, 4 * 390 + 210)


def test_a_month_whose_last_session_has_no_bars_yet_is_not_taken_for_finished(
    exchange: Exchange, tmp_path: Path
) -> None:
    (last,) = exchange.calendar.sessions("2025-07-03", "2025-07-03")
    exchange.edit = lambda bars: [bar for bar in bars if bar["t"] * 10**6 < last.open_ns - 100 * NS_PER_MINUTE]
    kept: list[list[str]] = []
    done = downloader(exchange, Waits()).download("TQQQ", PERIOD, tmp_path, lambda _: kept.append(files(tmp_path)))
    assert kept[1] == [".download/TQQQ/TQQQ_1m_2025-06-27_2025-06-30.parquet"]
    assert done.empty_sessions == ("2025-07-03",)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_told_at_once_and_never_shown(exchange: Exchange, tmp_path: Path, status: int) -> None:
    waits = Waits()
    wrong = "another-secret"
    if status == 403:
        exchange.faults = [lambda handler: send(handler, 403, {"status": "NOT_AUTHORIZED", "message": "plan"})]
    with pytest.raises(UserError) as caught:
        downloader(exchange, waits, wrong).download("TQQQ", PERIOD, tmp_path)
    assert f"the server refused the key ({status}" in str(caught.value)
    assert wrong not in str(caught.value)
    assert waits.slept == []
    assert files(tmp_path) == []


def test_another_refusal_is_told_and_not_repeated(exchange: Exchange, tmp_path: Path) -> None:
    exchange.faults = [says(400)]
    with pytest.raises(UserError, match=r"the server refused \(400: no\)"):
        fetch(exchange, tmp_path)
    assert len(exchange.requests) == 1


def test_a_redirect_is_not_followed_with_the_key(exchange: Exchange, tmp_path: Path) -> None:
    exchange.faults = [says(302, Location=f"{exchange.url}/elsewhere")]
    with pytest.raises(UserError, match=r"the server refused \(302"):
        fetch(exchange, tmp_path)
    assert len(exchange.requests) == 1


def test_a_symbol_without_bars_is_told(exchange: Exchange, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="the server has no bars of NONE from 2025-06-27 to 2025-07-03"):
        fetch(exchange, tmp_path, "NONE")
    assert files(tmp_path) == []


def test_a_page_without_results_that_promises_another_is_not_believed(exchange: Exchange, tmp_path: Path) -> None:
    empty = {"status": "OK", "resultsCount": 0, "next_url": f"{exchange.url}/v2/aggs?cursor=1"}
    exchange.faults = [lambda handler: send(handler, 200, empty)] * 2
    with pytest.raises(UserError, match="a page without results promises another one"):
        fetch(exchange, tmp_path, tries=2)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda bars: [*bars[:100], bars[99], *bars[100:]], "repeats the time of the bar before"),
        (lambda bars: [*bars[:100], bars[50], *bars[100:]], "goes back in time"),
        (lambda bars: [*bars[:100], {**bars[100], "c": -1.0}, *bars[101:]], "close is -1, and a price cannot be"),
        (lambda bars: [*bars[:100], {**bars[100], "h": None}, *bars[101:]], "high is not a number"),
        (lambda bars: [*bars[:100], {**bars[100], "t": None}, *bars[101:]], "without a time"),
    ],
)  # fmt: skip
def test_impossible_bars_of_the_server_are_refused_not_repaired(
    exchange: Exchange, tmp_path: Path, spoil: Callable[[list[dict[str, Any]]], list[dict[str, Any]]], said: str
) -> None:
    exchange.edit = spoil
    with pytest.raises(UserError, match=said):
        fetch(exchange, tmp_path)
    assert files(tmp_path) == []


@pytest.mark.parametrize("base", ["http://example.com", "ftp://127.0.0.1", "nonsense", "http://127.0.0.1.evil.example"])
def test_the_key_never_travels_in_the_open(nyse: ExchangeCalendar, base: str) -> None:
    with pytest.raises(UserError, match="--base-url"):
        MassiveDownloader(KEY, nyse, Waits().patience(), base)


def test_the_servers_bars_become_the_tape_bit_for_bit(exchange: Exchange, tmp_path: Path) -> None:
    exchange.edit = lambda bars: [{**bar, "o": 50.1 + 1e-9, "v": 1e9 + 1 / 3} for bar in bars]
    tape = read_tape(fetch(exchange, tmp_path).path)
    assert np.array_equal(np.unique(tape.open), [50.1 + 1e-9])
    assert np.array_equal(np.unique(tape.volume), [1e9 + 1 / 3])


def test_the_verb_downloads_with_a_key_from_the_environment_and_never_shows_it(
    exchange: Exchange, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MASSIVE_API_KEY", raising=False)
    monkeypatch.setenv("POLYGON_API_KEY", KEY)
    words = ["data", "download", "--symbols", "tqqq,SQQQ", "--start-date", PERIOD[0], "--end-date", PERIOD[1]]
    assert main([*words, "--output", "out", "--base-url", exchange.url, "--json"]) == 0
    shown = capsys.readouterr()
    assert [(one["symbol"], one["bars"]) for one in json.loads(shown.out)] == [("TQQQ", 1770), ("SQQQ", 1770)]
    assert files(tmp_path / "out") == ["SQQQ_1m.parquet", "TQQQ_1m.parquet"]
    exchange.requests.clear()
    assert main([*words, "--output", "out", "--base-url", exchange.url]) == 2
    assert main([*words, "--output", "out", "--base-url", exchange.url, "--force"]) == 0
    later = capsys.readouterr()
    assert len(exchange.requests) == 4
    assert KEY not in shown.out + shown.err + later.out + later.err + "".join(exchange.requests)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]


@pytest.mark.data
def test_our_pages_have_the_shape_of_the_recorded_ones(exchange: Exchange, tmp_path: Path, real_data: Path) -> None:
    recorded = real_data.parent / "fixtures/massive/client_python/test_rest/mocks/v2/aggs/ticker/AAPL/range/1/day"
    if not recorded.is_dir():
        pytest.skip(f"no recorded answers in {recorded}")
    page = json.loads((recorded / "2005-04-01" / "2005-04-04.json").read_text("utf-8"))
    ours = next(bars_of(exchange.calendar.sessions(*PERIOD)[0]))
    assert set(ours) == set(page["results"][0])
    assert {type(value) for value in ours.values()} <= {float, int}
    exchange.faults = [lambda handler: send(handler, 200, page)] * 2
    with pytest.raises(UserError, match="the server has no bars of AAPL"):  # read, understood, and outside the period
        fetch(exchange, tmp_path, "AAPL")
