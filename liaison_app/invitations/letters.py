"""What one invited person is written: the words, and the calendar object that goes with them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from liaison_app.core import links
from liaison_app.core.errors import N_
from liaison_app.core.letters import Letter, render_letter
from liaison_app.core.text import show_day, show_deadline, show_short, show_span
from liaison_app.core.tokens import make
from liaison_app.messages import services as messages
from liaison_app.scheduling import entries
from liaison_app.scheduling.ics import MeetingFacts
from liaison_app.scheduling.kinds import ANSWERING_ROLES, ROLE_NAMES, RoleCode, kind_name
from liaison_app.scheduling.models import Meeting, Participant

from . import itip, rules
from .kinds import ANSWER_NAMES, AnswerState
from .models import Invitation

LINK = "answer"
CHANGE_NAMES = {"title": N_("主题"), "time": N_("时间"), "place": N_("地点"), "agenda": N_("议程")}
_LONGEST_TITLE = 8

_CALENDAR_ROLES: dict[RoleCode, itip.Role] = {
    RoleCode.CHAIR: "CHAIR",
    RoleCode.BUREAU_STAFF: "OPT-PARTICIPANT",
    RoleCode.RECORDER: "OPT-PARTICIPANT",
}
_PARTSTATS: dict[AnswerState, itip.Partstat] = {
    AnswerState.WAITING: "NEEDS-ACTION",
    AnswerState.ACCEPTED: "ACCEPTED",
    AnswerState.DECLINED: "DECLINED",
    AnswerState.DELEGATED: "DELEGATED",
    AnswerState.TENTATIVE: "TENTATIVE",
}
_METHODS: dict[str, Literal["REQUEST", "CANCEL"]] = {
    "invite": "REQUEST",
    "update": "REQUEST",
    "remind": "REQUEST",
    "postponed": "CANCEL",
    "cancel": "CANCEL",
    "withdrawn": "CANCEL",
    "delegated": "REQUEST",
}

Change = tuple[str, str, str]


@dataclass(frozen=True)
class Notice:
    """What is to be said to one person; `letter` is the name of its templates.

    `asks_anew` says that the old answer no longer counts; `changes` are (field, before, after).
    """

    letter: str
    sequence: int
    changes: tuple[Change, ...] = ()
    reason: str = ""
    asks_anew: bool = True

    @property
    def method(self) -> Literal["REQUEST", "CANCEL"]:
        return _METHODS[self.letter]


def thread_of(invitation: Invitation) -> str:
    """Return the thread under which the outbox keeps the messages of one invitation in order."""
    return f"invitation-{invitation.id}"


def answer_token(invitation: Invitation) -> str:
    """Return the token of the invitation's personal link; the database holds only its digest."""
    return make(LINK, invitation.id, invitation.generation)


def answer_url(invitation: Invitation) -> str:
    return links.answer_url(answer_token(invitation))


def write(invitation: Invitation, notice: Notice, now: datetime) -> Letter:
    """Return the words of a notice to the invited person."""
    deadline = show_deadline(rules.answer_by(invitation.meeting.starts_at, now))
    return render_letter(
        f"invitations/{notice.letter}",
        **values_of(invitation),
        changes=[
            (CHANGE_NAMES[field], before or "—", after or "—") for field, before, after in notice.changes
        ],
        reason=notice.reason,
        answer_name=ANSWER_NAMES[invitation.answer],
        stand_in_name=stand_in.person.name if (stand_in := stand_in_of(invitation)) else "",
        reply_by_text=deadline if notice.asks_anew else "",
    )


def values_of(invitation: Invitation) -> dict[str, Any]:
    """Return what every letter to an invited person says of the meeting, the person and the office."""
    meeting, participant = invitation.meeting, invitation.participant
    office_name, office_phone, _ = links.office()
    return {
        "meeting": {
            "title": meeting.title,
            "kind_name": kind_name(meeting.kind),
            "day_text": show_day(meeting.starts_at),
            "span_text": show_span(meeting.starts_at, meeting.ends_at),
            "short_text": show_short(meeting.starts_at),
            "place_text": meeting.place,
            "lead_text": who_answers(meeting),
            "agenda_text": meeting.agenda,
        },
        "person_name": invitation.name,
        "person_title": _address(participant),
        "role_name": seat_words(participant),
        "answer_url": answer_url(invitation),
        "may_delegate": participant.unit_id is not None,
        "meeting_url": links.meeting_url(meeting.code) if meeting.is_public else "",
        "office_name": office_name,
        "office_phone": office_phone,
    }


def stand_in_of(invitation: Invitation) -> Participant | None:
    """Return who comes in the invited person's place by that person's answer, or None."""
    if invitation.answer != AnswerState.DELEGATED:
        return None
    sent = (
        one
        for one in invitation.meeting.participants
        if one.is_expected and one.stand_in_for_id == invitation.participant.person_id
    )
    return next(sent, None)


def calendar(invitation: Invitation, notice: Notice, now: datetime) -> bytes:
    """Return the iTIP object of a notice; it names the invited person and nobody else."""
    participant = invitation.participant
    stand_in = stand_in_of(invitation)
    attendee = itip.Attendee(
        name=participant.person.name,
        email=participant.person.email,
        role=_CALENDAR_ROLES.get(participant.role, "REQ-PARTICIPANT"),
        partstat=_PARTSTATS[invitation.answer],
        delegated_from=participant.stand_in_for.email if participant.stand_in_for else None,
        delegated_to=stand_in.person.email if stand_in else None,
    )
    if notice.method == "REQUEST":
        facts = facts_of(invitation.meeting, answer_url=answer_url(invitation))
        return itip.build_request(replace(facts, sequence=notice.sequence), attendee, stamped_at=now)
    facts = replace(facts_of(invitation.meeting), sequence=notice.sequence)
    whole = notice.letter != "withdrawn"
    return itip.build_cancel(facts, attendee, stamped_at=now, reason=notice.reason, whole_meeting=whole)


def facts_of(meeting: Meeting, *, answer_url: str = "") -> MeetingFacts:
    """Return what an invited person's calendar says about a meeting, with the personal link if one is given."""
    organizer_name, organizer_email = messages.sender()
    _, phone, _ = links.office()
    lines = [
        kind_name(meeting.kind),
        f"谁来答：{who_answers(meeting)}" if who_answers(meeting) else "",
        f"议程：\n{meeting.agenda}" if meeting.agenda else "",
        f"答复：{answer_url}" if answer_url else "",
        f"电话：{phone}",
    ]
    address = meeting.room.station.address if meeting.room else ""
    return replace(
        entries.facts_of(meeting),
        description="\n".join(filter(None, lines)),
        location=f"{meeting.place}（{address}）" if address else meeting.place,
        url=links.meeting_url(meeting.code) if meeting.is_public else "",
        organizer_name=organizer_name,
        organizer_email=organizer_email,
    )


def who_answers(meeting: Meeting, comma: str = "，") -> str:
    """Return in words who answers at the table: 城管局局长 某某，热力公司 某某; a page gives its language's comma."""
    return comma.join(
        f"{one.unit.short_name if one.unit else ''}{one.title} {one.person.name}".strip()
        for one in _in_order(meeting.participants)
        if one.is_expected and one.role in ANSWERING_ROLES
    )


def seat_words(participant: Participant) -> str:
    """Return in words as what somebody is asked: 人大代表, 城管局副局长，代 某某 参加."""
    role = ROLE_NAMES[participant.role]
    words = f"{participant.unit.short_name}{participant.title or role}" if participant.unit else role
    return f"{words}，代{participant.stand_in_for.name}参加" if participant.stand_in_for else words


def _in_order(participants: Iterable[Participant]) -> list[Participant]:
    return sorted(participants, key=lambda one: (not one.is_lead, one.position, one.id))


def _address(participant: Participant) -> str:
    """Return what is said right after the name: 代表, 局长; nothing where the title is long."""
    if participant.role == RoleCode.DEPUTY:
        return "代表"
    return participant.title if len(participant.title) <= _LONGEST_TITLE else ""
