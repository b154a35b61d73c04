"""A published meeting that people answer by mail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from liaison_app.core.db import db, transaction
from liaison_app.inbox import services
from liaison_app.inbox.kinds import Source
from liaison_app.inbox.models import ReceivedMail
from tests.inbox.letters import mail, reply_object
from tests.invitations.conftest import Scene, noon, published, scene

__all__ = ["Scene", "noon", "published", "scene"]


def arrive(raw: bytes) -> ReceivedMail | None:
    """Let a mail come through the pipe; None where it has been here before."""
    with transaction():
        kept = services.receive(raw, Source.PIPE)
    if kept is None:
        return None
    with transaction():
        services.settle(kept.id)
    return db.session.get_one(ReceivedMail, kept.id)


@pytest.fixture
def reply(published: Scene) -> Callable[..., ReceivedMail]:
    """Let the head answer from the calendar: `reply("DECLINED", sequence=1)`; `letter` is what goes to the mail."""

    def answer(
        partstat: str = "ACCEPTED", *, letter: dict[str, Any] | None = None, **said: Any
    ) -> ReceivedMail:
        kept = arrive(mail(reply_object(published.meeting.uid, partstat, **said), **(letter or {})))
        assert kept is not None
        return kept

    return answer
