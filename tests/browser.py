"""A headless Chromium that tests drive through chromedriver, which speaks the WebDriver protocol: JSON over HTTP."""

from __future__ import annotations

import base64
import importlib.util
import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

PROGRAMS = ("chromium", "chromedriver")
MISSING = " and ".join(name for name in PROGRAMS if shutil.which(name) is None)
WITHOUT = f"{MISSING} not installed: apt-get install chromium chromium-driver"
KEYS = {"ArrowLeft": "\ue012", "ArrowRight": "\ue014", "Enter": "\ue007", "Escape": "\ue00c", "Home": "\ue011"}
KEYS |= {"End": "\ue010", "Tab": "\ue004", "ArrowUp": "\ue013", "ArrowDown": "\ue015", "Delete": "\ue017"}


class Browser:
    """One window; `with Browser() as browser:` closes it."""

    def __init__(self, width: int = 1280, height: int = 800) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.driver = subprocess.Popen(["chromedriver", f"--port={port}"], **quiet)
        self.url = f"http://127.0.0.1:{port}"
        options = {
            "binary": shutil.which("chromium"),
            "args": [
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--force-prefers-reduced-motion",
            ],
            "perfLoggingPrefs": {"enableNetwork": True, "enablePage": False},
        }
        wishes = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}
        for attempt in range(100):
            try:
                made = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": wishes}})
                break
            except urllib.error.URLError:
                if attempt == 99:
                    raise
                time.sleep(0.1)
        self.url += f"/session/{made['sessionId']}"
        self.resize(width, height)

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._ask("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait()

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        data = json.dumps(body or {}).encode() if method == "POST" else None
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(json.load(error)["value"]["message"]) from None

    def open(self, page: Path | str) -> None:
        """Show a file, or the page at an address."""
        self._ask("POST", "/url", {"url": page.resolve().as_uri() if isinstance(page, Path) else page})

    def run(self, script: str, *arguments: Any) -> Any:
        """What a script returns; `arguments[0]` and so on are what it is given."""
        return self._ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def run_async(self, script: str) -> Any:
        """What a script gives to the function `arguments[0]`, once it does."""
        return self._ask("POST", "/execute/async", {"script": script, "args": []})

    def command(self, name: str, **parameters: Any) -> Any:
        """A command of the DevTools protocol."""
        return self._ask("POST", "/goog/cdp/execute", {"cmd": name, "params": parameters})

    def resize(self, width: int, height: int) -> None:
        """Make the page as wide and as high as that."""
        screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 700}
        self.command("Emulation.setDeviceMetricsOverride", **screen)

    def click(self, css: str) -> None:
        """Click with the mouse on the element that a selector finds, where a person would."""
        found = self._ask("POST", "/element", {"using": "css selector", "value": css})
        self._ask("POST", f"/element/{next(iter(found.values()))}/click")

    def press(self, key: str) -> None:
        """Press a key, which goes to what has the focus."""
        key = KEYS.get(key, key)
        actions = [{"type": kind, "value": key} for kind in ("keyDown", "keyUp")]
        self._ask("POST", "/actions", {"actions": [{"type": "key", "id": "keys", "actions": actions}]})

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        for letter in text:
            self.press(letter)

    def drag(self, css: str, points: list[tuple[float, float]], kind: str = "mouse") -> None:
        """Press on an element, go through the points (x, y), shares of its width and height, and let go."""
        self.run("document.querySelector(arguments[0]).scrollIntoView({ block: 'center', behavior: 'instant' })", css)
        box = self.run("return document.querySelector(arguments[0]).getBoundingClientRect().toJSON()", css)
        places = [(round(box["x"] + x * box["width"]), round(box["y"] + y * box["height"])) for x, y in points]
        first, *others = [{"type": "pointerMove", "x": x, "y": y, "duration": 20} for x, y in places]
        actions = [first, {"type": "pointerDown", "button": 0}, *others, {"type": "pointerUp", "button": 0}]
        pointer = {"type": "pointer", "id": kind, "parameters": {"pointerType": kind}, "actions": actions}
        self._ask("POST", "/actions", {"actions": [pointer]})

    def wait(self, condition: str, seconds: float = 90) -> None:
        """Wait until an expression of JavaScript is true. Raises TimeoutError if that takes longer."""
        end = time.monotonic() + seconds
        while not self.run(f"return Boolean({condition})"):
            if time.monotonic() > end:
                raise TimeoutError(f"within {seconds:g} seconds it was never true: {condition}")
            time.sleep(0.02)

    def text(self, css: str) -> str:
        """The text that an element shows."""
        return self.run("return document.querySelector(arguments[0]).innerText", css)

    def serious_violations(self) -> list[str]:
        """What axe-core finds in the page, but not in pages within it, that keeps people out.

        The test is skipped where axe-core is not installed.
        """
        folder = importlib.util.find_spec("axe_core_python")
        if folder is None or folder.submodule_search_locations is None:
            pytest.skip("axe-core-python is not installed: it is in the extra dev")
        axe = Path(folder.submodule_search_locations[0], "axe.min.js").read_text(encoding="utf-8")
        found = self.run_async(f"{axe}; axe.run({{iframes: false}}).then((result) => arguments[0](result.violations))")
        return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found if one["impact"] in ("serious", "critical")]

    def complaints(self) -> list[str]:
        """What the console has said since this was last asked."""
        return [entry["message"] for entry in self._ask("POST", "/se/log", {"type": "browser"})]

    def requests(self) -> list[str]:
        """The addresses that were asked for since this was last asked."""
        entries = [json.loads(e["message"])["message"] for e in self._ask("POST", "/se/log", {"type": "performance"})]
        return [e["params"]["request"]["url"] for e in entries if e["method"] == "Network.requestWillBeSent"]

    def screenshot(self, file: Path) -> None:
        """Write what the window shows as a PNG file."""
        file.write_bytes(base64.b64decode(self._ask("GET", "/screenshot")))
