"""Two streets of one district, each full of things of its own, and an account of every role in the first.

What belongs to a street alone bears its mark; what everybody may see of it (stations, deputies, bureaus, public
meetings) does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from flask.testing import FlaskClient
from sqlalchemy import event, func, select, update
from sqlalchemy.orm import Session

from liaison_app.access.permissions import Role
from liaison_app.accounts import services as accounts
from liaison_app.accounts.models import BrowserSession, SignInLink
from liaison_app.attendance import services as attendance
from liaison_app.attendance.kinds import Way
from liaison_app.audit.rules import QUIET
from liaison_app.calendars import services as calendars
from liaison_app.calendars.reading import Reading
from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from liaison_app.core.pictures import Picture
from liaison_app.core.text import local
from liaison_app.core.tokens import digest
from liaison_app.imports.kinds import ListKind
from liaison_app.imports.models import ImportRun, RunState
from liaison_app.inbox import services as inbox
from liaison_app.inbox.kinds import Source
from liaison_app.invitations import queries as invitations
from liaison_app.invitations import services as answers
from liaison_app.invitations.kinds import AnswerState, Door
from liaison_app.invitations.letters import answer_token
from liaison_app.invitations.rules import Given
from liaison_app.messages.kinds import Channel
from liaison_app.messages.models import Message
from liaison_app.orgs.kinds import OrgKind
from liaison_app.orgs.models import OrgUnit
from liaison_app.people import queries as registers
from liaison_app.people import services as people
from liaison_app.people.models import PostKind
from liaison_app.proposals import services as proposals
from liaison_app.scheduling import services as scheduling
from liaison_app.scheduling.kinds import RoleCode
from liaison_app.scheduling.models import Meeting
from liaison_app.scheduling.rules import MeetingPlan, PlannedPerson
from liaison_app.signups.services import ticket_token
from tests.factories.accounts import make_account
from tests.factories.attendance import make_device
from tests.factories.messages import make_call
from tests.factories.orgs import make_unit
from tests.factories.people import make_deputy, make_official
from tests.factories.planning import make_series
from tests.factories.scheduling import make_pool
from tests.factories.signups import make_signup
from tests.factories.stations import make_membership, make_room, make_station
from tests.inbox.letters import mail, reply_object
from tests.parts.databases import Database

MARKS = ("赤狐", "蓝鲸")


@dataclass
class Side:
    """One street: `places` are what addresses of its things are made of; `secrets` nobody else may read."""

    mark: str
    unit_id: int
    places: dict[str, object]
    secrets: list[str]


@dataclass
class World:
    """The district. `logins` are accounts by role, all held on the first street; `everywhere` is an office's of both."""

    database: Database
    own: Side
    foreign: Side
    logins: dict[Role, int]
    everywhere: int
    keys: dict[int, str] = field(default_factory=dict)

    def browser(self, role: Role | None) -> FlaskClient:
        """Return a browser of the first street's account of that role, or of nobody."""
        return self.browser_of(None if role is None else self.logins[role])

    def browser_of(self, account_id: int | None) -> FlaskClient:
        client = self.database.app.test_client()
        if account_id is not None:
            with client.session_transaction() as cookie:
                cookie["key"] = self.keys[account_id]
        return client


def build(database: Database) -> World:
    """Fill an empty database."""
    with database.app.app_context():
        with transaction():
            district = make_unit("测试区", OrgKind.DISTRICT)
            streets = [_street(district, number) for number in (1, 2)]
        own = _fill(streets[0], 1)
        with transaction():
            unit = db.session.get_one(OrgUnit, own.unit_id)
            logins = {role: make_account(role, unit, login=f"role-{role}").id for role in Role}
        # Last of all, so that it stands first in every list of what happened lately.
        foreign = _fill(streets[1], 2)
        with transaction():
            everywhere = make_account(Role.OFFICE, db.session.merge(district), login="everywhere").id
        world = World(database, own, foreign, logins, everywhere)
        with transaction():
            for id in (*logins.values(), everywhere):
                account, world.keys[id] = accounts.open_browser(id, "127.0.0.1")
                account.password_hash = "a password that nobody can type"
            # Neither does a grave step ask for the password in between, nor is a session noted as used.
            later = clock.now() + timedelta(hours=1)
            db.session.execute(update(BrowserSession).values(confirmed_at=later, seen_at=later))
        return world


def _street(district: OrgUnit, number: int) -> dict[str, object]:
    house = make_unit(f"第{number}街道人大工委", parent=district)
    station = make_station(f"第{number}街联络站", parent=house)
    bureau = make_unit(f"第{number}局", OrgKind.BUREAU, parent=house)
    return {
        "house": house.id,
        "bureau": bureau.id,
        "station": station.id,
        "room": make_room(station, name="接待室").id,
        "head": make_official(bureau, f"程试{number}", email=f"head{number}@example.test").id,
        "second": make_official(bureau, f"何试{number}", kind=PostKind.DEPUTY_HEAD, title="副局长").id,
        "deputy": _deputy(station, f"王试{number}", f"1390000{number}001").id,
    }


def _deputy(station, name: str, mobile: str):
    person = make_deputy(name, mobile=mobile, email=f"{mobile}@example.test")
    make_membership(station, person)
    return person


def _fill(street: dict[str, object], number: int) -> Side:
    mark = MARKS[number - 1]
    with transaction():
        meeting = _meeting(street, f"第{number}街专场", 7, True)
        hidden = _meeting(street, f"{mark}内部会", 8, False, place_text=f"{mark}小院")
        draft = _meeting(street, f"{mark}草稿", 9, True, publish=False)
        # Its door is open now.
        arriving = _meeting(street, f"第{number}街进站日", 1 / 24, True)
    with transaction():
        head, deputy = (
            next(
                one
                for one in invitations.list_of_meeting(meeting)
                if one.participant.person_id == street[who]
            )
            for who in ("head", "deputy")
        )
        reason = f"{mark}要住院"
        no = Given(AnswerState.DECLINED, reason)
        answers.take_answer(deputy.id, no, sequence=deputy.meeting.sequence, door=Door.PHONE, by=None)
        wished = db.session.get_one(Meeting, meeting).starts_at + timedelta(days=3)
        proposal = proposals.propose(
            head.id, (wished, wished + timedelta(hours=1)), f"{mark}要出差", sequence=head.meeting.sequence, door=Door.LINK
        )  # fmt: skip
        pool = make_pool(db.session.get_one(Meeting, meeting), RoleCode.CITIZEN, 5)
        signup = make_signup(
            pool, name=f"{mark}群众", mobile=f"1380000{number}002", question=f"{mark}暖气不热",
            organisation=f"{mark}小区",
        )  # fmt: skip
        call = make_call(
            db.session.get_one(OrgUnit, street["house"]), key=f"remind:{mark}:0", about=f"meeting:{meeting}",
            to_name=f"{mark}田野", to_phone=f"1370000{number}003", subject=f"{mark}提醒", text=f"{mark}正文",
        )  # fmt: skip
        clerk = accounts.create_account(f"clerk-street-{number}", f"{mark}办事员", by=None)
        grant = accounts.grant(clerk, Role.LIAISON, street["house"], by=None)
        run = _run(street["house"], mark)
        people.add_address(street["deputy"], f"second{number}@example.test", by=clerk)
        (address,) = registers.list_addresses([street["deputy"]])
        feed = people.issue_feed(street["deputy"], by=clerk)
        day = db.session.get_one(Meeting, arriving)
        source = calendars.add_file(street["head"], Reading([]), f"{mark}的日历", by=clerk)
        device = make_device(day, f"{mark}志愿者")
        arrived = attendance.note(arriving, f"p{day.participants[1].id}", Way.LIST, by=device)
        picture = Picture(b"a signed sheet", 8, 8)
        paper = attendance.file_photo(arriving, picture, form_token=f"paper-{number}", by=clerk)
        sent = db.session.scalar(
            select(Message.id)
            .where(Message.unit_id == street["house"], Message.channel == Channel.EMAIL)
            .limit(1)
        )
        letter = inbox.receive(_letter(db.session.get_one(Meeting, meeting), head, mark), Source.PIPE)
        inbox.settle(letter.id)
        planned = db.session.get_one(Meeting, draft)
        series = make_series(planned, skipped=[local(planned.starts_at).date() + timedelta(days=7)])
        places = {
            "series": series.id, "series_date": series.dates[-1].id,
            "letter": letter.id,
            "address": address.id, "meeting": meeting, "hidden": hidden, "draft": draft,
            "code": db.session.get_one(Meeting, meeting).code,
            "invitation": head.id, "answer": answer_token(head), "signup": signup.id, "ticket": ticket_token(signup),
            "message": call.id, "mail": sent, "person": street["deputy"], "official": street["head"],
            "station": street["station"], "room": street["room"], "bureau": street["bureau"],
            "unit": street["house"], "account": clerk.id, "grant": grant.id, "run": run.id, "feed": feed,
            "setup": accounts.make_setup_link(clerk), "browser": _browser(clerk), "entry": _entry(street, number),
            "arriving": arriving, "door": day.code, "device": device.id, "check_in": arrived.id,
            "source": source.id,
            "photo": paper.id, "proposal": proposal.id,
        }  # fmt: skip
    places["day"] = (clock.now() + timedelta(days=9)).date().isoformat()
    secrets = [
        mark, clerk.login, f"1380000{number}002", f"1370000{number}003", f"1390000{number}001",
        f"head{number}@example.test", f"second{number}@example.test", f"1390000{number}001@example.test",
        places["ticket"], places["answer"], places["setup"], places["feed"],
    ]  # fmt: skip
    return Side(mark, street["house"], places, secrets)


def _meeting(
    street, title: str, days: float, is_public: bool, *, publish: bool = True, place_text: str = ""
) -> int:
    starts_at = clock.now() + timedelta(days=days)
    plan = MeetingPlan(
        kind="face_bureau", title=title, starts_at=starts_at, ends_at=starts_at + timedelta(hours=2),
        station_id=street["station"], room_id=street["room"], is_public=is_public, about=title, agenda=title,
        seats=(), people=(
            PlannedPerson(street["head"], RoleCode.BUREAU_HEAD, street["bureau"], True, "局长"),
            PlannedPerson(street["deputy"], RoleCode.DEPUTY),
        ),
    )  # fmt: skip
    meeting = scheduling.create_meeting(plan, unit_id=street["house"], by=None)
    if publish:
        scheduling.publish(meeting.id, version=meeting.version, by=None)
    return meeting.id


def _letter(meeting, head, mark: str) -> bytes:
    """Return an answer in the head's name that somebody else sent."""
    said = reply_object(meeting.uid, "DECLINED", attendee=head.participant.person.email)
    return mail(said, sender=f"{mark} <stranger@evil.example>", subject=f"{mark}来信", text=f"{mark}信里写的")


def _browser(account) -> int:
    accounts.open_browser(account.id, "127.0.0.1")
    return db.session.scalar(select(func.max(BrowserSession.id)))


def _entry(street, number: int) -> str:
    """Return a token by which a deputy of the street signs in."""
    deputy = accounts.create_account(f"deputy-street-{number}", f"{MARKS[number - 1]}代表", by=None)
    accounts.grant(deputy, Role.DEPUTY, street["house"], by=None)
    token = f"entry-of-street-{number}"
    expires_at = clock.now() + timedelta(hours=1)
    db.session.add(SignInLink(account_id=deputy.id, token_hash=digest(token), expires_at=expires_at))
    return token


def _run(unit_id: int, mark: str) -> ImportRun:
    now = clock.now()
    run = ImportRun(
        unit_id=unit_id, kind=ListKind.DEPUTIES, state=RunState.REFUSED, file_name=f"{mark}名册.csv",
        rows_total=0, created_at=now, state_since=now,
    )  # fmt: skip
    db.session.add(run)
    db.session.flush()
    return run


@contextmanager
def no_writes() -> Iterator[None]:
    """Fail where anything is written inside, but the trail's line about what was refused, looked at or taken along."""
    written: list[object] = []

    def remember(session, context, instances) -> None:
        changed = [*session.new, *session.dirty, *session.deleted]
        written.extend(one for one in changed if getattr(one, "action", "") not in QUIET)

    event.listen(Session, "before_flush", remember)
    try:
        yield
    finally:
        event.remove(Session, "before_flush", remember)
    assert not written, written
