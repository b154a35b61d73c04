"""What sign-ups do when something happens to their meeting."""

from liaison_app.core.events import on
from liaison_app.scheduling.events import (
    MeetingCancelled,
    MeetingPostponed,
    MeetingPublished,
    MeetingRevised,
    SeatsChanged,
)

from . import services


@on(MeetingPublished)
def tell_new_time(fact: MeetingPublished) -> None:
    """A postponed meeting has its new time: everybody kept the place. A new meeting has nobody yet."""
    services.tell_everybody(fact.meeting_id, "moved")
    services.promote(fact.meeting_id)


@on(MeetingRevised)
def tell_move(fact: MeetingRevised) -> None:
    if fact.is_significant:
        services.tell_everybody(fact.meeting_id, "moved")


@on(MeetingPostponed)
def tell_postponement(fact: MeetingPostponed) -> None:
    services.tell_everybody(fact.meeting_id, "postponed", reason=fact.reason)


@on(MeetingCancelled)
def tell_cancellation(fact: MeetingCancelled) -> None:
    services.tell_everybody(fact.meeting_id, "cancelled", reason=fact.reason)


@on(SeatsChanged)
def move_up(fact: SeatsChanged) -> None:
    services.promote(fact.meeting_id)
