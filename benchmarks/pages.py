"""The public page of a meeting and sign-ups, by HTTP, beside the bare application; all rounds interleaved."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing
from itertools import count
from random import Random

from benchmarks import load, places
from benchmarks.load import Rounds
from benchmarks.tables import Table

MEETINGS = 18  # as many as there are stations
ROUNDS = 5
SECONDS = 2.0
WARM_SECONDS = 1.0


class Bare:
    """Visitors of the bare application, which asks for no token."""

    def __init__(self, port: int, codes: list[str]):
        self._chance, self._people = Random(1), count()
        self._codes = codes
        with closing(load.Connection(port)) as connection:
            self._forms = {code: self._read(connection.send(load.get(f"/m/{code}"))) for code in codes}

    def look(self, connection: load.Connection) -> None:
        connection.send(load.get(f"/m/{self._chance.choice(self._codes)}"))

    def hand_in(self, connection: load.Connection) -> None:
        """Send a form that was fetched before the measurement, for a new person."""
        code = self._chance.choice(self._codes)
        self._hand_in(connection, code, *self._forms[code])

    def sign_up(self, connection: load.Connection) -> None:
        """Go the whole way: the page, its form, and the page that this leads to."""
        code = self._chance.choice(self._codes)
        cookie, fields = self._read(connection.send(load.get(f"/m/{code}")))
        there = self._hand_in(connection, code, cookie, fields)
        connection.send(load.get(there, cookie))

    def _hand_in(self, connection: load.Connection, code: str, cookie: str, fields: dict[str, str]) -> str:
        number = next(self._people)
        person = {"name": f"群众{number}", "mobile": f"138{number:08}"}
        request = load.post(f"/m/{code}", {**person, **fields}, cookie)
        return connection.send(request, 303).headers["location"]

    def _read(self, answer: load.Answer) -> tuple[str, dict[str, str]]:
        return "", {"pool": re.findall(r'value="(\d+)">citizen', answer.body.decode())[0]}


class Product(Bare):
    """The same visitors of the product; its form carries tokens, one of them in step with a cookie."""

    def _read(self, answer: load.Answer) -> tuple[str, dict[str, str]]:
        tokens = dict(re.findall(r'name="(csrf_token|form_token)"[^>]*value="([^"]+)"', answer.body.decode()))
        cookie = answer.headers["set-cookie"].partition(";")[0]
        return cookie, {"role": "citizen", "consent": "y", **tokens}


def measure() -> Table:
    with places.installation() as app:
        codes = places.add_meetings(MEETINGS)
        bare_environ = {"BARE_DATABASE": str(places.copy_of(app, "bare.sqlite3"))}
        with (
            places.serving("wsgi:application", places.environment(app), "/healthz") as ours,
            places.serving("benchmarks.bare:application", bare_environ, "/ready") as bare,
        ):
            return _rounds(ours, bare, Product(ours.port, codes), Bare(bare.port, codes))


def _rounds(ours: places.Server, bare: places.Server, visitor: Product, bare_visitor: Bare) -> Table:
    targets: list[tuple[str, places.Server, Callable[[load.Connection], None]]] = [
        ("page, bare", bare, bare_visitor.look),
        ("page", ours, visitor.look),
        ("form handed in, bare", bare, bare_visitor.hand_in),
        ("form handed in", ours, visitor.hand_in),
        ("page, form, ticket, bare", bare, bare_visitor.sign_up),
        ("page, form, ticket", ours, visitor.sign_up),
    ]
    found = {name: Rounds() for name, *_ in targets}
    for _, server, visit in targets:
        load.pour(server.port, visit, WARM_SECONDS)
    for _ in range(ROUNDS):
        for name, server, visit in targets:
            before = server.cpu_seconds()
            ended, seconds = load.pour(server.port, visit, SECONDS)
            found[name].add(ended, seconds, server.cpu_seconds() - before)
    table = Table(
        "Public page and sign-up by HTTP",
        ["", "a second", "server CPU ms", "rate ÷ bare", "bare CPU ÷ CPU"],
        f"gunicorn gthread, {places.WORKERS} workers of {places.THREADS} threads, {load.CONNECTIONS} connections, "
        f"{MEETINGS} meetings of 7 invited people; SQLite WAL, synchronous=FULL, in both. Bare: `benchmarks/bare.py`, which "
        "writes one row and checks nothing; after the form it shows the page again, the product the ticket. "
        f"Medians of {ROUNDS} rounds, ratios round by round.",
    )
    for name, rounds in found.items():
        base = found[name if name.endswith("bare") else f"{name}, bare"]
        table.add(
            name,
            f"{rounds.rate:.0f}",
            f"{rounds.cost * 1000:.2f}",
            f"{load.ratio(rounds.rates, base.rates):.2f}",
            f"{load.ratio(base.costs, rounds.costs):.2f}",
        )
    return table
