"""What an organizer does with meetings: draft, revise, publish, postpone, cancel, hold, close."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select, update

from liaison_app.accounts.models import Account
from liaison_app.audit import services as audit
from liaison_app.core import clock
from liaison_app.core.db import db, get, lock, lock_key
from liaison_app.core.errors import N_, Stale
from liaison_app.core.events import publish as tell
from liaison_app.core.text import show_span
from liaison_app.people.models import Mandate, MandateState, Person, Post, PostKind
from liaison_app.stations.models import Room

from . import entries, events, occupancy, queries, rules
from .errors import NotAllowedNow, PlanRefused, ReasonMissing
from .kinds import KINDS, MeetingState, PlaceKind, RoleCode
from .models import Meeting, Participant, Pool
from .rules import MeetingPlan, PlannedPerson

# Without letters and digits that look alike on paper.
CODE_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"
CODE_LENGTH = 8
PLAIN_FIELDS = (
    "kind",
    "title",
    "is_public",
    "signup_opens_at",
    "signup_closes_at",
    "about",
    "agenda",
    "notice",
    "seat_limit",
    "firm_limit",
    "spill_hours",
)


def create_meeting(
    plan: MeetingPlan, *, unit_id: int, by: Account | None, form_token: str | None = None
) -> Meeting:
    """Add a draft that holds its room and people at once, all or nothing.

    The same `form_token` gives the same meeting again, so that a double click makes one row.
    Raises PlanRefused, Conflict.
    """
    if form_token:
        lock_key(form_token)
        known = db.session.scalar(select(Meeting).where(Meeting.form_token == form_token))
        if known is not None:
            return known
    now = clock.now()
    _check(plan)
    meeting = Meeting(
        code="".join(secrets.choice(CODE_SIGNS) for _ in range(CODE_LENGTH)),
        uid=str(uuid.uuid4()),
        unit_id=unit_id,
        form_token=form_token,
        created_at=now,
        revised_at=now,
        first_starts_at=plan.starts_at,
        starts_at=plan.starts_at,
        ends_at=plan.ends_at,
        kind=plan.kind,
        title=plan.title,
    )
    db.session.add(meeting)
    _write(meeting, plan)
    # The ledger and the trail need the meeting's id.
    db.session.flush()
    _set_people(meeting, plan.people)
    _set_seats(meeting, plan.seats)
    occupancy.hold(meeting, queries.resources_of(meeting))
    audit.record("scheduling:meeting:create", meeting, by=by, sentence=_sentence(meeting))
    return meeting


def revise(meeting_id: int, plan: MeetingPlan, *, version: int, by: Account | None) -> Meeting:
    """Change a meeting that has not been held. A change of time or place of a published one raises its
    SEQUENCE and is told to everybody invited (RFC 5546 2.1.4).

    Raises Stale, NotAllowedNow, PlanRefused, Conflict, Missing.
    """
    meeting = _open(meeting_id, version)
    if meeting.state not in rules.EDITABLE:
        raise NotAllowedNow
    _check(plan, was=meeting.starts_at)
    before = _told(meeting)
    _write(meeting, plan)
    added, removed = _set_people(meeting, plan.people)
    _set_seats(meeting, plan.seats)
    # The room's relationship must follow its new key before the place is put into words.
    db.session.flush()
    db.session.expire(meeting, ["room", "station"])
    if meeting.state in rules.HOLDING:
        occupancy.hold(meeting, queries.resources_of(meeting))
    after = _told(meeting)
    changes = tuple((name, was, after[name]) for name, was in before.items() if was != after[name])
    significant = any(name in {"time", "place"} for name, _, _ in changes)
    _note_change(meeting)
    if meeting.state == MeetingState.PUBLISHED:
        if significant:
            meeting.sequence += 1
            meeting.significant_sequence = meeting.sequence
        elif removed:
            # A CANCEL to one person needs a higher SEQUENCE than that person has (RFC 5546 3.2.5).
            meeting.sequence += 1
        entries.store(meeting)
        if changes or added or removed:
            tell(events.MeetingRevised(meeting.id, significant, changes, tuple(added), tuple(removed)))
        # More seats, a larger room or fewer at the table: whoever waits may move up.
        tell(events.SeatsChanged(meeting.id))
    words = "；".join(
        f"{was} → {is_now}" for name, was, is_now in changes if name in {"title", "time", "place"}
    )
    audit.record("scheduling:meeting:revise", meeting, by=by, sentence=f"{meeting.title} {words}".strip())
    return meeting


def publish(meeting_id: int, *, version: int, by: Account | None) -> Meeting:
    """Make a draft, or a postponed meeting with its new time, public and invite everybody.

    Raises Stale, NotAllowedNow, PlanRefused, Conflict.
    """
    meeting = _step("publish", meeting_id, version)
    if meeting.starts_at <= clock.now():
        raise PlanRefused("starts_at", N_("开始时间已经过了，请先改时间再发布。"))
    expected = [one for one in meeting.participants if one.removed_at is None]
    if KINDS[meeting.kind].needs_bureau and not any(one.unit_id for one in expected):
        raise PlanRefused("people", N_("这类活动要有部门到场，请先选主办部门。"))
    if not meeting.place:
        raise PlanRefused("place_text", N_("还没有地点，请先选房间或写明地点。"))
    if meeting.published_at is not None:
        meeting.sequence += 1
        meeting.significant_sequence = meeting.sequence
    else:
        # A move is what happens to a time that people were told.
        meeting.first_starts_at = meeting.starts_at
    _make_public(meeting)
    tell(events.MeetingPublished(meeting.id))
    audit.record("scheduling:meeting:publish", meeting, by=by, sentence=_sentence(meeting))
    return meeting


def reinstate(meeting_id: int, *, version: int, by: Account | None) -> Meeting:
    """Let a meeting that was called off take place after all: the same UID, a higher SEQUENCE, and everybody is
    asked anew. A draft that was given up stays so, for nobody was ever told of it.

    Raises Stale, NotAllowedNow, PlanRefused where its time is over, Conflict where room or people are taken by now.
    """
    if get(Meeting, meeting_id).published_at is None:
        raise NotAllowedNow
    meeting = _step("reinstate", meeting_id, version)
    if meeting.starts_at <= clock.now():
        raise PlanRefused("starts_at", N_("开始时间已经过了，不能恢复。请“照这一场再办一场”。"))
    meeting.sequence += 1
    meeting.significant_sequence = meeting.sequence
    _make_public(meeting)
    tell(events.MeetingPublished(meeting.id, was_cancelled=True))
    audit.record("scheduling:meeting:reinstate", meeting, by=by, sentence=_sentence(meeting))
    return meeting


def _make_public(meeting: Meeting) -> None:
    meeting.published_at = clock.now()
    occupancy.hold(meeting, queries.resources_of(meeting))
    entries.store(meeting)


def postpone(meeting_id: int, *, reason: str, version: int, by: Account | None) -> Meeting:
    """Take a published meeting off its time, with a reason; its room and people are free at once.

    Raises Stale, NotAllowedNow, ReasonMissing.
    """
    meeting = _leave("postpone", meeting_id, version, reason)
    tell(events.MeetingPostponed(meeting.id, meeting.state_reason))
    audit.record(
        "scheduling:meeting:postpone", meeting, by=by, sentence=f"{meeting.title}：{meeting.state_reason}"
    )
    return meeting


def cancel(meeting_id: int, *, reason: str = "", version: int, by: Account | None) -> Meeting:
    """Call a meeting off for good; the reason is owed to those who were told of it, so a draft needs none.

    Raises Stale, NotAllowedNow, ReasonMissing.
    """
    meeting = _leave("cancel", meeting_id, version, reason)
    if meeting.published_at is not None:
        tell(events.MeetingCancelled(meeting.id, meeting.state_reason))
    sentence = "：".join(filter(None, [meeting.title, meeting.state_reason]))
    audit.record("scheduling:meeting:cancel", meeting, by=by, sentence=sentence)
    return meeting


def hold_meeting(
    meeting_id: int, *, version: int, by: Account | None, raised: int | None = None, solved: int | None = None
) -> Meeting:
    """Note that a meeting took place, with the number of matters raised and of those solved, where it is known.

    Raises Stale, NotAllowedNow (also before it has begun), PlanRefused.
    """
    if clock.now() < get(Meeting, meeting_id).starts_at:
        raise NotAllowedNow
    meeting = _step("hold", meeting_id, version)
    _count_issues(meeting, raised, solved)
    audit.record("scheduling:meeting:hold", meeting, by=by, sentence=meeting.title)
    return meeting


def close_meeting(
    meeting_id: int, *, version: int, by: Account | None, raised: int | None = None, solved: int | None = None
) -> Meeting:
    """Note that everything about a held meeting is done; numbers as in `hold_meeting`, None lets them stand.

    Raises Stale, NotAllowedNow, PlanRefused.
    """
    meeting = _step("close", meeting_id, version)
    _count_issues(meeting, raised, solved)
    audit.record("scheduling:meeting:close", meeting, by=by, sentence=meeting.title)
    return meeting


def decline(participant_id: int) -> None:
    """Note that an invited person will not come; the time is free at once, and so is the seat."""
    participant = get(Participant, participant_id)
    meeting = lock(Meeting, participant.meeting_id)
    _free(participant, meeting)
    tell(events.SeatsChanged(meeting.id))


def _free(participant: Participant, meeting: Meeting) -> None:
    if participant.declined_at is None:
        participant.declined_at = clock.now()
        occupancy.release(meeting, [rules.person_resource(participant.person_id)])


def rejoin(participant_id: int) -> None:
    """Note that somebody who had declined comes after all. Raises Conflict where the time is taken by now."""
    participant = get(Participant, participant_id)
    meeting = lock(Meeting, participant.meeting_id)
    if participant.declined_at is not None and participant.removed_at is None:
        participant.declined_at = None
        if meeting.state in rules.HOLDING:
            occupancy.take(meeting, rules.person_resource(participant.person_id))


def send_stand_in(participant_id: int, person_id: int, reason: str) -> Participant:
    """Let a named person of the same unit come in the participant's place; the hold on the time moves with it.

    Raises PlanRefused where that person is not of the unit or is at the table already, Conflict, ReasonMissing.
    """
    if not reason.strip():
        raise ReasonMissing
    head = get(Participant, participant_id)
    meeting = lock(Meeting, head.meeting_id)
    if not head.unit_id or not _holds_post(person_id, head.unit_id):
        raise PlanRefused("stand_in", N_("代会人要是同一单位的人。"))
    known = next((one for one in meeting.participants if one.person_id == person_id), None)
    if known is not None and known.removed_at is None and known.declined_at is None:
        raise PlanRefused("stand_in", N_("这位已经在受邀名单里。"))
    if person_id in _line_behind(head):
        raise PlanRefused("stand_in", N_("这位请了人代会；要来，请本人改答复。"))
    # Not as a refusal: the place is the stand-in's and nobody who waits for a seat moves up into it.
    _free(head, meeting)
    stand_in = known or Participant(meeting_id=meeting.id, person_id=person_id)
    stand_in.role, stand_in.unit_id, stand_in.is_lead = head.role, head.unit_id, head.is_lead
    stand_in.title, stand_in.position = _title(person_id, head.unit_id), head.position
    stand_in.stand_in_for_id, stand_in.stand_in_reason = head.person_id, reason.strip() or None
    stand_in.removed_at = stand_in.declined_at = None
    db.session.add(stand_in)
    # The new participant's id goes into the fact that is told.
    db.session.flush()
    if meeting.state in rules.HOLDING:
        occupancy.take(meeting, rules.person_resource(person_id))
    _note_change(meeting)
    tell(events.MeetingRevised(meeting.id, False, added=(stand_in.id,)))
    return stand_in


def _line_behind(participant: Participant) -> list[int]:
    """Return the participant's person and those in whose place it comes, one behind the other."""
    by_person = {one.person_id: one for one in participant.meeting.participants}
    line: list[int] = []
    one: Participant | None = participant
    while one is not None and one.person_id not in line:
        line.append(one.person_id)
        one = by_person.get(one.stand_in_for_id or 0)
    return line


def recall_stand_in(participant_id: int) -> None:
    """Take off the table again whoever comes in the participant's place, and who comes in theirs; may be nobody."""
    head = get(Participant, participant_id)
    meeting = lock(Meeting, head.meeting_id)
    for one in reversed(_line_before(head)):
        one.removed_at = clock.now()
        occupancy.release(meeting, [rules.person_resource(one.person_id)])
        _note_change(meeting)
        if meeting.state == MeetingState.PUBLISHED:
            # As in `revise`: a CANCEL to one person needs a higher SEQUENCE than that person has.
            meeting.sequence += 1
            tell(events.MeetingRevised(meeting.id, False, removed=(one.id,)))


def _line_before(participant: Participant) -> list[Participant]:
    """Return who comes in the participant's place, and who in theirs; a head may come for the own deputy head."""
    coming = [one for one in participant.meeting.participants if one.removed_at is None]
    line = [participant]
    for last in line:
        line += [one for one in coming if one.stand_in_for_id == last.person_id and one not in line]
    return line[1:]


def as_plan(meeting: Meeting) -> MeetingPlan:
    """Return a meeting as the plan that would make it, to show in the editor or to clone."""
    return MeetingPlan(
        **{name: getattr(meeting, name) for name in PLAIN_FIELDS},
        starts_at=meeting.starts_at,
        ends_at=meeting.ends_at,
        place_kind=meeting.place_kind,
        station_id=meeting.station_id,
        room_id=meeting.room_id,
        place_text=meeting.place_text,
        seats=tuple((pool.role, pool.seats) for pool in meeting.pools),
        people=tuple(
            PlannedPerson(
                person_id=one.person_id,
                role=one.role,
                unit_id=one.unit_id,
                is_lead=one.is_lead,
                title=one.title,
                stand_in_for_id=one.stand_in_for_id,
                stand_in_reason=one.stand_in_reason or "",
            )
            for one in meeting.participants
            if one.removed_at is None
        ),
    )


def _open(meeting_id: int, version: int) -> Meeting:
    meeting = lock(Meeting, meeting_id)
    if meeting.version != version:
        raise Stale
    return meeting


def _step(step: str, meeting_id: int, version: int) -> Meeting:
    meeting = _open(meeting_id, version)
    state = rules.next_state(step, meeting.state)
    if state is None:
        raise NotAllowedNow
    meeting.state = state
    meeting.ended_state_at = None if state == MeetingState.PUBLISHED else clock.now()
    if state == MeetingState.PUBLISHED:
        meeting.state_reason = ""
    _note_change(meeting)
    return meeting


def _leave(step: str, meeting_id: int, version: int, reason: str) -> Meeting:
    if not reason.strip() and get(Meeting, meeting_id).published_at is not None:
        raise ReasonMissing
    meeting = _step(step, meeting_id, version)
    meeting.state_reason = reason.strip()
    if meeting.published_at is not None:
        meeting.sequence += 1
        meeting.significant_sequence = meeting.sequence
    occupancy.release(meeting)
    entries.store(meeting)
    return meeting


def _count_issues(meeting: Meeting, raised: int | None, solved: int | None) -> None:
    if raised is not None:
        meeting.issues_raised = raised
    if solved is not None:
        meeting.issues_solved = solved
    if (meeting.issues_solved or 0) > (meeting.issues_raised or 0):
        raise PlanRefused("solved", N_("解决的不会比提出的多，请核对。"))


def _note_change(meeting: Meeting) -> None:
    meeting.version += 1
    meeting.revised_at = clock.now()


def _check(plan: MeetingPlan, *, was: datetime | None = None) -> None:
    """Raise PlanRefused where a plan cannot be, naming the field. `was` is the start that may stay as it is."""
    now = clock.now()
    length = plan.ends_at - plan.starts_at
    if plan.kind not in KINDS:
        raise PlanRefused("kind", N_("没有这一类活动。"))
    if not plan.title.strip():
        raise PlanRefused("title", N_("请写主题，例如“供暖专场”。"))
    if length.total_seconds() <= 0:
        raise PlanRefused("ends_at", N_("结束时间要晚于开始时间，请改其中一个。"))
    if length < rules.SHORTEST:
        raise PlanRefused("ends_at", N_("至少 15 分钟。"))
    if length > rules.LONGEST:
        raise PlanRefused("ends_at", N_("一场最长 12 小时；跨天的请分成几场。"))
    if plan.starts_at <= now and plan.starts_at != was:
        raise PlanRefused("starts_at", N_("这个时间已经过了，请选以后的时间。"))
    if plan.starts_at > now + rules.FARTHEST_AHEAD:
        raise PlanRefused("starts_at", N_("最远只能排到两年以后。"))
    _check_place(plan)
    _check_signup_window(plan)
    if any(seats < 0 or seats > 999 for _, seats in plan.seats):
        raise PlanRefused("seats", N_("名额要在 0 到 999 之间。"))
    _check_limits(plan)
    _check_people(plan.people)


def _check_place(plan: MeetingPlan) -> None:
    if plan.place_kind == PlaceKind.ROOM:
        room = db.session.get(Room, plan.room_id) if plan.room_id else None
        if room is None or (plan.station_id and room.station_id != plan.station_id):
            raise PlanRefused("room_id", N_("请选一间房间。"))
    elif not plan.place_text.strip():
        raise PlanRefused("place_text", N_("请写明地点，例如“曙光小学 多功能厅”。"))
    elif plan.place_kind == PlaceKind.ONLINE and not plan.place_text.strip().startswith(
        ("https://", "http://")
    ):
        raise PlanRefused("place_text", N_("线上会议请填完整网址，以 https:// 开头。"))


def _check_signup_window(plan: MeetingPlan) -> None:
    opens_at, closes_at = plan.signup_opens_at, plan.signup_closes_at
    if closes_at is not None and closes_at > plan.starts_at:
        raise PlanRefused("signup_closes_at", N_("报名要在开始以前截止。"))
    if opens_at is not None and closes_at is not None and opens_at >= closes_at:
        raise PlanRefused("signup_closes_at", N_("报名截止要晚于报名开始。"))


def _check_limits(plan: MeetingPlan) -> None:
    for field, most in rules.MOST.items():
        number = getattr(plan, field)
        if number is not None and not 1 <= number <= most:
            raise PlanRefused(field, N_("请填 1 到 {most}，不限就空着。"), most=most)


def _check_people(people: Iterable[PlannedPerson]) -> None:
    people = tuple(people)
    with_head = {one.unit_id for one in people if one.unit_id and _is_head(one)}
    seen: set[int] = set()
    for planned in people:
        person = db.session.get(Person, planned.person_id)
        if person is None:
            raise PlanRefused("people", N_("名单里有一位找不到了，请重新选。"))
        if planned.person_id in seen:
            raise PlanRefused("people", N_("{name}选了两次，请留一个身份。"), name=person.name)
        seen.add(planned.person_id)
        if planned.role == RoleCode.DEPUTY and not _holds_mandate(planned.person_id):
            raise PlanRefused("people", N_("{name}的代表资格已经暂停或终止，不能邀请。"), name=person.name)
        if planned.role == RoleCode.BUREAU_HEAD and planned.unit_id:
            _check_head(planned, person, comes_along=planned.unit_id in with_head)


def _check_head(planned: PlannedPerson, person: Person, *, comes_along: bool) -> None:
    assert planned.unit_id is not None
    if _is_head(planned):
        return
    if not _holds_post(planned.person_id, planned.unit_id):
        raise PlanRefused("people", N_("{name}不在这个部门任职。"), name=person.name)
    if not comes_along and not planned.stand_in_reason.strip():
        raise PlanRefused("people", N_("局长不来，由{name}代，请写原因。"), name=person.name)


def _is_head(planned: PlannedPerson) -> bool:
    return planned.unit_id is not None and _holds_post(planned.person_id, planned.unit_id, PostKind.HEAD)


def _holds_mandate(person_id: int) -> bool:
    wanted = select(Mandate.id).where(Mandate.person_id == person_id, Mandate.state == MandateState.ACTIVE)
    return db.session.scalar(wanted.limit(1)) is not None


def _holds_post(person_id: int, unit_id: int, kind: PostKind | None = None) -> bool:
    wanted = select(Post.id).where(
        Post.person_id == person_id, Post.unit_id == unit_id, Post.ended_at.is_(None)
    )
    if kind is not None:
        wanted = wanted.where(Post.kind == kind)
    return db.session.scalar(wanted.limit(1)) is not None


def _title(person_id: int, unit_id: int) -> str:
    wanted = select(Post.title).where(
        Post.person_id == person_id, Post.unit_id == unit_id, Post.ended_at.is_(None)
    )
    return db.session.scalar(wanted.limit(1)) or ""


def _write(meeting: Meeting, plan: MeetingPlan) -> None:
    for name in PLAIN_FIELDS:
        setattr(meeting, name, getattr(plan, name))
    meeting.starts_at, meeting.ends_at = plan.starts_at, plan.ends_at
    meeting.place_kind, meeting.station_id = plan.place_kind, plan.station_id
    in_room = plan.place_kind == PlaceKind.ROOM
    meeting.room_id = plan.room_id if in_room else None
    meeting.place_text = "" if in_room else plan.place_text.strip()
    if in_room and plan.room_id and not plan.station_id:
        meeting.station_id = get(Room, plan.room_id).station_id


def _set_people(meeting: Meeting, people: Iterable[PlannedPerson]) -> tuple[list[int], list[int]]:
    """Make the list of participants follow the plan; return the ids of who was added and removed."""
    known = {one.person_id: one for one in meeting.participants}
    wanted = {planned.person_id: planned for planned in people}
    fresh: list[Participant] = []
    for position, planned in enumerate(wanted.values()):
        one = known.get(planned.person_id)
        if one is None or one.removed_at is not None:
            one = one or Participant(meeting_id=meeting.id, person_id=planned.person_id)
            one.removed_at = one.declined_at = None
            fresh.append(one)
        one.position = position
        for name in ("role", "unit_id", "is_lead", "title", "stand_in_for_id"):
            setattr(one, name, getattr(planned, name))
        one.stand_in_reason = planned.stand_in_reason or None
        db.session.add(one)
    gone = [one for person_id, one in known.items() if person_id not in wanted and one.removed_at is None]
    for one in gone:
        one.removed_at = clock.now()
    # Ids of new rows are told upward.
    db.session.flush()
    db.session.expire(meeting, ["participants"])
    return [one.id for one in fresh], [one.id for one in gone]


def _set_seats(meeting: Meeting, seats: Iterable[tuple[RoleCode, int]]) -> None:
    known = {pool.role: pool for pool in meeting.pools}
    wanted = dict(seats)
    for position, (role, number) in enumerate(wanted.items()):
        pool = known.get(role) or Pool(meeting_id=meeting.id, role=role)
        pool.seats, pool.position = number, position
        db.session.add(pool)
    for role, pool in known.items():
        if role not in wanted:
            pool.seats = 0
    # The pools are read again below, by whoever is told.
    db.session.flush()
    db.session.expire(meeting, ["pools"])


def _told(meeting: Meeting) -> dict[str, str]:
    """Return what invited people are told, in words, to compare before and after."""
    return {
        "title": meeting.title,
        "time": show_span(meeting.starts_at, meeting.ends_at),
        "place": meeting.place,
        "agenda": meeting.agenda,
        "about": meeting.about,
    }


def _sentence(meeting: Meeting) -> str:
    return f"{meeting.title} {show_span(meeting.starts_at, meeting.ends_at)} {meeting.place}"


def jump_sequences(by: int) -> None:
    """Raise the SEQUENCE of every meeting, after a restore from a backup that does not know the latest ones:
    calendars ignore what comes with a lower one than they have seen (RFC 5546 2.1.4).

    What people must answer anew stays as it is, so that an answer given to the restored state still counts.
    """
    db.session.execute(update(Meeting).values(sequence=Meeting.sequence + by))
    # The rows in memory are older than that.
    db.session.expire_all()
    for meeting in db.session.scalars(select(Meeting).where(Meeting.published_at.is_not(None))):
        entries.store(meeting)
