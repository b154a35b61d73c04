"""Invite people, tell them what changed, take their answers. Callers hold the meeting's lock, or take it here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import update

from liaison_app.accounts.models import Account
from liaison_app.audit import services as audit
from liaison_app.core import clock
from liaison_app.core.db import db, get, lock
from liaison_app.core.letters import Letter
from liaison_app.core.text import clean_line, clean_text, local, show_span
from liaison_app.core.tokens import digest
from liaison_app.messages import queries as outbox
from liaison_app.messages import services as messages
from liaison_app.messages.kinds import Channel
from liaison_app.messages.mime import is_address
from liaison_app.messages.models import Message
from liaison_app.scheduling import services as scheduling
from liaison_app.scheduling.errors import BusyElsewhere, Conflict
from liaison_app.scheduling.kinds import MeetingState
from liaison_app.scheduling.models import Meeting, Participant

from . import letters, queries, rules
from .errors import NoStandIns, ReasonMissing, StandInMissing, TooOften
from .kinds import ANSWER_NAMES, DOOR_NAMES, AnswerState, Door, Weight
from .letters import Change, Notice, thread_of
from .models import AnswerRecord, Invitation
from .rules import Given

# --- what happens to a meeting ------------------------------------------------


def invite_all(meeting_id: int, *, was_cancelled: bool = False) -> None:
    """Ask everybody on the list: for the first time, or anew after the meeting had lost its time or was called off."""
    meeting = get(Meeting, meeting_id)
    for participant in meeting.participants:
        invitation = queries.find_of(participant.id)
        if participant.removed_at is not None:
            if invitation is not None and invitation.withdrawn_at is None:
                _withdraw(meeting, invitation)
        elif invitation is None or invitation.sent_sequence is None or invitation.withdrawn_at is not None:
            _invite(meeting, participant)
        else:
            was = "已取消" if was_cancelled else "延期待定"
            change = ("time", was, show_span(meeting.starts_at, meeting.ends_at))
            _ask_anew(invitation, (change,))
            _tell(invitation, Notice("update", meeting.sequence, (change,)))


def tell_revision(
    meeting_id: int,
    *,
    is_significant: bool,
    changes: Sequence[Change],
    added: Collection[int],
    removed: Collection[int],
) -> None:
    """Tell each invited person what a revision means to that person, and nobody anything else.

    A new time or place: all are asked anew. New words: the sequence and the answers stay (RFC 5546 2.1.4),
    and who asked leave is left in peace. A person taken off: a CANCEL to that one alone (3.2.5).
    """
    meeting = get(Meeting, meeting_id)
    # Who came in by the same step sits at the table already when the words are written.
    db.session.expire(meeting, ["participants"])
    told = tuple(rules.worth_telling(changes))
    others = [one for one in queries.list_live(meeting_id) if one.participant_id not in {*added, *removed}]
    for participant_id in removed:
        invitation = queries.find_of(participant_id)
        if invitation is not None and invitation.withdrawn_at is None:
            _withdraw(meeting, invitation)
    for participant_id in added:
        _invite(meeting, get(Participant, participant_id))
    for invitation in others:
        unheard = _unheard(invitation)
        changes = rules.merged(unheard, told)
        if is_significant:
            _ask_anew(invitation, changes or told)
            _tell(invitation, Notice("update", meeting.sequence, changes or told))
        elif told and unheard:
            # One mail for both: who has not heard of the new time yet is asked about it as well.
            invitation.changes = [list(change) for change in changes]
            _tell(invitation, Notice("update", invitation.sent_sequence or 0, changes))
        elif told and invitation.answer != AnswerState.DECLINED:
            sequence = invitation.sent_sequence or 0
            _tell(invitation, Notice("update", sequence, told, asks_anew=False))


def _unheard(invitation: Invitation) -> tuple[Change, ...]:
    """Return the changes that the person was asked about in a mail that has not left yet; a later one takes its place."""
    if invitation.answer != AnswerState.WAITING or not invitation.changes:
        return ()
    if not queries.has_waiting(f"meeting:{invitation.meeting_id}", thread_of(invitation), "update"):
        return ()
    return tuple((field, before, after) for field, before, after in invitation.changes)


def call_off(meeting_id: int, kind: str, reason: str) -> None:
    """Take the meeting out of everybody's calendar, with the reason; `kind` is “postponed” or “cancel”."""
    meeting = get(Meeting, meeting_id)
    for invitation in queries.list_live(meeting_id):
        _tell(invitation, Notice(kind, meeting.sequence, reason=reason))


# --- what an organizer does ---------------------------------------------------


def send_again(invitation_id: int, *, by: Account | None) -> Message:
    """Send one person the invitation as it stands now. Raises AnswerRefused where no answer could be taken."""
    lock(Meeting, get(Invitation, invitation_id).meeting_id)
    # Read again: what was sent and answered may have changed while we waited for the meeting.
    invitation = lock(Invitation, invitation_id)
    _check_open(invitation)
    message = _tell(invitation, _reminder(invitation), again=True)
    audit.record("invitations:invitation:send", invitation.meeting, by=by, sentence=invitation.name)
    return message


def refresh(invitation_id: int) -> Message:
    """Send one person's calendar what stands, at the SEQUENCE that it knows: the invitation, or that it is off.

    Calendars ask for it by themselves (REFRESH, RFC 5546 3.2.6), so nobody gets more than some mails a day by it.
    Raises TooOften, and AnswerRefused where nothing stands that could be sent.
    """
    lock(Meeting, get(Invitation, invitation_id).meeting_id)
    invitation = lock(Invitation, invitation_id)
    meeting, now = invitation.meeting, clock.now()
    about, thread = f"meeting:{meeting.id}", thread_of(invitation)
    if outbox.count_written(about, thread, since=now - rules.REFRESH_SPAN) >= rules.MOST_WRITTEN:
        raise TooOften
    sequence = invitation.sent_sequence or 0
    if invitation.withdrawn_at is not None:
        notice = Notice("withdrawn", sequence)
    elif meeting.state == MeetingState.CANCELLED:
        notice = Notice("cancel", sequence, reason=meeting.state_reason)
    else:
        _check_open(invitation)
        notice = Notice("invite", sequence)
    message = _tell(invitation, notice, again=True)
    audit.record("invitations:invitation:send", meeting, by=None, sentence=invitation.name)
    return message


def remind_silent(meeting_id: int, *, by: Account | None) -> int:
    """Remind everybody who has not answered, and return how many. Raises AnswerRefused as `send_again` does."""
    lock(Meeting, meeting_id)
    silent = queries.list_silent(meeting_id)
    for invitation in silent:
        send_again(invitation.id, by=by)
    return len(silent)


def note_revealed(invitation_id: int, *, by: Account) -> None:
    """Note in the trail that somebody looked at the telephone number of an invited person. Raises Missing."""
    invitation = get(Invitation, invitation_id)
    audit.record("people:phone:reveal", invitation.meeting, by=by, sentence=invitation.name)


# --- answers ------------------------------------------------------------------


def take_answer(
    invitation_id: int,
    given: Given,
    *,
    sequence: int,
    door: Door,
    by: Account | None = None,
    given_at: datetime | None = None,
) -> Invitation:
    """Write down what an invited person says; the latest decision counts, by whatever door it came.

    `sequence` is that of the meeting the person was looking at; `given_at` is when the person decided, where that
    was not just now. The time of who does not come is free at once; a stand-in's is taken in the same step. The
    same answer twice does nothing.
    Raises AnswerRefused (StaleAnswer among them), scheduling's BusyElsewhere and PlanRefused.
    """
    meeting = lock(Meeting, get(Invitation, invitation_id).meeting_id)
    invitation = lock(Invitation, invitation_id)
    _check_open(invitation)
    rules.check_order(sequence, meeting.significant_sequence)
    given = _cleaned(given)
    now = clock.now()
    before = invitation.answer
    if given == _standing(invitation):
        if given_at is not None:
            # Said again: an older mail that comes later must not undo it.
            invitation.answered_at = max(invitation.answered_at or given_at, given_at)
        return invitation
    try:
        _settle_seat(invitation.participant, given)
    except Conflict as conflict:
        # Whoever answers may be of any unit, and what the other meeting is may be a draft's secret.
        raise BusyElsewhere(conflict.blockers[0]) from conflict
    invitation.answer = given.answer
    invitation.reason = given.reason or None
    invitation.stand_in_text = given.stand_in_text
    invitation.answered_at = given_at or now
    invitation.answered_sequence = meeting.sequence
    invitation.answered_by = by.name if by else ""
    invitation.door = door
    _record(invitation, given, Weight.COUNTED, door, sequence=sequence, given_at=given_at or now, by=by)
    sentence = f"{invitation.name} {ANSWER_NAMES[given.answer]}（{DOOR_NAMES[door]}）"
    audit.record("invitations:answer:take", meeting, by=by, who=audit.ONESELF, sentence=sentence)
    if given.stand_in_person_id is not None:
        # Both hear of it: the stand-in is invited, and the one who sends the stand-in sees that it is so (RFC 5546 4.2.5).
        _tell(invitation, Notice("delegated", invitation.sent_sequence or 0, asks_anew=False))
    elif door is Door.CALENDAR and before not in (AnswerState.WAITING, given.answer):
        _confirm(invitation)
    return invitation


def _confirm(invitation: Invitation) -> None:
    """Tell a person that a mail in the own name has changed the answer, for senders can be forged (SECURITY F3).

    Once a day at most, without a calendar object and marked as written by a machine, so that no two machines
    ever answer one another.
    """
    now, meeting, person = clock.now(), invitation.meeting, invitation.participant.person
    if not _takes_mail(person.email):
        return
    letter = letters.write(invitation, Notice("noted", invitation.sent_sequence or 0, asks_anew=False), now)
    messages.queue_email(
        "noted",
        unit_id=meeting.unit_id,
        about=f"meeting:{meeting.id}",
        dedupe_key=f"noted:noted-{invitation.id}:{local(now):%Y%m%d}",
        to_name=person.name,
        to_address=person.email,
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
        references=invitation.first_message_id or None,
        expires_at=meeting.ends_at,
    )


def keep_answer(
    invitation_id: int, given: Given, weight: Weight, *, sequence: int, door: Door, given_at: datetime
) -> None:
    """Keep an answer that lost against another, so that everybody sees that and why; it changes nothing."""
    invitation = lock(Invitation, invitation_id)
    _record(invitation, given, weight, door, sequence=sequence, given_at=given_at, by=None)


def _record(
    invitation: Invitation,
    given: Given,
    weight: Weight,
    door: Door,
    *,
    sequence: int,
    given_at: datetime,
    by: Account | None,
) -> None:
    db.session.add(
        AnswerRecord(
            meeting_id=invitation.meeting_id,
            invitation_id=invitation.id,
            answer=given.answer,
            door=door,
            weight=weight,
            sequence=sequence,
            given_at=given_at,
            noted_at=clock.now(),
            noted_by=by.name if by else "",
            reason=clean_text(given.reason)[: rules.LONGEST_REASON] or None,
        )
    )


def _check_open(invitation: Invitation) -> None:
    meeting = invitation.meeting
    refusal = rules.refusal(
        meeting.state, meeting.ends_at, is_withdrawn=invitation.withdrawn_at is not None, now=clock.now()
    )
    if refusal is not None:
        raise refusal


def _cleaned(given: Given) -> Given:
    """Return an answer with only what belongs to it. Raises ReasonMissing."""
    if given.answer == AnswerState.ACCEPTED:
        return Given(given.answer)
    reason = clean_text(given.reason).strip()[: rules.LONGEST_REASON]
    if given.answer == AnswerState.TENTATIVE:
        return Given(given.answer, reason)
    if not reason:
        raise ReasonMissing
    if given.answer == AnswerState.DECLINED:
        return Given(given.answer, reason)
    name = "" if given.stand_in_person_id else clean_line(given.stand_in_text)[: rules.LONGEST_NAME]
    return replace(given, reason=reason, stand_in_text=name)


def _standing(invitation: Invitation) -> Given:
    """Return the answer in force, as it was given."""
    stand_in = queries.find_stand_in(invitation.participant) if _sends_other(invitation) else None
    person_id = stand_in.person_id if stand_in else None
    return Given(invitation.answer, invitation.reason or "", person_id, invitation.stand_in_text)


def _sends_other(invitation: Invitation) -> bool:
    return invitation.answer == AnswerState.DELEGATED


def _settle_seat(participant: Participant, given: Given) -> None:
    """Hold or free the participant's time, and that of a stand-in, as the answer says."""
    stand_in = queries.find_stand_in(participant)
    wanted = given.stand_in_person_id if given.answer == AnswerState.DELEGATED else None
    if stand_in is not None and stand_in.person_id == wanted:
        return
    if given.answer == AnswerState.DELEGATED:
        if participant.unit_id is None:
            raise NoStandIns
        if wanted is None and not given.stand_in_text:
            raise StandInMissing
    scheduling.recall_stand_in(participant.id)
    if given.answer in (AnswerState.ACCEPTED, AnswerState.TENTATIVE):
        # Who may come keeps the time: nobody else can be promised it.
        scheduling.rejoin(participant.id)
    elif wanted is not None:
        scheduling.send_stand_in(participant.id, wanted, given.reason)
    else:
        scheduling.decline(participant.id)


# --- one person's invitation --------------------------------------------------


def _invite(meeting: Meeting, participant: Participant) -> None:
    """Ask a participant for the first time, or again after having been taken off the list."""
    invitation = queries.find_of(participant.id)
    if invitation is None:
        invitation = Invitation(meeting_id=meeting.id, participant_id=participant.id)
        db.session.add(invitation)
        # The personal link is made from the id.
        db.session.flush()
        invitation.token_hash = digest(letters.answer_token(invitation))
    invitation.withdrawn_at = None
    _ask_anew(invitation, ())
    _tell(invitation, Notice("invite", meeting.sequence))


def _withdraw(meeting: Meeting, invitation: Invitation) -> None:
    invitation.withdrawn_at = clock.now()
    _tell(invitation, Notice("withdrawn", meeting.sequence))


def _ask_anew(invitation: Invitation, changes: tuple[Change, ...]) -> None:
    """Let the old answer go: it was to another time or place."""
    invitation.answer = AnswerState.WAITING
    invitation.answered_at = invitation.answered_sequence = invitation.door = None
    invitation.reason = None
    invitation.answered_by = invitation.stand_in_text = ""
    invitation.changes = [list(change) for change in changes]


def _reminder(invitation: Invitation) -> Notice:
    kind = "remind" if invitation.answer == AnswerState.WAITING else "invite"
    return Notice(kind, invitation.sent_sequence or 0)


def _tell(invitation: Invitation, notice: Notice, *, again: bool = False) -> Message:
    """Put one message into the outbox: a mail with its calendar object, or a call where there is no address.

    What has not left yet about the same invitation is dropped, so that nothing older follows (RFC 5546
    2.1.5); whoever has heard nothing so far is told of no change, but invited.
    """
    now, meeting, person = clock.now(), invitation.meeting, invitation.participant.person
    about, thread = f"meeting:{meeting.id}", thread_of(invitation)
    is_news = notice.method == "REQUEST" and notice.letter != "delegated"
    if is_news and not queries.has_been_told(about, thread):
        notice = Notice("invite", notice.sequence)
    stamp = f"{meeting.version}.{int(now.timestamp())}" if again else f"{meeting.version}"
    dedupe_key = f"{notice.letter}:{thread}:{notice.sequence}.{stamp}"
    if (known := outbox.find_by_key(dedupe_key)) is not None:
        # A button pressed twice within one second.
        return known
    messages.drop_superseded(about, thread)
    letter = letters.write(invitation, notice, now)
    words = letter.short
    if notice.method == "REQUEST":
        words += f"\n{letters.answer_url(invitation)}"
    calendar = letters.calendar(invitation, notice, now) if _takes_mail(person.email) else b""
    message = _post(invitation, notice.letter, letter, dedupe_key, calendar, notice.method, words)
    if message.channel == Channel.EMAIL:
        invitation.first_message_id = invitation.first_message_id or message.message_id
    invitation.sent_sequence = notice.sequence
    return message


def send_beside(
    invitation: Invitation, kind: str, letter: Letter, *, key: str, calendar: bytes, method: str, link: str
) -> Message:
    """Put a message to an invited person into the outbox that is no invitation and takes the place of none.

    `key` is unique to the matter; `link` goes with the words that a clerk passes on.
    """
    return _post(invitation, kind, letter, f"{kind}:{key}:0", calendar, method, f"{letter.short}\n{link}")


def _post(
    invitation: Invitation,
    kind: str,
    letter: Letter,
    dedupe_key: str,
    calendar: bytes,
    method: str,
    words: str,
) -> Message:
    """Write down a mail with its calendar object, or, for who has no address, `words` for a clerk to say."""
    meeting, person = invitation.meeting, invitation.participant.person
    common: dict[str, Any] = {
        "unit_id": meeting.unit_id,
        "about": f"meeting:{meeting.id}",
        "dedupe_key": dedupe_key,
        "to_name": person.name,
        "subject": letter.subject,
        "expires_at": meeting.ends_at,
    }
    if not _takes_mail(person.email):
        return messages.queue_phone(kind, **common, to_phone=person.mobile or "", text=words)
    return messages.queue_email(
        kind,
        **common,
        to_address=person.email,
        text=letter.text,
        html=letter.html,
        calendar=calendar,
        method=method,
        references=invitation.first_message_id or None,
    )


def _takes_mail(address: str) -> bool:
    """Whether a mail can go there; Outlook throws away what an organizer asks itself (CALENDAR M5)."""
    return is_address(address) and address.casefold() != messages.sender()[1].casefold()


def jump_sequences(by: int) -> None:
    """Let what is sent to the same people again carry the SEQUENCE to which their meetings have jumped."""
    told = Invitation.sent_sequence.is_not(None)
    db.session.execute(update(Invitation).where(told).values(sent_sequence=Invitation.sent_sequence + by))
