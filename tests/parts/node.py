"""ical.js in a process of Node, which reads calendars and shares nothing with the library that writes ours."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.parts.report import do_without, note

HERE = Path(__file__).resolve().parents[1] / "readers"
FILES = ("package.json", "package-lock.json", ".npmrc", "read.js")


@pytest.fixture(scope="session")
def ical_js(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bytes], dict[str, Any]]:
    """Return a function that says what ical.js finds in a calendar: method, events with moments in UTC, busy times."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        do_without("no Node: install nodejs and npm")
    home = tmp_path_factory.mktemp("readers")
    for name in FILES:
        shutil.copy(HERE / name, home / name)
    done = subprocess.run(
        [npm, "ci", "--silent"], cwd=home, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    pinned = json.loads((HERE / "package.json").read_text())["dependencies"]["ical.js"]
    note(f"Node {version} with ical.js {pinned}")

    def read(raw: bytes) -> dict[str, Any]:
        said = subprocess.run(
            [node, "read.js"], input=raw, cwd=home, capture_output=True, timeout=60, check=False
        )
        assert said.returncode == 0, said.stderr.decode()
        return json.loads(said.stdout)

    return read
