"""What a meeting's list holds of the people on it, and when a meeting counts as over."""

from typing import Any

from sqlalchemy import case, select
from sqlalchemy.orm import InstrumentedAttribute

from liaison_app.core.errors import N_
from liaison_app.core.personal import Field, Holding, Moment, Whose, declare, excuse, of_person

from .kinds import MeetingState
from .models import CalendarEntry, Meeting, Participant

# A postponed meeting keeps its people: they have been told that their seats wait for them.
_OVER = case(
    (Meeting.state == MeetingState.CANCELLED, Meeting.ended_state_at),
    (Meeting.state == MeetingState.POSTPONED, None),
    else_=Meeting.ends_at,
)


def over_since(meeting_id: InstrumentedAttribute[Any]) -> Moment:
    """Return since when the meeting of a row is over or off; NULL while it has no time."""
    return select(_OVER).where(Meeting.id == meeting_id).correlate(meeting_id.class_).scalar_subquery()


LIST = Holding(
    name="participant",
    model=Participant,
    title=N_("委托代会"),
    whose=Whose.OFFICIAL,
    basis=N_("部门负责人到会答复是履行职责"),
    event=N_("活动结束"),
    period="answer",
    since=over_since(Participant.meeting_id),
    holds=Participant.stand_in_reason.is_not(None),
    of=of_person(Participant.person_id),
    headline=lambda row: row.meeting.title,
    fields=(Field(Participant.stand_in_reason, N_("局长不来的原因"), N_("主办方知道为什么换人")),),
)

declare(LIST)
excuse("what the office says of a meeting in public", Meeting.title, Meeting.state_reason, Meeting.place_text)
excuse("the office and post in which somebody comes, part of the record", Participant.title)
excuse("a public calendar names nobody", CalendarEntry.body)
