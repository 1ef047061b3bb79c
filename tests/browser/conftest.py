"""A real browser: Debian's chromium, without a window. Where it is absent, tests fail in CI and skip elsewhere."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Dialog, Page, Route, sync_playwright

DESKTOP, NARROW = {"width": 1440, "height": 860}, {"width": 400, "height": 820}
_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium")
    if program is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no chromium in PATH: install the distribution's package")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=list(_OPTIONS))
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """``open_page(html, narrow=, dark=, fragment=)`` -> the page, ready. What it complains of, or asks from elsewhere, fails the test."""
    told: list[str] = []
    contexts = []

    def watch(route: Route) -> None:
        if route.request.url.startswith("file:"):
            route.continue_()
        else:
            told.append(f"asks for {route.request.url}")
            route.abort()

    def refuse(dialog: Dialog) -> None:
        told.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def open_(html: str, *, narrow: bool = False, dark: bool = False, fragment: str = "") -> Page:
        file = tmp_path / "split.html"
        file.write_text(html, encoding="utf-8")
        size = NARROW if narrow else DESKTOP
        context = browser.new_context(
            viewport={"width": size["width"], "height": size["height"]}, color_scheme="dark" if dark else "light", reduced_motion="reduce"
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda message: told.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: told.append(f"error: {error}"))
        page.on("dialog", refuse)
        page.route("**/*", watch)
        page.goto(f"{file.as_uri()}{fragment}")
        page.wait_for_selector("html.ready", state="attached")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert told == []
