"""Read a stranger's calendar in a process of its own, with so much time and memory and no more (SECURITY H1).

A rule such as “every second, for ever” costs the reader all that it is given. The process knows nothing of the
installation: it gets the file and gives times.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from datetime import datetime
from pathlib import Path

from .errors import CutOff, NotACalendar, TooMuch, Unreadable
from .reading import Busy, Reading, Stretch
from .reading import read as read_here

LONGEST_SECONDS = 10
LARGEST_MEMORY = 768 * 1024 * 1024
ROOT = Path(__file__).resolve().parents[2]
_REFUSALS = {one.code: one for one in (Unreadable, NotACalendar, CutOff, TooMuch)}


def read(raw: bytes, stretch: Stretch) -> Reading:
    """Return what `reading.read` does. Raises Unreadable; TooMuch where it would take too long."""
    asked = json.dumps(
        {"since": stretch.since.isoformat(), "until": stretch.until.isoformat(), "own": sorted(stretch.own)}
    )
    try:
        done = subprocess.run(
            [sys.executable, "-m", "liaison_app.calendars.apart"],
            input=asked.encode() + b"\n" + raw,
            capture_output=True,
            cwd=ROOT,
            env={"PYTHONDONTWRITEBYTECODE": "1"},
            timeout=2 * LONGEST_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        raise TooMuch from late
    if done.returncode < 0:
        # Killed by a limit.
        raise TooMuch
    if done.returncode > 0:
        # Files of the wild break libraries in ways that nobody has listed.
        raise Unreadable
    said = json.loads(done.stdout)
    if refusal := said.get("refused"):
        raise _REFUSALS[refusal]
    busy = [Busy(datetime.fromisoformat(a), datetime.fromisoformat(b), maybe) for a, b, maybe in said["busy"]]
    return Reading(busy, said["broken"])


def _main() -> None:
    """Be that process: one line of what is asked, then the file; one line of JSON out."""
    resource.setrlimit(resource.RLIMIT_CPU, (LONGEST_SECONDS, LONGEST_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (LARGEST_MEMORY, LARGEST_MEMORY))
    asked = json.loads(sys.stdin.buffer.readline())
    since, until = datetime.fromisoformat(asked["since"]), datetime.fromisoformat(asked["until"])
    try:
        found = read_here(sys.stdin.buffer.read(), Stretch(since, until, frozenset(asked["own"])))
        said: dict[str, object] = {
            "busy": [
                (one.starts_at.isoformat(), one.ends_at.isoformat(), one.is_tentative) for one in found.busy
            ],
            "broken": found.broken,
        }
    except Unreadable as refusal:
        said = {"refused": refusal.code}
    except (MemoryError, RecursionError):
        said = {"refused": TooMuch.code}
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    _main()
