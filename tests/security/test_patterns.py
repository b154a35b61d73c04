"""No pattern takes longer than its text is long, whatever the text (SECURITY D19)."""

from __future__ import annotations

import gc
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import pytest

from liaison_app.core import logs
from tests.security.test_input import SOURCE

LONG = 20_000
# Ten times what the slowest takes here; one that goes back over its text would take minutes.
PATIENCE_SECONDS = 10
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

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def texts(length: int = LONG) -> Iterator[str]:
    for bit in BITS:
        for end in ENDS:
            yield bit * (length // len(bit)) + end


def patterns() -> list[re.Pattern[str]]:
    """Return every pattern that the program has compiled, wherever it keeps it."""
    for file in sorted(SOURCE.rglob("*.py")):
        name = ".".join(["liaison_app", *file.relative_to(SOURCE).with_suffix("").parts])
        import_module(name.removesuffix(".__init__"))
    written = "\n".join(file.read_text(encoding="utf-8") for file in SOURCE.rglob("*.py"))
    mine = [one for one in gc.get_objects() if isinstance(one, re.Pattern)]
    mine += [one for held in gc.get_objects() if isinstance(held, dict | tuple | list) for one in _held(held)]
    own = {one for one in mine if isinstance(one.pattern, str) and _stands_in(written, one.pattern)}
    return sorted(own, key=lambda one: one.pattern)


def _held(box: dict | tuple | list) -> Iterator[re.Pattern[str]]:
    yield from (one for one in (box.values() if isinstance(box, dict) else box) if isinstance(one, re.Pattern))


def _stands_in(written: str, pattern: str) -> bool:
    return len(pattern) > 2 and pattern[:12] in written


def try_out(pattern: re.Pattern[str], text: str) -> None:
    pattern.search(text)
    pattern.fullmatch(text)
    pattern.sub("", text)


def test_the_patterns_of_the_program_are_found():
    found = {one.pattern for one in patterns()}
    assert len(found) > 20
    assert any("1[3-9]" in one for one in found)


def test_no_pattern_goes_back_over_its_text():
    slow = []
    for pattern in patterns():
        try:
            with patience(PATIENCE_SECONDS):
                for text in texts(LONG // 10):
                    try_out(pattern, text)
        except TooSlow:
            slow.append(pattern.pattern)
    assert slow == []


def test_a_line_of_the_log_is_written_in_no_time_however_long_it_is():
    with patience(PATIENCE_SECONDS):
        for text in texts(100_000):
            logs._clean(text)


@pytest.mark.parametrize("pattern", [r"(a+)+$", r"(\w|-)*!", r"(.*a){12}$"])
def test_a_pattern_that_does_is_seen(pattern):
    """The control."""
    with pytest.raises(TooSlow), patience(1):
        for text in texts(LONG // 10):
            try_out(re.compile(pattern), text)


def test_the_source_is_where_it_is_looked_for():
    assert (Path(SOURCE) / "core" / "text.py").exists()
