"""Which engines a journey takes: each one where that matters, the first one where a browser is the point."""

import pytest

from tests.parts.databases import ENGINES

FIRST = ENGINES[:1]

on_one_engine = pytest.mark.parametrize("database", FIRST, indirect=True)
# Every engine with script, and the first one once more without.
with_and_without_script = pytest.mark.parametrize(
    ("database", "script"),
    [(engine, True) for engine in ENGINES] + [(engine, False) for engine in FIRST],
    indirect=["database"],
    ids=[*(f"{engine}-script" for engine in ENGINES), *(f"{engine}-no-script" for engine in FIRST)],
)
both_ways = pytest.mark.parametrize(
    ("database", "script"),
    [(engine, script) for engine in FIRST for script in (True, False)],
    indirect=["database"],
    ids=["script", "no-script"],
)
