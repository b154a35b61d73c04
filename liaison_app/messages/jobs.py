"""Send what is written down."""

from __future__ import annotations

import logging
import time
from contextlib import suppress

from sqlalchemy.exc import DBAPIError

from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from liaison_app.core.logs import told
from liaison_app.core.web import current_settings
from liaison_app.jobs.errors import Retry
from liaison_app.jobs.registry import every, job
from liaison_app.jobs.rules import LEASE, Work

from . import queries, services
from .channels import email
from .errors import DeliveryFailed, TemporaryFailure

log = logging.getLogger("liaison.worker")

NOTE_SECONDS = LEASE.total_seconds() - 60
NOTE_PAUSE_SECONDS = 2


@job(queries.DELIVER)
def deliver(work: Work) -> None:
    """Send one mail, unless it is settled already or no mail server is set.

    The line to the server is opened first, so that between taking the mail and sending it nothing slow
    happens. A crash between the server's yes and our note of it sends the same bytes again.
    """
    url = current_settings().smtp_url
    wanted = bool(url) and services.is_wanted(work.subject_id)
    # The question has opened a transaction, and none may be open while the server is waited for.
    db.session.rollback()
    if not wanted:
        return
    letter = None
    try:
        with email.connect(url, own_host=services.own_host()) as line:
            with transaction():
                letter = services.take(work)
            if letter is None:
                return
            email.send(line, sender=letter.sender, recipient=letter.recipient, raw=letter.raw)
            others_wait = _note_sent(letter)
        if others_wait:
            with transaction():
                services.hurry_stranded()
    except DeliveryFailed as failure:
        with transaction():
            at = services.note_failure(work, letter, failure)
        if at:
            raise Retry(str(failure), at=at) from failure


def _note_sent(letter: services.Letter) -> bool:
    """Write down what the server took, and try for nearly as long as the lease where the database is away, full or
    held: without the note the same mail would go out a second time."""
    give_up = time.monotonic() + NOTE_SECONDS
    while True:
        try:
            with transaction():
                return services.note_sent(letter)
        except DBAPIError as error:
            if time.monotonic() > give_up:
                raise
            log.warning("a mail was taken, but that cannot be written down yet: %s", told(error))
            time.sleep(NOTE_PAUSE_SECONDS)


@every(minutes=3)
def probe() -> None:
    """Notice that the mail server is back, though the mails that wait for it are put off for an hour by now."""
    url = current_settings().smtp_url
    is_needed = bool(url) and queries.has_stranded(clock.now())
    # As above: nothing is open while the server is waited for.
    db.session.rollback()
    if not is_needed:
        return
    with suppress(TemporaryFailure), email.connect(url, own_host=services.own_host()), transaction():
        services.hurry_stranded()


@every(minutes=1)
def tidy() -> None:
    """Drop what came too late, and let mails that were written without a mail server go out once there is one."""
    with transaction():
        services.drop_expired()
        if queries.mail_is_on():
            services.pick_up()
