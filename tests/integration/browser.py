"""A page opened in Debian's chromium, offline, and everything it complains about."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip


class Shown(NamedTuple):
    """A page that was opened, and everything it complained about."""

    page: Page
    complaints: list[str]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Without a browser the tests are skipped, except where CI promises to run everything."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        missing = "no chromium: apt-get install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def with_scrollbars(browser: Browser) -> Iterator[Browser]:
    """Another one of the kind, which draws scroll bars; without a window they are left out otherwise."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    other = browser.browser_type.launch(executable_path=path, args=FLAGS, ignore_default_args=["--hide-scrollbars"])
    yield other
    other.close()


def show(browser: Browser, report: Path, *, width: int, scheme: str) -> Shown:
    """The page when its charts are drawn."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True)  # type: ignore[arg-type]
    page, complaints = context.new_page(), list[str]()
    page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: complaints.append(f"failed: {request.url}"))
    page.goto(report.as_uri())
    page.wait_for_selector("html[data-drawn=yes]")
    return Shown(page, complaints)
