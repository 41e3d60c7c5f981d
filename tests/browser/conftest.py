"""A browser that tells everything it heard and reaches nothing but files."""

import os
import shutil
from types import SimpleNamespace

import pytest

ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync"]  # fmt: skip
NAMES = ("chromium", "chromium-browser", "google-chrome", "msedge", "microsoft-edge")


@pytest.fixture(scope="session")
def chromium():
    program = next((found for found in map(shutil.which, NAMES) if found), None)
    if program is None:
        if os.environ.get("HICGEO_REQUIRE_BROWSER") == "1":
            pytest.fail("no Chromium, Chrome or Edge found, and HICGEO_REQUIRE_BROWSER=1")
        pytest.skip("no Chromium, Chrome or Edge found")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium):
    """Open a file: gives the page and what was heard of it (requests, console, dialogs)."""
    contexts = []

    def open_file(path, *, viewport=None):
        context = chromium.new_context(viewport=viewport or {"width": 1280, "height": 860}, locale="nl-NL")
        contexts.append(context)
        heard = SimpleNamespace(requests=[], console=[], dialogs=[])
        context.route(
            "**/*", lambda route: route.continue_() if route.request.url.startswith("file:") else route.abort()
        )
        page = context.new_page()
        page.on("request", lambda request: heard.requests.append(request.url))
        page.on("console", lambda message: heard.console.append(message.text))
        page.on("pageerror", lambda error: heard.console.append(str(error)))
        page.on("dialog", lambda dialog: (heard.dialogs.append(dialog.message), dialog.dismiss()))
        page.goto(path.as_uri())
        return page, heard

    yield open_file
    for context in contexts:
        context.close()
