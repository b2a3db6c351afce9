"""A real browser without a window, driven through the W3C WebDriver protocol.

Nothing is needed but Chromium and its driver on the PATH (on Debian: ``apt install chromium
chromium-driver``). ``Browser`` is the session: it opens pages, presses keys, moves the mouse, taps,
runs scripts, and tells what the page wrote to the console and what it asked the network for.

Source: W3C, "WebDriver", https://www.w3.org/TR/webdriver2/.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

#: Keys as WebDriver calls them.
TAB, ENTER, ESCAPE, SPACE, LEFT, RIGHT = "\ue004", "\ue007", "\ue00c", " ", "\ue012", "\ue014"
SHIFT, CONTROL = "\ue008", "\ue009"

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

#: Set where a browser has to be there: what would be skipped without one fails.
REQUIRED = os.environ.get("TENSORGROK_REQUIRE_BROWSER", "") not in ("", "0")

_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
_TIMEOUT = 60  # seconds for one answer of the driver
_PORT = re.compile(r"started successfully on port (\d+)")

Element = dict[str, str]


def browser_path() -> str | None:
    """The browser on the PATH."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def why_no_browser() -> str | None:
    """Why no browser can be driven here; None if one can."""
    if browser_path() is None:
        return f"none of {', '.join(BROWSERS)} is on the PATH"
    if shutil.which("chromedriver") is None:
        return "chromedriver is not on the PATH"
    return None


class Browser:
    """A session with a browser of its own, closed at the end of a ``with``."""

    def __init__(self, width: int = 1400, height: int = 1000) -> None:
        self._driver = subprocess.Popen(
            ["chromedriver", "--port=0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        # The driver is on this machine, so no proxy is asked.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self._session = ""
        try:
            self._base = f"http://127.0.0.1:{self._port()}/session"
            self._session = f"/{self._start(width, height)}"
        except BaseException:
            self.close()
            raise

    def _port(self) -> int:
        assert self._driver.stdout is not None
        for line in self._driver.stdout:
            found = _PORT.search(line)
            if found:
                return int(found[1])
        raise RuntimeError(f"chromedriver ended with status {self._driver.wait()}")

    def _start(self, width: int, height: int) -> str:
        arguments = [
            "--headless=new",
            f"--window-size={width},{height}",
            "--hide-scrollbars",
            "--force-device-scale-factor=1",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            # Whoever is root (in a container, say) has no sandbox.
            *(["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
        ]
        wanted = {
            "browserName": "chrome",
            "goog:chromeOptions": {"binary": browser_path(), "args": arguments},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }
        answer = self._ask("POST", "", {"capabilities": {"alwaysMatch": wanted}})
        session: str = answer["sessionId"]
        return session

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the session, the browser and its driver."""
        try:
            if self._session:
                self._ask("DELETE", "")
        finally:
            self._driver.terminate()
            self._driver.communicate()

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._base + self._session + path, data, method=method)
        request.add_header("Content-Type", "application/json")
        try:
            with self._opener.open(request, timeout=_TIMEOUT) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            with error:
                told = json.load(error)["value"]
            raise RuntimeError(f"{told['error']}: {told['message']}") from None

    # Pages -------------------------------------------------------------------------------------

    def open(self, url: str | Path) -> None:
        """Load a page and wait for it; forget what was logged before."""
        self._ask("POST", "/url", {"url": "about:blank"})
        self.console()
        self.requests()
        address = url.absolute().as_uri() if isinstance(url, Path) else url
        self._ask("POST", "/url", {"url": address})

    def resize(self, width: int, height: int) -> None:
        """Make the window so large, and wait until that is drawn."""
        self._ask("POST", "/window/rect", {"width": width, "height": height})
        self.run(
            "return new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))"
        )

    def wait(self, condition: str) -> None:
        """Wait until an expression of JavaScript is true; fail after some seconds."""
        script = (
            f"const holds = () => {condition}; const end = performance.now() + 5000;"
            "return new Promise(done => { const look = () => holds() ? done(true) :"
            "  performance.now() > end ? done(false) : setTimeout(look, 10); look() })"
        )
        assert self.run(script), condition

    def screenshot(self) -> bytes:
        """What is to be seen, as PNG."""
        return base64.b64decode(self._ask("GET", "/screenshot"))

    def run(self, script: str, *arguments: Any) -> Any:
        """Run JavaScript in the page: what it returns."""
        return self._ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def devtools(self, command: str, **parameters: Any) -> Any:
        """Send a command of the Chrome DevTools protocol."""
        return self._ask("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def console(self) -> list[str]:
        """What the page complained of since the last time this was asked."""
        entries = self._ask("POST", "/se/log", {"type": "browser"})
        return [entry["message"] for entry in entries if entry["level"] in ("SEVERE", "WARNING")]

    def requests(self) -> list[str]:
        """What was loaded since the last time this was asked, without what pages contain."""
        entries = self._ask("POST", "/se/log", {"type": "performance"})
        messages = [json.loads(entry["message"])["message"] for entry in entries]
        sent = [m for m in messages if m["method"] == "Network.requestWillBeSent"]
        urls = [message["params"]["request"]["url"] for message in sent]
        return [url for url in urls if not url.startswith(("data:", "about:"))]

    def emulate(self, media: str = "", **features: str) -> None:
        """Pretend a medium (``"print"``) and what users prefer (``prefers_color_scheme``)."""
        wanted = [{"name": k.replace("_", "-"), "value": v} for k, v in features.items()]
        self.devtools("Emulation.setEmulatedMedia", media=media, features=wanted)

    # People ------------------------------------------------------------------------------------

    def find(self, selector: str, number: int = 0) -> Element:
        """The element that a CSS selector finds, scrolled into view."""
        script = (
            "const e = document.querySelectorAll(arguments[0])[arguments[1]];"
            "e.scrollIntoView({block: 'center', behavior: 'instant'}); return e"
        )
        element: Element = self.run(script, selector, number)
        assert _ELEMENT in element
        return element

    def point(self, selector: str, number: int = 0) -> None:
        """Move the mouse to the middle of an element."""
        self._pointer("mouse", self.find(selector, number), press=False)

    def click(self, selector: str, number: int = 0) -> None:
        """Click the middle of an element."""
        self._pointer("mouse", self.find(selector, number), press=True)

    def tap(self, selector: str, number: int = 0) -> None:
        """Touch the middle of an element."""
        self._pointer("touch", self.find(selector, number), press=True)

    def _pointer(self, kind: str, where: Element, press: bool) -> None:
        actions: list[dict[str, Any]] = [
            {"type": "pointerMove", "origin": where, "x": 0, "y": 0, "duration": 0}
        ]
        if press:
            actions += [{"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]
        source = {
            "type": "pointer",
            "id": kind,
            "parameters": {"pointerType": kind},
            "actions": actions,
        }
        self._ask("POST", "/actions", {"actions": [source]})

    def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self._keys(actions)

    def hold(self, held: str, key: str) -> None:
        """Press a key while another is held."""
        order = (("keyDown", held), ("keyDown", key), ("keyUp", key), ("keyUp", held))
        self._keys([{"type": kind, "value": value} for kind, value in order])

    def _keys(self, actions: list[dict[str, str]]) -> None:
        self._ask("POST", "/actions", {"actions": [{"type": "key", "id": "k", "actions": actions}]})

    def pasted(self) -> str:
        """What the clipboard holds: what Control+V writes into a text field."""
        self.run(
            "const t = document.createElement('textarea'); t.id = 'paste';"
            "document.body.append(t); t.focus()"
        )
        self.hold(CONTROL, "v")
        text: str = self.run(
            "const t = document.getElementById('paste'), v = t.value; t.remove(); return v"
        )
        return text
