"""An installed browser as printer: a finished page to PDF or PNG, without a driver and without the network."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

from hicgeo.errors import InputError
from hicgeo.output._unpack import OURS

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "msedge", "microsoft-edge", "chrome")
PLACES = (
    "Microsoft/Edge/Application/msedge.exe",
    "Google/Chrome/Application/chrome.exe",
)
VARIABLE = "HICGEO_BROWSER"
SECONDS = 120
"""After which a browser that has not answered is stopped."""

_QUIET = (
    "--headless", "--disable-gpu", "--no-first-run", "--no-default-browser-check", "--disable-extensions",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic",
    "--host-resolver-rules=MAP * ~NOTFOUND",  # the page asks for nothing; this keeps the browser itself quiet
)  # fmt: skip


def find_browser() -> str:
    """Program of an installed Chromium, Chrome or Edge; the one that HICGEO_BROWSER names goes first.

    Raises
    ------
    InputError
        There is none.
    """
    named = os.environ.get(VARIABLE, "")
    folders = [os.environ[each] for each in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA") if each in os.environ]
    fixed = [str(Path(folder) / place) for folder in folders for place in PLACES]
    fixed.append("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
    found = next((path for name in (named, *NAMES, *fixed) if name and (path := shutil.which(name))), None)
    if found is None:
        raise InputError(
            "a PDF or PNG is made by an installed Chromium, Chrome or Edge",
            f"none found{f', nor {named!r}' if named else ''}",
            f"install one, name it in {VARIABLE}, or open the HTML file and print it from any browser",
        )
    return found


HEAD = 33
"""Bytes of a PNG up to the end of its first chunk."""


def to_pdf(page: bytes) -> bytes:
    """Print a page as its style sheet says.

    Parameters
    ----------
    page
        A finished page that needs nothing from elsewhere.

    Raises
    ------
    InputError
        There is no browser, or it fails.
    """
    made = _run(page, "page.pdf", ["--no-pdf-header-footer", "--print-to-pdf={result}"])
    # as many bytes as before, so that the table of places in the file stays right
    return re.sub(
        rb"/Creator \([^()\\]{8,}\)", lambda found: f"/Creator ({OURS})".encode().ljust(len(found[0])), made, count=1
    )


def to_png(page: bytes, *, width: int, height: int) -> bytes:
    """Draw a page as on a screen of `width` by `height` pixels.

    Parameters
    ----------
    page
        A finished page that needs nothing from elsewhere.
    width, height
        In pixels.

    Raises
    ------
    InputError
        There is no browser, or it fails.
    """
    made = _run(page, "page.png", ["--hide-scrollbars", f"--window-size={width},{height}", "--screenshot={result}"])
    said = b"tEXtSoftware\0" + OURS.encode()
    mark = (len(said) - 4).to_bytes(4, "big") + said + zlib.crc32(said).to_bytes(4, "big")
    return made[:HEAD] + mark + made[HEAD:]


def _run(page: bytes, result: str, task: list[str]) -> bytes:
    program = find_browser()
    with tempfile.TemporaryDirectory(prefix="hicgeo-", ignore_cleanup_errors=True) as folder:
        source, made = Path(folder) / "page.html", Path(folder) / result
        source.write_bytes(page)
        command = [
            program, *_QUIET, *_as_root(), f"--user-data-dir={Path(folder) / 'profile'}",
            *(each.format(result=made) for each in task), source.as_uri(),
        ]  # fmt: skip
        try:
            subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)  # noqa: S603 - a browser
        except (OSError, subprocess.TimeoutExpired) as error:
            raise _failed(program, type(error).__name__) from None
        if not made.is_file() or not made.stat().st_size:
            raise _failed(program, "no result")
        return made.read_bytes()


def _as_root() -> list[str]:
    """Chromium refuses to run sandboxed as root, as in a container."""
    return ["--no-sandbox"] if sys.platform == "linux" and os.geteuid() == 0 else []


def _failed(program: str, why: str) -> InputError:
    return InputError(
        "the browser must print the page",
        f"{Path(program).name}: {why}",
        "open the HTML file and print it from the browser instead",
    )
