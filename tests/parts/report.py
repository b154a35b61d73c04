"""What the run really used, said at its end; and the only way in which a test may be skipped."""

from __future__ import annotations

import os
from typing import Any, NoReturn

import pytest

_used: set[str] = set()
_remarks: set[str] = set()


def note(part: str) -> None:
    """Remember that `part`, a name with its version, did some work in this run."""
    _used.add(part)


def remark(text: str) -> None:
    """Say something at the end of the run that fails nothing."""
    _remarks.add(text)


def do_without(reason: str) -> NoReturn:
    """Fail the test for want of a real part; skip it only where LIAISON_ALLOW_SKIP=1 allows that."""
    if os.environ.get("LIAISON_ALLOW_SKIP") == "1":
        pytest.skip(reason)
    pytest.fail(f"{reason} (LIAISON_ALLOW_SKIP=1 skips what needs it)", pytrace=False)


def pytest_sessionfinish(session: pytest.Session) -> None:
    told = getattr(session.config, "workeroutput", None)
    if told is not None:
        told.update(really_used=sorted(_used), remarks=sorted(_remarks))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: Any) -> None:
    told = getattr(node, "workeroutput", {})
    _used.update(told.get("really_used", ()))
    _remarks.update(told.get("remarks", ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for title, lines in (("worth a look", sorted(_remarks)), ("really used", [" · ".join(sorted(_used))])):
        if any(lines):
            terminalreporter.section(title)
            for line in lines:
                terminalreporter.line(line)
