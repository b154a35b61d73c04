"""Reads about who is expected and who came."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from liaison_app.core import clock
from liaison_app.core.db import db, get
from liaison_app.core.errors import Missing
from liaison_app.core.tokens import digest
from liaison_app.scheduling.kinds import RoleCode
from liaison_app.scheduling.models import Meeting, Participant
from liaison_app.signups import queries as signups
from liaison_app.signups.kinds import SignUpState
from liaison_app.signups.models import SignUp

from . import rules
from .errors import NobodyFound, OtherMeeting
from .kinds import ERASED, Way
from .models import CheckIn, DoorDevice, DoorPin, SheetPhoto

PARTICIPANT, SIGNUP = "p", "s"


@dataclass(frozen=True)
class Guest:
    """Somebody of a meeting as the door and the sheet show them.

    `key` is “p7” for a participant, “s12” for a sign-up, “w3” for a walk-in. `is_expected` leaves out who waits, has
    withdrawn or declined.
    """

    key: str
    name: str
    role: RoleCode
    of: str = ""
    title: str = ""
    mobile: str = ""
    needs: str = ""
    state: SignUpState | None = None
    is_expected: bool = True
    is_stand_in: bool = False
    check_in: CheckIn | None = None

    @property
    def has_come(self) -> bool:
        return self.check_in is not None

    @property
    def is_at_table(self) -> bool:
        """Whether the organizer put this one at the table; the others sit in the room."""
        return self.key.startswith(PARTICIPANT)


@dataclass(frozen=True)
class Tally:
    """How many of a role are expected, how many of them came, and how many came without being expected."""

    role: RoleCode
    expected: int
    came: int
    extra: int


def get_door(code: str) -> Meeting:
    """Return the meeting whose door has a PIN and answers now, or raise Missing."""
    meeting = db.session.scalar(
        select(Meeting)
        .join(DoorPin, DoorPin.meeting_id == Meeting.id)
        .where(Meeting.code == code, DoorPin.pin.is_not(None))
    )
    if meeting is None or not rules.is_door_open(
        meeting.state, meeting.starts_at, meeting.ends_at, clock.now()
    ):
        raise Missing
    return meeting


def find_pin(meeting_id: int) -> DoorPin | None:
    return db.session.get(DoorPin, meeting_id)


def find_device(meeting_id: int, key: str | None) -> DoorDevice | None:
    """Return the telephone that this cookie's value names, as long as it may act at this door."""
    if not key:
        return None
    return db.session.scalar(
        select(DoorDevice)
        .join(DoorPin, DoorPin.meeting_id == DoorDevice.meeting_id)
        .where(
            DoorDevice.key_hash == digest(key),
            DoorDevice.meeting_id == meeting_id,
            DoorDevice.generation == DoorPin.generation,
            DoorDevice.ended_at.is_(None),
        )
    )


def list_devices(meeting_id: int) -> Sequence[DoorDevice]:
    """Return the telephones that may act at a door, the latest first."""
    wanted = (
        select(DoorDevice)
        .join(DoorPin, DoorPin.meeting_id == DoorDevice.meeting_id)
        .where(
            DoorDevice.meeting_id == meeting_id,
            DoorDevice.generation == DoorPin.generation,
            DoorDevice.ended_at.is_(None),
        )
    )
    return list(db.session.scalars(wanted.order_by(DoorDevice.id.desc())))


def get_device(meeting_id: int, device_id: int) -> DoorDevice:
    """Return a telephone of this meeting's door, and of no other (SECURITY A7), or raise Missing."""
    device = get(DoorDevice, device_id)
    if device.meeting_id != meeting_id:
        raise Missing
    return device


def get_check_in(meeting_id: int, check_in_id: int) -> CheckIn:
    """Return a note of this meeting, and of no other, or raise Missing."""
    found = get(CheckIn, check_in_id)
    if found.meeting_id != meeting_id:
        raise Missing
    return found


def list_photos(meeting_id: int) -> Sequence[SheetPhoto]:
    """Return the photographs of the signed paper that are still there, in the order in which they were filed."""
    wanted = select(SheetPhoto).where(
        SheetPhoto.meeting_id == meeting_id, SheetPhoto.removed_at.is_(None), SheetPhoto.picture.is_not(None)
    )
    return list(db.session.scalars(wanted.options(joinedload(SheetPhoto.filed_by)).order_by(SheetPhoto.id)))


def get_photo(meeting_id: int, photo_id: int) -> SheetPhoto:
    """Return a photograph of this meeting, and of no other, that is still there, or raise Missing."""
    found = get(SheetPhoto, photo_id)
    if found.meeting_id != meeting_id or found.removed_at is not None or found.picture is None:
        raise Missing
    return found


def list_notes(meeting_id: int) -> Sequence[CheckIn]:
    """Return who is noted as there, the latest first."""
    wanted = select(CheckIn).where(CheckIn.meeting_id == meeting_id, CheckIn.undone_at.is_(None))
    return list(db.session.scalars(wanted.order_by(CheckIn.id.desc())))


def find_note(signup_id: int | None, participant_id: int | None) -> CheckIn | None:
    """Return the note that stands about a sign-up or a participant."""
    return db.session.scalar(
        select(CheckIn).where(
            CheckIn.signup_id == signup_id if signup_id else CheckIn.participant_id == participant_id,
            CheckIn.undone_at.is_(None),
        )
    )


def name_of(check_in: CheckIn) -> str:
    if check_in.signup:
        return check_in.signup.name or ERASED
    return check_in.participant.person.name if check_in.participant else check_in.name


def list_guests(meeting_id: int) -> list[Guest]:
    """Return everybody of a meeting in the order of its sheet: the table, the sign-ups by role, who just came."""
    notes = list_notes(meeting_id)
    of_participant = {one.participant_id: one for one in notes if one.participant_id}
    of_signup = {one.signup_id: one for one in notes if one.signup_id}
    return [
        *(_participant(one, of_participant.get(one.id)) for one in _participants(meeting_id)),
        *(_signup(one, of_signup.get(one.id)) for one in signups.list_roster(meeting_id)),
        *(_walk_in(one) for one in reversed(notes) if one.name),
    ]


def places(meeting_id: int) -> dict[str, int]:
    """Return who waits, by the key of a guest, and which place each has."""
    return {f"{SIGNUP}{id}": place for id, place in signups.queue_places(meeting_id).items()}


def _participants(meeting_id: int) -> Iterable[Participant]:
    wanted = select(Participant).where(Participant.meeting_id == meeting_id, Participant.removed_at.is_(None))
    return db.session.scalars(wanted.order_by(Participant.position, Participant.id))


def _participant(one: Participant, note: CheckIn | None) -> Guest:
    return Guest(
        key=f"{PARTICIPANT}{one.id}",
        name=one.person.name,
        role=one.role,
        of=one.unit.short_name if one.unit else "",
        title=one.title,
        is_expected=one.declined_at is None,
        is_stand_in=one.stand_in_for_id is not None,
        check_in=note,
    )


def _signup(one: SignUp, note: CheckIn | None) -> Guest:
    return Guest(
        key=f"{SIGNUP}{one.id}",
        name=one.name or ERASED,
        role=one.pool.role,
        of=one.organisation,
        mobile=one.mobile or "",
        needs=one.needs,
        state=one.state,
        is_expected=one.state == SignUpState.CONFIRMED,
        check_in=note,
    )


def _walk_in(note: CheckIn) -> Guest:
    return Guest(
        key=f"w{note.id}",
        name=note.name,
        role=note.role,
        of=note.organisation,
        is_expected=False,
        check_in=note,
    )


def tally(guests: Iterable[Guest]) -> list[Tally]:
    """Return the numbers of each role, in the order in which the roles appear."""
    by_role: dict[RoleCode, list[Guest]] = {}
    for guest in guests:
        by_role.setdefault(guest.role, []).append(guest)
    return [
        Tally(
            role=role,
            expected=sum(one.is_expected for one in them),
            came=sum(one.is_expected and one.has_come for one in them),
            extra=sum(not one.is_expected and one.has_come for one in them),
        )
        for role, them in by_role.items()
        if any(one.is_expected or one.has_come for one in them)
    ]


def find(meeting: Meeting, query: rules.Query) -> list[Guest]:
    """Return the sign-ups that a code, a ticket or four digits name; four digits may name several.

    Raises NobodyFound, or OtherMeeting for a ticket that is good elsewhere.
    """
    if query.way == Way.SCAN:
        _refuse_other(meeting, query.value)
    found = [one for one in signups.list_roster(meeting.id) if _is_meant(one, query)]
    if not found:
        raise NobodyFound
    notes = {one.signup_id: one for one in list_notes(meeting.id) if one.signup_id}
    return [_signup(one, notes.get(one.id)) for one in found]


def _is_meant(signup: SignUp, query: rules.Query) -> bool:
    match query.way:
        case Way.SCAN:
            return signup.token_hash == digest(query.value)
        case Way.CODE:
            return signup.ticket_code == query.value
        case _:
            # The numbers are encrypted; a meeting has some dozens of them.
            return signup.state != SignUpState.WITHDRAWN and (signup.mobile or "").endswith(query.value)


def _refuse_other(meeting: Meeting, token: str) -> None:
    signup = db.session.scalar(
        select(SignUp).where(SignUp.token_hash == digest(token)).options(joinedload(SignUp.meeting))
    )
    if signup is not None and signup.meeting_id != meeting.id:
        raise OtherMeeting(signup.meeting.title, signup.meeting.starts_at)


def walk_in_roles(meeting: Meeting) -> list[RoleCode]:
    """Return the roles in which somebody may just come: those with seats, and citizens."""
    return list(dict.fromkeys([*(pool.role for pool in meeting.pools), RoleCode.CITIZEN]))
