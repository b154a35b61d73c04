"""What the worker can do: jobs by name, and duties that come round."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from .rules import Work

Run = Callable[[Work], None]
DutyRun = TypeVar("DutyRun", bound=Callable[[], None])


@dataclass(frozen=True)
class Duty:
    """Something to do every so many minutes, by one worker at a time."""

    name: str
    minutes: int


_runs: dict[str, Run] = {}
_duties: dict[str, Duty] = {}


def job(name: str) -> Callable[[Run], Run]:
    """Register the decorated function for jobs called `name`, “domain.verb”.

    It is called with no transaction open, and may be called again for work that was done in part.
    """

    def register(run: Run) -> Run:
        _runs[name] = run
        return run

    return register


def every(*, minutes: int) -> Callable[[DutyRun], DutyRun]:
    """Register the decorated function as a duty; it is named after its domain and itself."""

    def register(run: DutyRun) -> DutyRun:
        name = f"{run.__module__.split('.')[1]}.{run.__name__}"
        _duties[name] = Duty(name, minutes)
        _runs[name] = lambda work: run()
        return run

    return register


def names() -> list[str]:
    """Return every name that this version of the program can run."""
    return sorted(_runs)


def duties() -> list[Duty]:
    return list(_duties.values())


def run_of(name: str) -> Run:
    return _runs[name]
