"""What people do with seats: sign up, withdraw, come back, move up; and what they are told of it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from sqlalchemy.exc import IntegrityError

from liaison_app.accounts.models import Account
from liaison_app.audit import services as audit
from liaison_app.core import clock, tokens
from liaison_app.core.db import db, get, lock
from liaison_app.core.errors import Missing
from liaison_app.core.letters import render_letter
from liaison_app.core.text import name_key, show_short
from liaison_app.messages import services as messages
from liaison_app.scheduling.kinds import SIGNUP_ROLES
from liaison_app.scheduling.models import Meeting

from . import queries, rules
from .errors import (
    AlreadySignedUp,
    FirmFull,
    MeetingOff,
    NothingTooMany,
    OfferOver,
    ReasonMissing,
    TooManyOnPhone,
)
from .kinds import NEED_SEPARATOR, SignUpState
from .models import SignUp
from .rules import Applicant, PoolSeats

TICKET = "ticket"
# Steps that nobody takes: the rule of the wait list does.
BY_THE_RULE = frozenset({"promote", "offer", "lapse"})


def ticket_token(signup: SignUp) -> str:
    """Return the token of a sign-up's personal link; the database holds only its digest.

    It is made from what a meeting's ticket is known by, so that it is there before the row has an id.
    """
    return tokens.make(f"{TICKET}:{signup.meeting_id}", int(signup.ticket_code))


def sign_up(
    pool_id: int, applicant: Applicant, *, form_token: str | None = None, by: Account | None = None
) -> SignUp:
    """Give `applicant` a seat of a pool, or a place on its wait list.

    Locks the meeting, not the pool alone: the room's limit reaches over all its pools, so two applicants
    never share a last seat. The same person by the same form gets the same sign-up again, whatever has
    become of it. `by` is the clerk who enters it for somebody (代填): not bound to the sign-up window, nor
    to the number of people on one phone.
    Raises Missing, NotYetOpen, SignUpClosed, MeetingOff, AlreadySignedUp, TooManyOnPhone, FirmFull or PoolFull.
    """
    now = clock.now()
    meeting = lock(Meeting, queries.get_meeting_id(pool_id))
    person = name_key(applicant.name)
    key = queries.mobile_key(applicant.mobile)
    mark = tokens.digest(f"{form_token}:{key}:{person}") if form_token else None
    earlier = queries.list_of_mobile(meeting.id, key)
    for one in earlier:
        if mark and one.form_token == mark:
            return one

    if refusal := rules.why_shut(queries.hours_of(meeting), now, by_staff=by is not None):
        raise refusal
    _refuse_repeated(earlier, person, by_staff=by is not None)
    _refuse_firm(meeting, applicant.organisation)
    state, seat_pool_id = _place(meeting, pool_id)
    signup = SignUp(
        meeting_id=meeting.id,
        pool_id=pool_id,
        seat_pool_id=seat_pool_id,
        name=applicant.name,
        name_key=person,
        mobile=applicant.mobile,
        mobile_key=key,
        organisation=applicant.organisation,
        question=applicant.question or None,
        needs=NEED_SEPARATOR.join(applicant.needs),
        privacy_version=applicant.privacy_version,
        form_token=mark,
        state=state,
        ticket_code=_fresh_code(meeting.id),
        signed_up_at=now,
        confirmed_at=now if state == SignUpState.CONFIRMED else None,
        entered_by_id=by.id if by else None,
    )
    signup.token_hash = tokens.digest(ticket_token(signup))
    db.session.add(signup)
    try:
        # The trail names the id; and a row that got past the lock is refused by the index now.
        db.session.flush()
    except IntegrityError as error:
        if "name_key" not in str(error.orig):
            raise
        raise AlreadySignedUp from error
    _record("create", signup, meeting, by)
    return signup


def withdraw(signup_id: int, *, by: Account | None = None, reason: str = "") -> SignUp:
    """Give a seat or a place to wait back; whoever waits first moves up in the same transaction.

    Doing it twice does nothing. A clerk (`by`) says why. Raises Missing, MeetingOff, ReasonMissing.
    """
    signup, meeting = _lock_both(signup_id)
    if signup.state == SignUpState.WITHDRAWN:
        return signup
    if not rules.may_leave(queries.hours_of(meeting), clock.now()):
        raise MeetingOff
    if by is not None and not reason.strip():
        raise ReasonMissing
    signup.state, signup.seat_pool_id, signup.offer_until = SignUpState.WITHDRAWN, None, None
    signup.withdrawn_at = clock.now()
    signup.withdrawn_reason = reason.strip() or None
    _record("withdraw", signup, meeting, by)
    others = queries.list_of_mobile(meeting.id, signup.mobile_key)
    if all(one.state == SignUpState.WITHDRAWN for one in others):
        # Nobody is called any more about a seat that was given back.
        messages.drop_superseded(_about(meeting), thread_of(signup))
    promote(meeting.id)
    return signup


def come_back(signup_id: int) -> SignUp:
    """Let somebody who withdrew sign up again under the same link, behind everybody who waits.

    Doing it twice does nothing. Raises as `sign_up` does.
    """
    signup, meeting = _lock_both(signup_id)
    if signup.state != SignUpState.WITHDRAWN:
        return signup
    if signup.erased_at is not None:
        raise MeetingOff
    now = clock.now()
    if refusal := rules.why_shut(queries.hours_of(meeting), now):
        raise refusal
    others = [one for one in queries.list_of_mobile(meeting.id, signup.mobile_key) if one is not signup]
    _refuse_repeated(others, signup.name_key, by_staff=False)
    _refuse_firm(meeting, signup.organisation)
    signup.state, signup.seat_pool_id = _place(meeting, signup.pool_id)
    signup.signed_up_at = now
    signup.confirmed_at = now if signup.state == SignUpState.CONFIRMED else None
    signup.withdrawn_at = signup.withdrawn_reason = signup.offer_until = None
    _record("come_back", signup, meeting, None)
    return signup


def promote(meeting_id: int) -> list[SignUp]:
    """Give free seats to whoever waits first, and queue a message to each; return who moved up.

    Called by whatever frees a seat, in its own transaction: no job decides who gets one.
    """
    now = clock.now()
    meeting = lock(Meeting, meeting_id)
    queue = queries.list_queue(meeting.id)
    if not queue or not rules.is_moving(queries.hours_of(meeting), now):
        return []
    moved = [_give(id, None) for id in rules.move_up(queries.list_seats(meeting.id), queue)]
    if rules.is_shared(meeting.starts_at, meeting.spill_hours, now):
        left = queries.list_queue(meeting.id)
        moved += [_give(id, seat) for id, seat in rules.share_out(queries.list_seats(meeting.id), left)]
    for signup in moved:
        signup.offer_until = rules.offer_until(meeting.starts_at, now)
        _record("offer" if signup.is_offered else "promote", signup, meeting, None)
        matter = "offered" if signup.is_offered else "promoted"
        _queue(matter, meeting, [signup], key=f"{signup.id}-{int(now.timestamp())}", reason="", expires=True)
    return moved


def accept(signup_id: int, *, by: Account | None = None) -> SignUp:
    """Take the seat that is kept for an answer; a clerk (`by`) does it for somebody on the telephone.

    Doing it twice does nothing. Raises Missing, MeetingOff, OfferOver.
    """
    signup, meeting = _lock_both(signup_id)
    until = signup.offer_until
    if until is not None and (signup.was_passed_over or rules.is_late(until, clock.now())):
        raise OfferOver(until)
    if signup.state != SignUpState.CONFIRMED or not rules.may_leave(queries.hours_of(meeting), clock.now()):
        raise MeetingOff
    if until is None:
        return signup
    signup.offer_until = None
    messages.drop_superseded(_about(meeting), thread_of(signup))
    _record("accept", signup, meeting, by)
    return signup


def note_arrival(signup: SignUp) -> None:
    """Count coming as the answer to an offer, so that nobody in the room is passed over; the meeting is locked."""
    if signup.is_offered:
        signup.offer_until = None


def pass_over(meeting_id: int) -> int:
    """Take back the seats of a meeting whose offers nobody answered in time, tell it, and let the next move up.

    Whoever was passed over may come back, behind all who wait. Returns how many that were.
    """
    meeting = lock(Meeting, meeting_id)
    if not rules.is_moving(queries.hours_of(meeting), clock.now()):
        return 0
    overdue = queries.list_overdue(meeting.id)
    for signup in overdue:
        signup.state, signup.seat_pool_id = SignUpState.WITHDRAWN, None
        signup.withdrawn_at = clock.now()
        _record("lapse", signup, meeting, None)
        messages.drop_superseded(_about(meeting), thread_of(signup))
        key = f"{signup.id}-{int(clock.now().timestamp())}"
        _queue("lapsed", meeting, [signup], key=key, reason="", expires=True)
    promote(meeting.id)
    return len(overdue)


def put_back(signup_id: int, *, by: Account, reason: str) -> SignUp:
    """Let somebody with a seat wait instead, because seats or room became fewer than the people who have one.

    The office chooses and says why; nobody is put back by the program. The place is ahead of all who only ever
    waited, for it goes by the time of the sign-up. Raises Missing, MeetingOff, ReasonMissing, NothingTooMany.
    """
    signup, meeting = _lock_both(signup_id)
    if not reason.strip():
        raise ReasonMissing
    if signup.state != SignUpState.CONFIRMED or not rules.is_moving(queries.hours_of(meeting), clock.now()):
        raise MeetingOff
    seat = signup.seat_pool_id or signup.pool_id
    if not any(pool.too_many for pool in queries.list_seats(meeting.id) if pool.pool_id == seat):
        raise NothingTooMany
    signup.state, signup.seat_pool_id = SignUpState.WAITING, None
    signup.confirmed_at = signup.offer_until = None
    _record("put_back", signup, meeting, by)
    messages.drop_superseded(_about(meeting), thread_of(signup))
    key = f"{signup.id}-{int(clock.now().timestamp())}"
    _queue("put_back", meeting, [signup], key=key, reason=reason.strip(), expires=True)
    promote(meeting.id)
    return signup


def _give(signup_id: int, seat_pool_id: int | None) -> SignUp:
    """Give a seat to somebody who waits: one of the own role, or of another's pool."""
    signup = get(SignUp, signup_id)
    signup.state, signup.confirmed_at = SignUpState.CONFIRMED, clock.now()
    signup.seat_pool_id = seat_pool_id
    return signup


def tell_everybody(meeting_id: int, matter: str, *, reason: str = "") -> int:
    """Queue one message to each telephone that is signed up, about what became of the meeting; return how many.

    `matter` is moved, postponed or cancelled. What an earlier message said of the meeting is dropped where
    it has not gone out yet.
    """
    meeting = get(Meeting, meeting_id)
    by_mobile: dict[str, list[SignUp]] = {}
    for signup in queries.list_live(meeting.id):
        # A seat kept for an answer about another time is theirs, like every seat of a moved meeting.
        signup.offer_until = None
        by_mobile.setdefault(signup.mobile_key, []).append(signup)
    for signups in by_mobile.values():
        messages.drop_superseded(_about(meeting), thread_of(signups[0]))
        key = f"{meeting.id}-{meeting.sequence}"
        _queue(matter, meeting, signups, key=key, reason=reason, expires=matter == "moved")
    return len(by_mobile)


def revise_question(signup_id: int, question: str) -> SignUp:
    """Write what somebody now wants to ask, until the meeting begins. Raises Missing, MeetingOff."""
    signup, meeting = _lock_both(signup_id)
    if signup.erased_at is not None or not rules.may_leave(queries.hours_of(meeting), clock.now()):
        raise MeetingOff
    signup.question = question or None
    _record("revise", signup, meeting, None)
    return signup


def note_reveal(signup: SignUp, *, by: Account) -> None:
    """Note in the trail that a clerk looked at a full telephone number."""
    _record("reveal", signup, signup.meeting, by)


def _queue(
    matter: str, meeting: Meeting, signups: list[SignUp], *, key: str, reason: str, expires: bool
) -> None:
    names = [signup.name for signup in signups]
    until = signups[0].offer_until
    letter = render_letter(
        f"signups/{matter}",
        title=meeting.title,
        when=show_short(meeting.starts_at),
        place=meeting.place,
        is_waiting=all(signup.state == SignUpState.WAITING for signup in signups),
        reason=reason,
        until=show_short(until) if until else "",
    )
    messages.queue_phone(
        "signup",
        unit_id=meeting.unit_id,
        about=_about(meeting),
        dedupe_key=f"{matter}:{thread_of(signups[0])}:{key}",
        to_name="、".join(names)[:100],
        to_phone=signups[0].mobile,
        subject=letter.subject,
        text=letter.text.strip(),
        expires_at=meeting.ends_at if expires else None,
    )


def _about(meeting: Meeting) -> str:
    return f"meeting:{meeting.id}"


def thread_of(signup: SignUp) -> str:
    """Return the thread of the messages to the telephone of a sign-up."""
    return f"{messages.PHONE_THREAD}{signup.mobile_key[:24]}"


def _lock_both(signup_id: int) -> tuple[SignUp, Meeting]:
    """Return a sign-up as it stands once its meeting is locked, and the meeting."""
    meeting = lock(Meeting, get(SignUp, signup_id).meeting_id)
    return lock(SignUp, signup_id), meeting


def _place(meeting: Meeting, pool_id: int) -> tuple[SignUpState, int | None]:
    """Return where the next applicant of a pool goes, and the other role's pool whose seat that is, if it is one.

    Once seats are shared out, who waits gets what is free before anybody new. Raises Missing, PoolFull.
    """
    if not rules.is_shared(meeting.starts_at, meeting.spill_hours, clock.now()):
        return rules.place_next(_seats_of(meeting, pool_id)), None
    promote(meeting.id)
    pool = _seats_of(meeting, pool_id)
    lender = rules.lender(pool, queries.list_seats(meeting.id))
    return (SignUpState.CONFIRMED, lender) if lender else (rules.place_next(pool), None)


def _refuse_firm(meeting: Meeting, firm: str) -> None:
    """Raise FirmFull where as many of a firm signed up as the organizer lets in; the meeting is locked."""
    if firm and meeting.firm_limit and queries.count_of_firm(meeting.id, firm) >= meeting.firm_limit:
        raise FirmFull(firm, meeting.firm_limit)


def _seats_of(meeting: Meeting, pool_id: int) -> PoolSeats:
    """Return the seats of a pool that people sign up for, or raise Missing."""
    for pool in queries.list_seats(meeting.id):
        if pool.pool_id == pool_id and pool.role in SIGNUP_ROLES:
            return pool
    raise Missing


def _refuse_repeated(earlier: Sequence[SignUp], person: str, *, by_staff: bool) -> None:
    """Raise AlreadySignedUp or TooManyOnPhone over the other sign-ups of the same number."""
    live = [one for one in earlier if one.state != SignUpState.WITHDRAWN]
    if any(one.name_key == person for one in live):
        raise AlreadySignedUp
    if by_staff:
        return
    if len(live) >= rules.NAMES_PER_MOBILE or len(earlier) >= rules.TRIES_PER_MOBILE:
        raise TooManyOnPhone


def _fresh_code(meeting_id: int) -> str:
    """Return six digits that no other ticket of the meeting bears; the meeting is locked."""
    while True:
        code = str(100_000 + secrets.randbelow(900_000))
        if not queries.is_code_taken(meeting_id, code):
            return code


def _record(step: str, signup: SignUp, meeting: Meeting, by: Account | None) -> None:
    audit.record(
        f"signups:signup:{step}",
        signup,
        by=by,
        who="" if step in BY_THE_RULE else audit.ONESELF,
        sentence=meeting.title,
        unit_id=meeting.unit_id,
    )
