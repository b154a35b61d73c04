"""Note who came, take a note back, and open or shut the door."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from contextlib import suppress

from sqlalchemy.exc import IntegrityError

from liaison_app.accounts.models import Account
from liaison_app.audit import services as audit
from liaison_app.core import clock
from liaison_app.core.db import db, get, lock
from liaison_app.core.errors import Missing
from liaison_app.core.pictures import Picture
from liaison_app.core.tokens import digest
from liaison_app.scheduling.kinds import RoleCode
from liaison_app.scheduling.models import Meeting, Participant
from liaison_app.signups import services as signups
from liaison_app.signups.kinds import SignUpState
from liaison_app.signups.models import SignUp

from . import queries, rules
from .errors import AlreadyIn, NotNow, SeatGivenBack, StillWaiting, TooManyPhotos, WrongPin
from .kinds import UndoReason, Way
from .models import CheckIn, DoorDevice, DoorPin, SheetPhoto

By = Account | DoorDevice


def note(meeting_id: int, key: str, way: Way, *, by: By) -> CheckIn:
    """Note a participant (“p7”) or a sign-up (“s12”) as there now.

    Two doors at once note somebody once: the database refuses the second, who is told when the first was
    (SECURITY J5). A telephone lets in who has a seat; the staff may let in who waits or came back as well.
    Raises Missing, NotNow, AlreadyIn, StillWaiting, SeatGivenBack.
    """
    meeting = get(Meeting, meeting_id)
    _refuse_now(meeting, by)
    check_in = CheckIn(meeting_id=meeting.id, way=way, noted_at=clock.now(), **_guest(meeting, key, by))
    check_in.arrived_at = None if way == Way.PAPER else check_in.noted_at
    return _keep(check_in, meeting, by)


def note_walk_in(
    meeting_id: int, name: str, role: RoleCode, organisation: str = "", *, form_token: str, by: By
) -> CheckIn:
    """Note somebody whom nobody expected. The same form twice makes one note. Raises Missing, NotNow."""
    meeting = lock(Meeting, meeting_id)
    _refuse_now(meeting, by)
    mark = digest(form_token)
    if earlier := db.session.query(CheckIn).filter_by(form_token=mark).one_or_none():
        return earlier
    now = clock.now()
    check_in = CheckIn(
        meeting_id=meeting.id,
        name=name,
        role=role,
        organisation=organisation,
        way=Way.WALK_IN,
        arrived_at=now,
        noted_at=now,
        form_token=mark,
    )
    return _keep(check_in, meeting, by)


def key_in(meeting_id: int, keys: Iterable[str], *, by: Account) -> int:
    """Note everybody whom the paper sheet shows and nobody noted yet; return how many that were.

    Who is noted already stays as noted. Raises Missing, NotNow.
    """
    there = {one.key for one in queries.list_guests(meeting_id) if one.has_come}
    noted = 0
    for key in dict.fromkeys(keys):
        if key not in there:
            with suppress(AlreadyIn):
                note(meeting_id, key, Way.PAPER, by=by)
                noted += 1
    return noted


def undo(check_in_id: int, reason: UndoReason, *, by: By) -> CheckIn:
    """Take a note back. Doing it twice does nothing. Raises Missing."""
    check_in = lock(CheckIn, check_in_id)
    if check_in.undone_at is None:
        check_in.undone_at = clock.now()
        check_in.undone_reason = reason
        _record("undo", check_in, get(Meeting, check_in.meeting_id), by)
    return check_in


def file_photo(meeting_id: int, picture: Picture, *, form_token: str, by: Account) -> SheetPhoto:
    """File a photograph of the signed paper. The same form twice files it once.

    Raises Missing, NotNow before there can be a signed sheet, TooManyPhotos.
    """
    meeting, mark = lock(Meeting, meeting_id), digest(form_token)
    _refuse_now(meeting, by)
    if earlier := db.session.query(SheetPhoto).filter_by(form_token=mark).one_or_none():
        return earlier
    if len(queries.list_photos(meeting.id)) >= rules.MOST_PHOTOS:
        raise TooManyPhotos
    photo = SheetPhoto(
        meeting_id=meeting.id,
        picture=picture.content,
        size=len(picture.content),
        width=picture.width,
        height=picture.height,
        form_token=mark,
        filed_at=clock.now(),
        filed_by_id=by.id,
    )
    db.session.add(photo)
    # The trail names the id.
    db.session.flush()
    audit.record("attendance:photo:file", photo, by=by, sentence=meeting.title)
    return photo


def remove_photo(photo_id: int, *, by: Account) -> None:
    """Take a photograph off; its bytes are gone, that there was one stays. Doing it twice does nothing."""
    photo = lock(SheetPhoto, photo_id)
    if photo.removed_at is None:
        photo.removed_at, photo.picture = clock.now(), None
        audit.record("attendance:photo:remove", photo, by=by, sentence=photo.meeting.title)


def set_pin(meeting_id: int, *, by: Account) -> str:
    """Give the door of a meeting a fresh PIN and return it; telephones that gave an older one are out."""
    meeting = lock(Meeting, meeting_id)
    pin = f"{secrets.randbelow(10**rules.PIN_DIGITS):0{rules.PIN_DIGITS}}"
    _turn(meeting, pin, by)
    audit.record("attendance:door:open", meeting, by=by, sentence=meeting.title)
    return pin


def shut_door(meeting_id: int, *, by: Account) -> None:
    """Take the PIN away; no telephone notes anybody any more."""
    meeting = lock(Meeting, meeting_id)
    _turn(meeting, None, by)
    audit.record("attendance:door:shut", meeting, by=by, sentence=meeting.title)


def enrol(meeting_id: int, pin: str, keeper: str, agent: str) -> str:
    """Let a telephone act at a door, and return the value of its cookie; the database holds its digest.

    Raises WrongPin. Whoever calls counts the tries.
    """
    door = queries.find_pin(meeting_id)
    if door is None or door.pin is None or not hmac.compare_digest(door.pin.encode(), pin.encode()):
        raise WrongPin
    key, now = secrets.token_urlsafe(24), clock.now()
    device = DoorDevice(
        meeting_id=meeting_id,
        key_hash=digest(key),
        generation=door.generation,
        keeper=keeper,
        agent=agent,
        enrolled_at=now,
        seen_at=now,
    )
    db.session.add(device)
    # The trail names the id.
    db.session.flush()
    meeting = get(Meeting, meeting_id)
    _record_device("enrol", device, meeting, None)
    return key


def end_device(device_id: int, *, by: By) -> None:
    """Send a telephone away from the door. Raises Missing."""
    device = lock(DoorDevice, device_id)
    device.ended_at = device.ended_at or clock.now()
    meeting = get(Meeting, device.meeting_id)
    _record_device("end", device, meeting, by)


def _turn(meeting: Meeting, pin: str | None, by: Account) -> None:
    door = queries.find_pin(meeting.id) or DoorPin(meeting_id=meeting.id, generation=0)
    door.pin, door.generation = pin, door.generation + 1
    door.set_at, door.set_by_id = clock.now(), by.id
    db.session.add(door)


def _refuse_now(meeting: Meeting, by: By) -> None:
    now = clock.now()
    if isinstance(by, DoorDevice):
        if by.meeting_id != meeting.id:
            raise Missing
        if not rules.is_door_open(meeting.state, meeting.starts_at, meeting.ends_at, now):
            raise NotNow
    elif not rules.may_note(meeting.state, meeting.starts_at, now):
        raise NotNow


def _guest(meeting: Meeting, key: str, by: By) -> dict[str, object]:
    """Return the columns that say who came, or refuse."""
    kind, number = key[:1], key[1:]
    if not (number.isascii() and number.isdigit()):
        raise Missing
    if kind == queries.PARTICIPANT:
        participant = get(Participant, int(number))
        if participant.meeting_id != meeting.id or participant.removed_at is not None:
            raise Missing
        return {"participant_id": participant.id, "role": participant.role}
    if kind != queries.SIGNUP:
        raise Missing
    signup = get(SignUp, int(number))
    if signup.meeting_id != meeting.id:
        raise Missing
    if isinstance(by, DoorDevice):
        if signup.state == SignUpState.WAITING:
            raise StillWaiting(signup.name)
        if signup.state == SignUpState.WITHDRAWN:
            raise SeatGivenBack(signup.name)
    signups.note_arrival(signup)
    return {"signup_id": signup.id, "role": signup.pool.role}


def _keep(check_in: CheckIn, meeting: Meeting, by: By) -> CheckIn:
    if isinstance(by, Account):
        check_in.account_id = by.id
    else:
        check_in.device_id = by.id
        by.seen_at = clock.now()
    signup_id, participant_id = check_in.signup_id, check_in.participant_id
    try:
        with db.session.begin_nested():
            db.session.add(check_in)
    except IntegrityError as error:
        earlier = queries.find_note(signup_id, participant_id)
        if earlier is None:
            raise
        raise AlreadyIn(queries.name_of(earlier), earlier.arrived_at) from error
    _record("note", check_in, meeting, by)
    return check_in


def _record_device(step: str, device: DoorDevice, meeting: Meeting, by: By | None) -> None:
    audit.record(
        f"attendance:device:{step}",
        device,
        by=by if isinstance(by, Account) else None,
        who="" if isinstance(by, Account) else audit.AT_DOOR,
        unit_id=meeting.unit_id,
        sentence=meeting.title,
    )


def _record(step: str, check_in: CheckIn, meeting: Meeting, by: By) -> None:
    # The trail holds no name of a citizen; the note's number leads to it.
    audit.record(
        f"attendance:check_in:{step}",
        check_in,
        by=by if isinstance(by, Account) else None,
        who="" if isinstance(by, Account) else audit.AT_DOOR,
        kind="check_in",
        unit_id=meeting.unit_id,
        sentence=meeting.title,
    )
