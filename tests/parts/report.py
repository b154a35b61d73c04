"""What the run really used, said at its end; and the only way in which a test may be skipped."""

from __future__ import annotations

import os
from typing import Any, NoReturn

import pytest

_used: set[str] = set()


def note(part: str) -> None:
    """Remember that `part`, a name with its version, did some work in this run."""
    _used.add(part)


def do_without(reason: str) -> NoReturn:
    """Fail the test for want of a real part; skip it only where LIAISON_ALLOW_SKIP=1 allows that."""
    if os.environ.get("LIAISON_ALLOW_SKIP") == "1":
        pytest.skip(reason)
    pytest.fail(f"{reason} (LIAISON_ALLOW_SKIP=1 skips what needs it)", pytrace=False)


def pytest_sessionfinish(session: pytest.Session) -> None:
    told = getattr(session.config, "workeroutput", None)
    if told is not None:
        told["really_used"] = sorted(_used)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: Any) -> None:
    _used.update(getattr(node, "workeroutput", {}).get("really_used", ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _used:
        terminalreporter.section("really used")
        terminalreporter.line(" · ".join(sorted(_used)))
