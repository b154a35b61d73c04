"""A real SMTP server that keeps what it is given."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from importlib.metadata import version
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from tests.parts.report import note


@dataclass(frozen=True)
class Mail:
    """One message as it came over the wire."""

    sender: str
    recipients: list[str]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.raw, policy=policy.default)  # type: ignore[return-value]


class SmtpServer:
    """Takes mail on `url` and keeps it in `mails`. It does not know SMTPUTF8, as many do not.

    `greeting` is what it says of itself. `refusals` holds, per recipient, the line with which the server says no:
    "450 come back later".
    """

    def __init__(self, greeting: str = "") -> None:
        self.mails: list[Mail] = []
        self.refusals: dict[str, str] = {}
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.url = f"smtp://127.0.0.1:{port}"
        self._controller = Controller(
            self, hostname="127.0.0.1", port=port, enable_SMTPUTF8=False, ident=greeting or None
        )
        self._controller.start()

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append(Mail(envelope.mail_from, list(envelope.rcpt_tos), envelope.content))
        return "250 OK"

    def wait_for(self, count: int, seconds: float = 10) -> list[Mail]:
        """Return the mails once there are `count`; fails where they do not come."""
        give_up = time.monotonic() + seconds
        while len(self.mails) < count:
            if time.monotonic() > give_up:
                pytest.fail(f"{len(self.mails)} of {count} mails came within {seconds} s")
            time.sleep(0.02)
        return self.mails

    def stop(self) -> None:
        self._controller.stop()


@pytest.fixture
def smtp_server() -> Iterator[SmtpServer]:
    """A mail server with an empty box: `make_app(smtp_url=smtp_server.url)` sends to it."""
    server = SmtpServer()
    note(f"SMTP by aiosmtpd {version('aiosmtpd')}")
    yield server
    server.stop()
