"""Erase on request, keep the journal of it, and do the nightly work."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import exists, select, update

from liaison_app.accounts.models import Account
from liaison_app.audit import services as audit
from liaison_app.calendars import queries as calendars_read
from liaison_app.calendars import services as calendars
from liaison_app.core import clock
from liaison_app.core.db import db, get, lock, transaction
from liaison_app.messages import personal as outbox
from liaison_app.messages import services as messages
from liaison_app.messages.models import Message
from liaison_app.people import personal as registers
from liaison_app.people.models import Mandate, MandateState, Person, Post
from liaison_app.scheduling.models import Meeting
from liaison_app.signups import personal as signups_held
from liaison_app.signups import queries as signups_read
from liaison_app.signups import rules as signup_rules
from liaison_app.signups import services as signups
from liaison_app.signups.kinds import SignUpState
from liaison_app.signups.models import SignUp

from . import journal, queries
from .errors import AlreadyErased
from .journal import Line
from .kinds import DOORS, REFUSALS
from .models import Erasure, RetentionRun

SIGNUP, CONTACTS = "signup", "contacts"
# Stands in the list until it is emptied a moment later, because a clerk who takes somebody off says why.
ON_REQUEST = "本人要求删除个人信息"


# --- what somebody asks for ----------------------------------------------------


def erase_signup(signup_id: int, *, by: Account | None = None) -> SignUp:
    """Empty one sign-up and what was sent about it; a place at a meeting that is still to come is given back.

    Seat, state and times stay for the counts. Raises Missing, AlreadyErased.
    """
    meeting = lock(Meeting, get(SignUp, signup_id).meeting_id)
    signup = lock(SignUp, signup_id)
    if signup.erased_at is not None:
        raise AlreadyErased
    _note(SIGNUP, queries.signup_key(signup), 1)
    _empty_signup(signup, by=by)
    audit.record(
        "privacy:erasure:do",
        signup,
        by=by,
        who=audit.ONESELF,
        sentence=meeting.title,
        unit_id=meeting.unit_id,
    )
    return signup


def _empty_signup(signup: SignUp, *, by: Account | None) -> None:
    """Empty a sign-up that is locked together with its meeting."""
    hours = signups_read.hours_of(signup.meeting)
    if signup.state != SignUpState.WITHDRAWN and signup_rules.may_leave(hours, clock.now()):
        signups.withdraw(signup.id, by=by, reason=ON_REQUEST)
    thread = (Message.about == f"meeting:{signup.meeting_id}", Message.thread == signups.thread_of(signup))
    sent = list(db.session.scalars(select(Message.id).where(*thread)))
    others = [
        one.name
        for one in signups_read.list_of_mobile(signup.meeting_id, signup.mobile_key)
        if one.id != signup.id
    ]
    # What went to two people on one telephone is still the other's.
    if others:
        messages.rename(sent, "、".join(others))
    elif sent:
        outbox.OUTBOX.empty(sent)
    # What was changed just now has to be there before the row is emptied behind the session's back.
    db.session.flush()
    signups_held.SIGNUPS.empty([signup.id])
    db.session.expire(signup)


def erase_contacts(person_id: int, *, by: Account) -> Person:
    """Empty number, address and calendar link of somebody of the registers, the calendars that are read of them,
    and what was sent there.

    Name, mandates and posts are kept by duty. Raises Missing, AlreadyErased.
    """
    person = lock(Person, person_id)
    if not queries.has_contacts(person):
        raise AlreadyErased
    _note(CONTACTS, queries.contacts_key(person), 1)
    _empty_contacts(person)
    audit.record("privacy:erasure:do", person, by=by, sentence=person.name)
    return person


def _empty_contacts(person: Person) -> None:
    subject = queries.subject_of_person(person)
    is_theirs = outbox.OUTBOX.of(subject) if outbox.OUTBOX.of else None
    if is_theirs is not None:
        sent = list(db.session.scalars(select(Message.id).where(is_theirs, Message.erased_at.is_(None))))
        outbox.OUTBOX.empty(sent)
    registers.CONTACTS.empty([person.id])
    calendars.forget([source.id for source in calendars_read.list_sources(person.id)])
    db.session.expire(person)


def note_look(door: str, found: int, *, by: Account, unit_id: int | None) -> None:
    """Note that a clerk looked for somebody by a number, why, and how many sign-ups that gave; never the number."""
    sentence = f"{DOORS[door]}；{found}"
    audit.record("privacy:request:look", None, by=by, kind="request", sentence=sentence, unit_id=unit_id)


def note_copy(thing: SignUp | Person, *, by: Account) -> None:
    """Note that a clerk took a copy of what is held of somebody."""
    audit.record("privacy:copy:give", thing, by=by, sentence=_said_of(thing), unit_id=_unit_of(thing))


def refuse(thing: SignUp | Person, why: str, *, by: Account) -> None:
    """Note that a request was refused, and why; the person may complain."""
    sentence = f"{_said_of(thing)}：{REFUSALS[why]}"
    audit.record("privacy:request:refuse", thing, by=by, sentence=sentence, unit_id=_unit_of(thing))


def _said_of(thing: SignUp | Person) -> str:
    """Return how the trail calls somebody: an official by name, a citizen by the meeting alone."""
    return thing.meeting.title if isinstance(thing, SignUp) else thing.name


def _unit_of(thing: SignUp | Person) -> int | None:
    return thing.meeting.unit_id if isinstance(thing, SignUp) else None


def _note(what: str, key: str, rows: int) -> None:
    line = Line(clock.now(), what, key, rows)
    db.session.add(Erasure(at=line.at, what=what, key=key, rows=rows))
    journal.append(line)


# --- after a backup was put back --------------------------------------------------


def replay_erasures() -> int:
    """Erase again what was erased before, in a database that was put back from an older copy; return how many.

    Opens its own transaction, for it is called by commands. Doing it twice does nothing. A sign-up of after
    its erasure, or new contacts, are not touched.
    """
    with transaction():
        lines = {(one.key, one.at): one for one in journal.read()}
        known = {(row.key, row.at) for row in db.session.scalars(select(Erasure))}
        for place in lines.keys() - known:
            one = lines[place]
            db.session.add(Erasure(at=one.at, what=one.what, key=one.key, rows=one.rows))
        # The table is read together with the file.
        db.session.flush()
        done = _replay_signups() + _replay_contacts()
        if done:
            audit.record("privacy:erasure:replay", None, by=None, kind="erasure", sentence=str(done))
    return done


def _replay_signups() -> int:
    erased = _erased_at(SIGNUP)
    if not erased:
        return 0
    done = 0
    for signup in queries.list_signups_before(max(erased.values())):
        at = erased.get(queries.signup_key(signup))
        if at is not None and signup.signed_up_at <= at:
            lock(Meeting, signup.meeting_id)
            _empty_signup(lock(SignUp, signup.id), by=None)
            done += 1
    return done


def _replay_contacts() -> int:
    erased = _erased_at(CONTACTS)
    if not erased:
        return 0
    held = db.session.scalars(select(Person).where(registers.CONTACTS.holds))
    back = [person for person in held if queries.contacts_key(person) in erased]
    for person in back:
        _empty_contacts(person)
    return len(back)


def _erased_at(what: str) -> Mapping[str, datetime]:
    """Return when each key was erased last."""
    rows = db.session.scalars(select(Erasure).where(Erasure.what == what).order_by(Erasure.at))
    return {row.key: row.at for row in rows}


def complete_journal() -> None:
    """Write into this machine's file what another machine's requests erased. Raises OSError."""
    there = {(one.key, one.at) for one in journal.read()}
    for row in db.session.scalars(select(Erasure).order_by(Erasure.id)):
        if (row.key, row.at) not in there:
            journal.append(Line(row.at, row.what, row.key, row.rows))


# --- every night ------------------------------------------------------------------


def begin_run() -> int:
    """Note that a night's work begins, and return its number."""
    run = RetentionRun(started_at=clock.now(), counts={})
    db.session.add(run)
    # The end is written to the same row later on.
    db.session.flush()
    return run.id


def end_run(run_id: int, counts: Mapping[str, int]) -> None:
    """Note what a night's work has emptied, here and in the trail: numbers of rows, nothing else."""
    run = get(RetentionRun, run_id)
    run.ended_at, run.counts = clock.now(), dict(counts)
    sentence = "，".join(f"{name} {count}" for name, count in counts.items() if count) or "0"
    audit.record("privacy:retention:run", run, by=None, sentence=sentence)


def note_left() -> None:
    """Note since when somebody of the registers holds no office any more; who is back is not gone."""
    in_office = exists().where(Mandate.person_id == Person.id, Mandate.state != MandateState.ENDED) | (
        exists().where(Post.person_id == Person.id, Post.ended_at.is_(None))
    )
    gone = update(Person).where(~in_office, Person.left_at.is_(None)).values(left_at=clock.now())
    back = update(Person).where(in_office, Person.left_at.is_not(None)).values(left_at=None)
    for change in (gone, back):
        db.session.execute(change.execution_options(synchronize_session=False))
