"""A mail server for the outbox, well behaved or not."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from tests.parts.mailbox import SmtpServer


@pytest.fixture
def mailing(make_app: Callable[..., Flask], smtp_server: SmtpServer) -> Iterator[Flask]:
    """The application with a mail server set, its context open."""
    app = make_app(smtp_url=smtp_server.url, mail_from="代表工委 <office@example.test>")
    with app.app_context():
        yield app


class Script:
    """A mail server that says what it is told to and hangs up when it is told to.

    `answers` gives the reply to each verb; None hangs up instead. `.` is the end of the mail.
    """

    def __init__(self, **answers: str | None):
        self.answers: dict[str, str | None] = {
            "": "220 test", "EHLO": "250 test", "MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go on",
            ".": "250 taken", "QUIT": "221 bye", **answers,
        }  # fmt: skip
        self.mails: list[bytes] = []
        self._door = socket.create_server(("127.0.0.1", 0))
        self.url = f"smtp://127.0.0.1:{self._door.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._door.accept()
            except OSError:
                return
            with line, line.makefile("rwb") as file:
                self._talk(file)

    def _talk(self, file: Any) -> None:
        verb = ""
        while True:
            answer = self.answers.get(verb, "250 ok")
            if verb == ".":
                self.mails[-1] = self.mails[-1].removesuffix(b".\r\n")
            if answer is None:
                return
            file.write(answer.encode() + b"\r\n")
            file.flush()
            if verb == "DATA" and answer.startswith("354"):
                self.mails.append(b"")
                while not self.mails[-1].endswith(b"\r\n.\r\n"):
                    self.mails[-1] += file.readline()
                verb = "."
                continue
            said = file.readline()
            if not said:
                return
            verb = said.decode().split()[0].upper()

    def stop(self) -> None:
        self._door.close()


@pytest.fixture
def script() -> Iterator[Callable[..., Script]]:
    """Start a scripted mail server: `script(RCPT="450 later")`, `script(**{".": None})`."""
    started: list[Script] = []

    def start(**answers: str | None) -> Script:
        started.append(Script(**answers))
        return started[-1]

    yield start
    for server in started:
        server.stop()
