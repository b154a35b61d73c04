"""Every model and every state has its row in liaison_app/GLOSSARY.md."""

import importlib
import re
from enum import StrEnum

import pytest

from liaison_app.core.db import Model
from tests.architecture.source import PRODUCT, modules


def words() -> set[str]:
    """Return what stands in backticks in the rows of the glossary's tables."""
    text = (PRODUCT / "GLOSSARY.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    return {word for row in rows for word in re.findall(r"`([^`]+)`", row)}


def states() -> list[type[StrEnum]]:
    found = []
    for module in modules():
        if module.name.endswith(("models.py", "rules.py", "kinds.py")):
            loaded = importlib.import_module(
                "liaison_app." + module.name.removesuffix(".py").replace("/", ".")
            )
            found += [
                thing
                for thing in vars(loaded).values()
                if isinstance(thing, type)
                and issubclass(thing, StrEnum)
                and thing.__module__ == loaded.__name__
                if thing.__name__.endswith(("State", "Status"))
            ]
    return found


@pytest.mark.usefixtures("product")
def test_every_model_has_a_row():
    assert {mapper.class_.__name__ for mapper in Model.registry.mappers} - words() == set()


def test_every_state_has_a_row():
    named = {state.__name__ for state in states()} | {
        f"{s.__name__}.{member.value}" for s in states() for member in s
    }
    assert named - words() == set()
