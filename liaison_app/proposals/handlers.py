"""What happens to a meeting ends what people wished of the old arrangement."""

from liaison_app.core.events import on
from liaison_app.scheduling.events import MeetingCancelled, MeetingPostponed, MeetingRevised

from . import services


@on(MeetingRevised)
def lapse_after_move(fact: MeetingRevised) -> None:
    if fact.is_significant:
        services.lapse(fact.meeting_id)


@on(MeetingPostponed)
def lapse_for_now(fact: MeetingPostponed) -> None:
    services.lapse(fact.meeting_id)


@on(MeetingCancelled)
def lapse(fact: MeetingCancelled) -> None:
    services.lapse(fact.meeting_id)
