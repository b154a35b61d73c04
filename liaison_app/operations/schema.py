"""No request is served by a program that expects another schema than the database has (faults X24, X25)."""

from __future__ import annotations

import logging
import time
from threading import Lock

from flask import Flask, current_app, g, request
from flask.typing import ResponseReturnValue
from psycopg.errors import UndefinedColumn, UndefinedTable
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from liaison_app.core import web
from liaison_app.core.db import db
from liaison_app.jobs.errors import WrongSchema
from liaison_app.jobs.worker import refuse_wrong_schema

from .errors import OtherSchema

log = logging.getLogger("liaison.operations")

# A look is one row of one table; while the schema is another, the next one comes sooner.
LOOK_SECONDS, LOOK_AGAIN_SECONDS = 15.0, 2.0
# Say how the system is doing even then, or ask nothing of the database.
OPEN = frozenset({"operations.numbers", "operations.ready", "static", "web.healthz", "web.htmx_js"})
# What SQLite says of a table or column that is not there; PostgreSQL has kinds of errors for it.
NOT_THERE = ("no such table", "no such column", "has no column named")


class Watch:
    """What this process knows of the schema: whether it fits, and until when that is believed."""

    def __init__(self) -> None:
        self.fits = True
        self.good_until = float("-inf")
        self._one = Lock()

    def refuse(self) -> None:
        """Raise OtherSchema where the schema is another; look where the last look is too old."""
        with self._one:
            if time.monotonic() >= self.good_until:
                self._look()
        if not self.fits:
            raise OtherSchema

    def doubt(self) -> None:
        """Look again before the next request."""
        self.good_until = float("-inf")

    def _look(self) -> None:
        try:
            refuse_wrong_schema()
        except WrongSchema as mismatch:
            if self.fits:
                log.error("%s: no request is served", mismatch)
            self.fits = False
        else:
            self.fits = True
        finally:
            db.session.rollback()
        self.good_until = time.monotonic() + (LOOK_SECONDS if self.fits else LOOK_AGAIN_SECONDS)


def init_app(app: Flask) -> None:
    """Have every request look, and an error that smells of another schema be taken for one where it is."""
    app.extensions["liaison_schema"] = Watch()
    app.before_request(refuse)
    app.register_error_handler(ProgrammingError, _unfitting)
    app.register_error_handler(OperationalError, _unfitting)


def refuse() -> None:
    """Raise OtherSchema where this request would meet a schema that its program does not know."""
    if request.endpoint not in OPEN:
        current_app.extensions["liaison_schema"].refuse()


def _unfitting(error: DBAPIError) -> ResponseReturnValue:
    """Tell an error that comes from another schema from one of a busy database, and from a fault of ours."""
    db.session.rollback()
    if isinstance(error.orig, (UndefinedTable, UndefinedColumn)) or _is_not_there(error):
        watch = current_app.extensions["liaison_schema"]
        watch.doubt()
        try:
            watch.refuse()
        except OtherSchema as refusal:
            # The menu of an account would ask the database.
            g.account = None
            return web.say_no(refusal)
    if isinstance(error, OperationalError):
        return web.no_database(error)
    raise error


def _is_not_there(error: DBAPIError) -> bool:
    return any(words in str(error.orig) for words in NOT_THERE)
