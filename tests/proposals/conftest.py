"""A published meeting at whose time somebody cannot come."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from liaison_app.core.db import db, transaction
from liaison_app.invitations.kinds import Door
from liaison_app.proposals import services
from liaison_app.proposals.models import Proposal
from tests.invitations.conftest import STARTS, Scene, noon, published, scene

__all__ = ["Scene", "noon", "published", "scene"]

# Monday 23 November, half past two: free, a workday, in office hours, and ten days from now.
WISHED = STARTS + timedelta(days=3)


@pytest.fixture
def wish(published: Scene) -> Callable[..., Proposal]:
    """Let the head wish for another time of two hours."""

    def wish(start: datetime = WISHED, comment: str = "那天在外地", **more) -> Proposal:
        invitation = published.invitation(more.pop("person", published.head))
        given = {"sequence": published.meeting.sequence, "door": Door.LINK} | more
        with transaction():
            made = services.propose(invitation.id, (start, start + timedelta(hours=2)), comment, **given)
        return db.session.get_one(Proposal, made.id)

    return wish
