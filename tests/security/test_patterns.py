"""No pattern takes longer than its text is long, whatever the text (SECURITY D19)."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module

import pytest

from liaison_app.core import logs
from tests.security.test_input import SOURCE

LONG = 2_000
# Seconds of this process, not of the clock: ten times what the slowest takes.
PATIENCE_SECONDS = 4
BITS = (
    "a", "1", "13", " ", "　", "-", ".", "·", "@", "a@", "a.", "<", "=?", "=?a?b?", "/", "/a/", ":", "://", "aA1", "\t",
    "\r", "\n", "年", "1月", "1日", "：", "（", "(", "\\", '"', "%", "\u200b",
)  # fmt: skip
ENDS = ("", "!", "@", "\n", "\0", "a", "1", "?=", ")")


class TooSlow(Exception):
    pass


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Raise TooSlow inside the block; the engine of patterns lets a signal in."""

    def give_up(*_: object) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGPROF, give_up)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def texts(length: int) -> Iterator[str]:
    for bit in BITS:
        for end in ENDS:
            yield bit * (length // len(bit)) + end


Look = Callable[[str], object]


def looks() -> dict[str, list[Look]]:
    """Return, by pattern, the ways in which the program looks at a text with it, wherever it keeps it."""
    found: dict[str, list[Look]] = {}
    for file in sorted(SOURCE.rglob("*.py")):
        source = file.read_text(encoding="utf-8")
        dotted = ".".join(["liaison_app", *file.relative_to(SOURCE).with_suffix("").parts])
        for name, held in vars(import_module(dotted.removesuffix(".__init__"))).items():
            for pattern in _patterns(held):
                wanders = held is not pattern or re.search(
                    rf"\b{name}\.(search|sub|findall|finditer|split)", source
                )
                found[pattern.pattern] = [pattern.match, pattern.fullmatch, *[pattern.search] * bool(wanders)]
    return found


def _patterns(held: object) -> Iterator[re.Pattern[str]]:
    if isinstance(held, re.Pattern) and isinstance(held.pattern, str):
        yield held
    elif isinstance(held, dict):
        yield from (one for inner in held.values() for one in _patterns(inner))
    elif isinstance(held, tuple | list):
        yield from (one for inner in held for one in _patterns(inner))


def try_out(ways: list[Look], length: int = LONG) -> None:
    for text in texts(length):
        for way in ways:
            way(text)


def test_the_patterns_of_the_program_are_found():
    found = looks()
    assert len(found) > 20
    assert any("1[3-9]" in one for one in found)


def test_no_pattern_goes_back_over_its_text():
    slow = []
    for pattern, ways in looks().items():
        try:
            with patience(PATIENCE_SECONDS):
                try_out(ways)
        except TooSlow:
            slow.append(pattern)
    assert slow == []


def test_a_line_of_the_log_is_written_in_no_time_however_long_it_is():
    with patience(PATIENCE_SECONDS):
        for text in texts(10 * LONG):
            logs._clean(text)


@pytest.mark.parametrize("pattern", [r"(a+)+$", r"(\w|-)*!", r"[\w.+-]+@(?=[\w-]+\.)"])
def test_a_pattern_that_does_is_seen(pattern):
    """The control; the last of them is one that stood here."""
    with pytest.raises(TooSlow), patience(PATIENCE_SECONDS):
        try_out([re.compile(pattern).search], 10 * LONG)
