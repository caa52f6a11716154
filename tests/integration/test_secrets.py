"""P19: secrets given to Rung appear in nothing it prints and in nothing it writes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.integration.mock_runs import PROJECT, rung

from rung.apps.cli.main import main

CANARIES = {
    "RUNG_JOURNAL_KEY": "canary-journal-key-4f1d9b",
    "MASSIVE_API_KEY": "canary-massive-key-77aa21",
    "POLYGON_API_KEY": "canary-polygon-key-c0ffee",
    "RUNG_DATABASE": "canary-database-password-9e1c",
}
DATABASE = f"host=127.0.0.1 port=1 user=rung password={CANARIES['RUNG_DATABASE']}"
"""Nothing listens there."""


class Unauthorised(BaseHTTPRequestHandler):
    """A data vendor that refuses every key."""

    def do_GET(self) -> None:
        self.send_error(401)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def vendor() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Unauthorised) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(scope="module")
def said_and_written(vendor: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], Path]:
    """Everything printed by every verb that comes near a secret, and the folder everything was written to."""
    folder = tmp_path_factory.mktemp("secrets")
    tapes, out = str(folder / "tapes"), str(folder / "out")
    journal = str(folder / "out" / "journal_2025-03-04_2025-03-04.sqlite")
    lines = [
        ("data", "synth", "--output", tapes, "--days", "2", "--start-date", "2025-03-03"),
        ("mock", "--data", tapes, "--out", out, "--date", "2025-03-04", "--shuffles", "1"),
        ("journal", "verify", journal),
        ("journal", "tail", journal, "-n", "3"),
        ("journal", "export", journal, "--jsonl", str(folder / "export.jsonl")),
        ("journal", "stats", journal),
        ("replay", out),
        ("journal", "verify", "postgresql:main"),
        ("bullets", "stats", "--journal", out),
        ("doctor",),
        ("doctor", "--json"),
        ("status",),
        ("risk", "show"),
        (
            *("data", "download", "--symbols", "TQQQ", "--start-date", "2025-03-03", "--end-date", "2025-03-04"),
            *("--output", str(folder / "down"), "--base-url", vendor),
        ),
    ]
    printed = []
    for words in lines:
        done = rung(*words, env={**CANARIES, "RUNG_DATABASE": DATABASE, "RUNG_TRACEBACK": "1"}, cwd=PROJECT)
        printed.append(done.stdout + done.stderr)
    return printed, folder


def test_no_secret_is_printed(said_and_written: tuple[list[str], Path]) -> None:
    printed, _ = said_and_written
    assert "the chain holds" in "".join(printed)  # the key was really used
    assert "nothing listens at this host and port" in "".join(printed)  # so was the database
    assert [name for name, canary in CANARIES.items() if any(canary in text for text in printed)] == []


def test_no_secret_is_written(said_and_written: tuple[list[str], Path]) -> None:
    _, folder = said_and_written
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 10
    leaks = [
        (path.name, name) for path in files for name, canary in CANARIES.items() if canary.encode() in path.read_bytes()
    ]
    assert leaks == []


@pytest.mark.parametrize(
    "dsn",
    [
        "SECRET",
        "host=127.0.0.1 password=my SECRET",
        "password='SECRET",
        "SECRET=1",
        "postgresql://rung:SECRET%zz@127.0.0.1:1/db",
        "postgresql://rung:%00SECRET@127.0.0.1:1/db",
        "postgresql://rung:my@SECRET@127.0.0.1:1/db",
        "postgresql://rung:SECRET@[::1/db",
        "host=127.0.0.1 port=SECRET",
        "host=127.0.0.1 port=1 sslmode=SECRET",
        "host=/no/SECRET",
        "host=127.0.0.1 port=1 service=SECRET",
    ],
)
def test_a_connection_string_with_a_slip_in_it_is_not_repeated(
    dsn: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RUNG_DATABASE", dsn.replace("SECRET", "canary-9e1c"))
    monkeypatch.setenv("RUNG_TRACEBACK", "1")
    assert main(["journal", "verify", "postgresql:main"]) == 2
    said = "".join(capsys.readouterr())
    assert "cannot reach PostgreSQL" in said
    assert "canary" not in said
    assert "9e1c" not in said
