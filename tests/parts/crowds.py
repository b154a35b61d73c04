"""Many clients at once: threads in several real processes, which one barrier lets go together."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from multiprocessing import get_context, parent_process
from typing import Any

import pytest
from flask import Flask

from liaison_app.app import LISTENERS, PAGES, create_app
from liaison_app.core.db import db
from liaison_app.settings import Settings
from tests.parts.databases import Database

Call = tuple[Any, ...]

PROCESSES = 4
PATIENCE = 60  # seconds until a client that never comes fails the test


class Crowd:
    """Processes that have the application open on the test's database, and wait."""

    def __init__(self, settings: Settings):
        # Not by fork: a child would inherit the locks and connections of this process.
        context = get_context("forkserver")
        # What they need is read once, by the process that they are all forked from.
        modules = [f"liaison_app.{name}" for name in (*PAGES, *LISTENERS)]
        context.set_forkserver_preload([__name__, *modules])
        gate = context.Barrier(PROCESSES)
        self._processes = ProcessPoolExecutor(
            PROCESSES, mp_context=context, initializer=_come, initargs=(settings, gate)
        )

    def rush(self, calls: Sequence[Call]) -> list[Any]:
        """Let a client of its own make each call, all at once; return what each returned, in their order.

        A call is a function of a module, which the processes import, and what it takes; all of that and
        what it returns can be pickled.
        """
        assert len(calls) >= PROCESSES
        # A share waits for the other shares, so no process can take two of them.
        shares = [self._processes.submit(_act, calls[n::PROCESSES]) for n in range(PROCESSES)]
        outcomes: list[Any] = [None] * len(calls)
        for n, share in enumerate(shares):
            outcomes[n::PROCESSES] = share.result()
        return outcomes

    def go_home(self) -> None:
        self._processes.shutdown()


_app: Flask
_gate: Any


def _come(settings: Settings, gate: Any) -> None:
    global _app, _gate
    threading.Thread(target=_leave_with, args=(parent_process(),), daemon=True).start()
    _app, _gate = create_app(settings), gate


def _leave_with(run: Any) -> None:
    """End with the test run: one that is killed says no goodbye."""
    run.join()
    os._exit(1)


def _act(calls: Sequence[Call]) -> list[Any]:
    start = threading.Barrier(len(calls), action=partial(_gate.wait, PATIENCE))

    def client(call: Call) -> Any:
        act, *given = call
        with _app.app_context():
            start.wait(PATIENCE)
            return act(*given)

    with ThreadPoolExecutor(len(calls)) as threads:
        outcomes = list(threads.map(client, calls))
    # The next test may find another database under the same name.
    with _app.app_context():
        db.engine.dispose()
    return outcomes


@pytest.fixture(scope="session")
def _crowds(databases: Any) -> Iterator[Callable[[Database], Crowd]]:
    with ExitStack() as last:
        made: dict[str, Crowd] = {}

        def of(database: Database) -> Crowd:
            if database.engine not in made:
                made[database.engine] = Crowd(database.settings)
                last.callback(made[database.engine].go_home)
            return made[database.engine]

        yield of


@pytest.fixture
def crowd(database: Database, _crowds: Callable[[Database], Crowd]) -> Crowd:
    """Clients on the test's database; the processes of an engine live through the run."""
    return _crowds(database)
