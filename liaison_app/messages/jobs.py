"""Send what is written down."""

from __future__ import annotations

from contextlib import suppress

from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from liaison_app.core.web import current_settings
from liaison_app.jobs.errors import Retry
from liaison_app.jobs.registry import every, job
from liaison_app.jobs.rules import Work

from . import queries, services
from .channels import email
from .errors import DeliveryFailed, TemporaryFailure


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
            with transaction():
                others_wait = services.note_sent(letter)
        if others_wait:
            with transaction():
                services.hurry_stranded()
    except DeliveryFailed as failure:
        with transaction():
            at = services.note_failure(work, letter, failure)
        if at:
            raise Retry(str(failure), at=at) from failure


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
