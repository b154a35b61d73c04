import os
from collections.abc import Callable, Iterator

import pytest

from tests.access.worlds import World, build
from tests.parts import postgres
from tests.parts.databases import PostgresDatabase, SqliteDatabase
from tests.parts.report import do_without


@pytest.fixture(scope="module")
def world_on(tmp_path_factory, worker_id) -> Iterator[Callable[[str], World]]:
    """Give the world on an engine: made once for the tests of a file, on a database of its own."""
    worlds: dict[str, World] = {}

    def of(engine: str) -> World:
        if engine not in worlds:
            data = tmp_path_factory.mktemp(f"world-{engine}")
            try:
                database = (
                    SqliteDatabase(data)
                    if engine == "sqlite"
                    else PostgresDatabase(data, f"liaison_access_{os.getpid()}_{worker_id}")
                )
            except postgres.NoServer as reason:
                do_without(str(reason))
            worlds[engine] = build(database)
        return worlds[engine]

    yield of
    for world in worlds.values():
        world.database.close()
