"""Read what came in, one mail after the other; a bad one stops no other."""

from __future__ import annotations

import logging
from datetime import timedelta

from liaison_app.core import clock
from liaison_app.core.db import transaction
from liaison_app.core.web import current_settings
from liaison_app.jobs.registry import every, job
from liaison_app.jobs.rules import Work

from . import imap, queries, services
from .kinds import Source

log = logging.getLogger("liaison.worker")


# Of a mailbox that was never read, or was numbered anew, what is older than this answers nothing any more.
FARTHEST_BACK = timedelta(days=60)


@every(minutes=1)
def poll() -> None:
    """Take in what is new in the mailbox: keep it, then mark it as read, so that a crash in between loses nothing."""
    url = current_settings().imap_url
    if not url:
        return
    name = imap.name_of(url)
    try:
        with imap.connect(url) as line:
            _take_in(line, name)
    except imap.Unreachable as trouble:
        log.warning("the mailbox cannot be read: %s", trouble.why)
        with transaction():
            services.note_unread(name, trouble.why)


def _take_in(line: imap.Line, name: str) -> None:
    with transaction():
        mailbox = services.open_mailbox(name, line.uid_validity)
        mailbox_id, last_uid = mailbox.id, mailbox.last_uid
    since = (clock.now() - FARTHEST_BACK).date()
    for uid in line.list_new(last_uid, since)[: services.AT_ONCE]:
        letter = line.fetch(uid)
        with transaction():
            if letter is not None:
                services.receive(letter.raw, Source.IMAP, is_cut=letter.is_cut)
            services.note_read_to(mailbox_id, uid)
        if letter is not None:
            line.mark_read(uid)


@job(queries.SETTLE)
def settle(work: Work) -> None:
    """Understand one mail and do what it is entitled to."""
    with transaction():
        services.settle(work.subject_id)


@every(minutes=10)
def lay_open() -> None:
    """Lay before a clerk what could not be worked on at all."""
    with transaction():
        for mail_id in queries.list_stuck_ids(services.AT_ONCE):
            services.give_up(mail_id)
