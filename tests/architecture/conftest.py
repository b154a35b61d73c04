import pytest
from flask import Flask

from liaison_app.app import create_app
from liaison_app.settings import Settings


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The application put together, without a database."""
    return create_app(Settings(data=tmp_path_factory.mktemp("data")))
