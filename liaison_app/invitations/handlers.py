"""What scheduling tells becomes messages, in the same transaction."""

from liaison_app.core.events import on
from liaison_app.scheduling.events import (
    MeetingCancelled,
    MeetingPostponed,
    MeetingPublished,
    MeetingRevised,
)

from . import services


@on(MeetingPublished)
def invite(fact: MeetingPublished) -> None:
    services.invite_all(fact.meeting_id, was_cancelled=fact.was_cancelled)


@on(MeetingRevised)
def tell(fact: MeetingRevised) -> None:
    services.tell_revision(
        fact.meeting_id,
        is_significant=fact.is_significant,
        changes=fact.changes,
        added=fact.added,
        removed=fact.removed,
    )


@on(MeetingPostponed)
def call_off_for_now(fact: MeetingPostponed) -> None:
    services.call_off(fact.meeting_id, "postponed", fact.reason)


@on(MeetingCancelled)
def call_off(fact: MeetingCancelled) -> None:
    services.call_off(fact.meeting_id, "cancel", fact.reason)
