"""What came by mail, as a mail program reads it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

from flask import Flask
from icalendar import Calendar, Event

from liaison_app.jobs import worker
from tests.parts.mailbox import Mail, SmtpServer


@dataclass(frozen=True)
class Letter:
    """One mail with its calendar object, read by icalendar."""

    to: str
    message: EmailMessage

    @classmethod
    def of(cls, mail: Mail) -> Letter:
        (to,) = mail.recipients
        return cls(to, mail.message)

    @property
    def parts(self) -> dict[str, EmailMessage]:
        """The leaves of the mail by content type; an attached file by its name."""
        leaves: dict[str, Any] = {}
        for part in self.message.walk():
            if not part.is_multipart():
                leaves[part.get_filename() or part.get_content_type()] = part
        return leaves

    @property
    def text(self) -> str:
        return self.parts["text/plain"].get_content()

    @property
    def calendar(self) -> Calendar:
        return Calendar.from_ical(self.parts["text/calendar"].get_payload(decode=True))

    @property
    def method(self) -> str:
        return str(self.calendar["method"])

    @property
    def event(self) -> Event:
        (event,) = self.calendar.walk("VEVENT")
        return event

    @property
    def sequence(self) -> int:
        return int(self.event["sequence"])

    @property
    def link(self) -> str:
        """The personal link, as it stands in the text."""
        return re.search(r"https?://\S+/a/[\w-]+", self.text)[0]  # type: ignore[index]


class PostOffice:
    """The worker with a mail server, and what arrived there."""

    def __init__(self, app: Flask, smtp: SmtpServer):
        self._app, self._smtp, self._fetched = app, smtp, 0

    def work_off(self) -> int:
        with self._app.app_context():
            return worker.drain()

    def fetch(self) -> dict[str, Letter]:
        """Return what came since the last time, by address; fails where somebody got more than one."""
        fresh = self._smtp.mails[self._fetched :]
        self._fetched = len(self._smtp.mails)
        letters = [Letter.of(mail) for mail in fresh]
        assert len({letter.to for letter in letters}) == len(letters), [letter.to for letter in letters]
        return {letter.to: letter for letter in letters}


def methods(letters: dict[str, Letter]) -> dict[str, tuple[str, int]]:
    """Return, per address, METHOD and SEQUENCE of what it got."""
    return {to: (letter.method, letter.sequence) for to, letter in letters.items()}
