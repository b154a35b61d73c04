from collections.abc import Callable

import pytest
from flask import Flask

from liaison_app.app import create_app
from liaison_app.settings import Settings


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The application put together, without a database."""
    return create_app(Settings(data=tmp_path_factory.mktemp("data")))


@pytest.fixture
def show(app: Flask) -> Callable[..., str]:
    """Return what a piece of template becomes."""

    def show(source: str, **context: object) -> str:
        with app.test_request_context("/somewhere?page=2"):
            return str(app.jinja_env.from_string(source).render(**context))

    return show
