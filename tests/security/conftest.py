import os
from collections.abc import Callable, Iterator

import pytest

from tests.parts import postgres
from tests.parts.databases import PostgresDatabase, SqliteDatabase
from tests.parts.report import do_without
from tests.security.hostile import Hostile, build


@pytest.fixture(scope="session")
def hostile_on(tmp_path_factory, worker_id) -> Iterator[Callable[[str], Hostile]]:
    """Give the hostile world on an engine, made once, on a database of its own; tests may add to it.

    What tests do here is more than any limit allows; limits have tests of their own.
    """
    worlds: dict[str, Hostile] = {}

    def of(engine: str) -> Hostile:
        if engine not in worlds:
            data = tmp_path_factory.mktemp(f"hostile-{engine}")
            try:
                database = (
                    SqliteDatabase(data, limits=False)
                    if engine == "sqlite"
                    else PostgresDatabase(data, f"liaison_hostile_{os.getpid()}_{worker_id}", limits=False)
                )
            except postgres.NoServer as reason:
                do_without(str(reason))
            worlds[engine] = build(database)
        return worlds[engine]

    yield of
    for world in worlds.values():
        world.database.forget_connections(world.app)
        world.database.close()
