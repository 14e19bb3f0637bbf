# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A headless Chromium, driven over a pipe by its DevTools protocol: what a page does, without a page that helps."""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NAME = shutil.which("chromium") or shutil.which("chromium-browser")
_OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-default-apps",
    "--remote-debugging-pipe",
)
# It speaks the protocol over the descriptors 3 and 4.
_MOVED = """
import os, sys
for place, end in enumerate(sys.argv[1:3], 3):
    os.dup2(int(end), place)
os.execv(sys.argv[3], sys.argv[3:])
"""


class Browser:
    """One page of a browser. heard: the events since it began to load."""

    def __init__(self, reading: int, writing: int) -> None:
        self._in, self._out = os.fdopen(reading, "rb"), os.fdopen(writing, "wb")
        self._numbers = itertools.count(1)
        self._session: str | None = None
        self._rest = b""
        self.heard: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for part in ("Page", "Network", "Log", "Runtime"):
            self.call(f"{part}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The result of a method of the protocol; what happens meanwhile is heard."""
        number = next(self._numbers)
        where = {"sessionId": self._session} if self._session else {}
        self._out.write(json.dumps({"id": number, "method": method, "params": parameters, **where}).encode() + b"\0")
        self._out.flush()
        while (message := self._message()).get("id") != number:
            self.heard.append(message)
        assert "error" not in message, message
        return dict(message["result"])

    def _message(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            more = os.read(self._in.fileno(), 1 << 20)
            assert more, "the browser has gone"
            self._rest += more
        text, _end, self._rest = self._rest.partition(b"\0")
        return dict(json.loads(text))

    def open(self, page: Path, width: int = 1280, scheme: str = "light") -> None:
        """A page at a width, for somebody who prefers light or dark."""
        screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        self.call("Emulation.setDeviceMetricsOverride", **screen)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.heard.clear()
        self.call("Page.navigate", url=page.as_uri())
        while not any(item.get("method") == "Page.loadEventFired" for item in self.heard):
            self.heard.append(self._message())

    def value(self, expression: str) -> Any:
        """What an expression is in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def asked_for(self) -> list[str]:
        """The addresses that the page asked for."""
        return [item["params"]["request"]["url"] for item in self.heard
                if item.get("method") == "Network.requestWillBeSent"]

    def complaints(self) -> list[str]:
        """What the console of the browser has to say."""
        methods = ("Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled")
        return [json.dumps(item["params"]) for item in self.heard if item.get("method") in methods]


@contextlib.contextmanager
def start() -> Iterator[Browser]:
    """A browser with a profile of its own."""
    assert NAME
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        (hears, ours_out), (ours_in, says) = os.pipe(), os.pipe()
        theirs = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (hears, says)]
        process = subprocess.Popen(
            [sys.executable, "-c", _MOVED, *map(str, theirs), NAME, *_OPTIONS, f"--user-data-dir={profile}"],
            pass_fds=theirs, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        for end in (hears, says, *theirs):
            os.close(end)
        try:
            yield Browser(ours_in, ours_out)
        finally:
            process.terminate()
            process.wait(timeout=20)
