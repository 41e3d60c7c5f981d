"""Firefox, driven by itself: it speaks WebDriver BiDi over a socket, so that no driver needs to be installed."""

import base64
import contextlib
import itertools
import json
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

NAMES = ("firefox", "firefox-esr")
SECONDS = 60
QUIET = {
    # nothing of the browser's own business, and nobody beyond this machine
    "app.normandy.enabled": False, "app.update.enabled": False, "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore", "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False, "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False, "toolkit.telemetry.reportingpolicy.firstRun": False,
    "network.proxy.type": 1, "network.proxy.http": "127.0.0.1", "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1", "network.proxy.ssl_port": 9,
}  # fmt: skip


def find_firefox():
    """Program of an installed Firefox, or None."""
    return next((found for found in map(shutil.which, NAMES) if found), None)


class Firefox:
    """A headless Firefox with one tab, and everything that it asked for or complained of.

    Opening a file is no request to it; what the page then asks of any other place is.
    """

    def __init__(self, program):
        import websocket

        self._folder = tempfile.TemporaryDirectory(prefix="firefox-", ignore_cleanup_errors=True)
        profile = Path(self._folder.name)
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in QUIET.items()]
        (profile / "user.js").write_text("\n".join(lines), encoding="utf-8")
        command = [program, "--headless", "--no-remote", "--remote-debugging-port", "0", "--profile", str(profile)]
        self._log = (profile / "log.txt").open("wb")
        self._process = subprocess.Popen(command, stdout=self._log, stderr=self._log)
        try:
            address = self._address(profile / "log.txt")
            self._socket = websocket.create_connection(f"{address}/session", timeout=SECONDS, suppress_origin=True)
            self._numbers = itertools.count(1)
            self.requests, self.console, self.dialogs = [], [], []
            started = self.send(
                "session.new", capabilities={"alwaysMatch": {"unhandledPromptBehavior": {"default": "dismiss"}}}
            )
            self.version = started["capabilities"]["browserVersion"]
            self.send("session.subscribe", events=[
                "network.beforeRequestSent", "log.entryAdded", "browsingContext.userPromptOpened"])  # fmt: skip
            self._tab = self.send("browsingContext.getTree")["contexts"][0]["context"]
            self._before = None
        except BaseException:
            self.close()
            raise

    def _address(self, log):
        end = time.monotonic() + SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            if found := re.search(r"WebDriver BiDi listening on (ws://\S+)", log.read_text(errors="replace")):
                return found[1]
            time.sleep(0.1)
        raise RuntimeError(f"Firefox does not speak WebDriver BiDi: {log.read_text(errors='replace')[-500:]}")

    def send(self, method, **params):
        """Ask for one thing, and take down what the browser says in the meantime."""
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while (said := json.loads(self._socket.recv())).get("id") != number:
            self._hear(said)
        if said["type"] == "error":
            raise RuntimeError(f"{method}: {said['error']}: {said['message']}")
        return said["result"]

    def _hear(self, said):
        if said.get("method") == "network.beforeRequestSent":
            url = said["params"]["request"]["url"]
            self.requests += [url] if not url.startswith("data:") else []  # a font of its own search box
        elif said.get("method") == "log.entryAdded":
            self.console.append(said["params"]["text"])
        elif said.get("method") == "browsingContext.userPromptOpened":
            self.dialogs.append(said["params"]["message"])

    def wait(self, true):
        """Listen until something is true of what was heard; the socket gives up when nothing is said for long."""
        while not true():
            self._hear(json.loads(self._socket.recv()))

    def open(self, path, *, width=1280, height=860, before=""):
        """Open a file on a screen of this size, in an empty state; `before` runs ahead of any script of this page only.

        What was put before the last page goes first: it would run in every later page of the tab, and one that
        replaces `alert` leaves no dialog to be heard.
        """
        if self._before:
            self.send("script.removePreloadScript", script=self._before)
            self._before = None
        if before:
            added = self.send(
                "script.addPreloadScript", functionDeclaration=f"() => {{ {before} }}", contexts=[self._tab]
            )
            self._before = added["script"]
        self.send("browsingContext.setViewport", context=self._tab, viewport={"width": width, "height": height})
        self.requests, self.console, self.dialogs = [], [], []
        self.send("browsingContext.navigate", context=self._tab, url=path.as_uri(), wait="complete")

    def run(self, expression):
        """Value of an expression in the page, as JSON can hold it; a promise is waited for."""
        answer = self.send(
            "script.evaluate",
            expression=f"(async () => JSON.stringify((await ({expression})) ?? null))()",
            target={"context": self._tab},
            awaitPromise=True,
        )
        if answer["type"] == "exception":
            raise RuntimeError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    def keys(self, *keys):
        """Press keys, one after the other, where the focus is."""
        steps = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self.send("input.performActions", context=self._tab, actions=[{"type": "key", "id": "keys", "actions": steps}])

    def point(self, x, y, *, click=False, wheel=0):
        """Move the pointer to a place of the screen, and click or turn the wheel there."""
        steps = [{"type": "pointerMove", "x": round(x), "y": round(y)}]
        if click:
            steps += [{"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]
        actions = [{"type": "pointer", "id": "mouse", "actions": steps}]
        if wheel:
            turn = {"type": "scroll", "x": round(x), "y": round(y), "deltaX": 0, "deltaY": wheel}
            actions.append({"type": "wheel", "id": "wheel", "actions": [turn]})
        self.send("input.performActions", context=self._tab, actions=actions)

    def picture(self):
        """PNG of what the screen shows."""
        return base64.b64decode(self.send("browsingContext.captureScreenshot", context=self._tab)["data"])

    def pdf(self, *, landscape=True):
        """The page on A4, as its style for print says."""
        made = self.send("browsingContext.print", context=self._tab, background=True,
                         orientation="landscape" if landscape else "portrait", page={"width": 21.0, "height": 29.7},
                         margin=dict.fromkeys(("top", "bottom", "left", "right"), 0.9), shrinkToFit=False)  # fmt: skip
        return base64.b64decode(made["data"])

    def close(self):
        with contextlib.suppress(Exception):
            self.send("browser.close")
        with contextlib.suppress(Exception):
            self._socket.close()
        self._process.terminate()
        self._process.wait()
        self._log.close()
        self._folder.cleanup()
