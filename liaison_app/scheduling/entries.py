"""What calendars may say of a meeting to anybody, and its stored entry in the public feeds."""

from __future__ import annotations

from email.utils import parseaddr

from liaison_app.core import links
from liaison_app.core.db import db

from . import ics, rules
from .kinds import kind_name
from .models import CalendarEntry, Meeting


def facts_of(meeting: Meeting) -> ics.MeetingFacts:
    """Return what a calendar says of a meeting to anybody: no person, no number."""
    _name, _phone, address = links.office()
    return ics.MeetingFacts(
        uid=meeting.uid,
        sequence=meeting.sequence,
        revised_at=meeting.revised_at,
        created_at=meeting.created_at,
        starts_at=meeting.starts_at,
        ends_at=meeting.ends_at,
        summary=meeting.title,
        description="\n".join(filter(None, [kind_name(meeting.kind), meeting.about])),
        location=meeting.place,
        url=links.meeting_url(meeting.code),
        state="cancelled" if meeting.state in rules.OFF else "confirmed",
        organizer_name=meeting.unit.name,
        organizer_email=parseaddr(address)[1],
    )


def store(meeting: Meeting) -> None:
    """Write the meeting's entry for the public feeds anew, where it has ever been published."""
    if meeting.published_at is None:
        return
    entry = db.session.get(CalendarEntry, meeting.id) or CalendarEntry(meeting_id=meeting.id)
    entry.body, entry.revised_at = ics.vevent_public(facts_of(meeting)), meeting.revised_at
    db.session.add(entry)
