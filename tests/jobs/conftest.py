from collections.abc import Callable

import pytest

from liaison_app.jobs import registry
from liaison_app.jobs.rules import Work


@pytest.fixture
def trade(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Work], None]], None]:
    """Teach the worker of this test one job, “tests.work”, and nothing else."""
    monkeypatch.setattr(registry, "_runs", {})
    monkeypatch.setattr(registry, "_duties", {})
    return registry.job("tests.work")
