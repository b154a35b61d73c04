"""A district in which every text that somebody could have typed is an attack, and an account of every role in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from liaison_app.access.permissions import Role
from liaison_app.accounts import services as accounts
from liaison_app.app import create_app
from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from liaison_app.imports import services as imports
from liaison_app.imports.kinds import ListKind
from liaison_app.inbox import services as inbox
from liaison_app.inbox.kinds import Source
from liaison_app.invitations import queries as invitations
from liaison_app.invitations import services as answers
from liaison_app.invitations.kinds import AnswerState, Door
from liaison_app.invitations.letters import answer_token
from liaison_app.invitations.rules import Given
from liaison_app.jobs import worker
from liaison_app.messages.kinds import MessageState
from liaison_app.messages.models import Delivery, Message
from liaison_app.orgs.kinds import OrgKind
from liaison_app.orgs.models import OrgUnit
from liaison_app.people import services as people
from liaison_app.people.models import PostKind
from liaison_app.scheduling import services as scheduling
from liaison_app.scheduling.kinds import PlaceKind, RoleCode
from liaison_app.scheduling.models import Meeting
from liaison_app.scheduling.rules import MeetingPlan, PlannedPerson
from liaison_app.signups.kinds import SignUpState
from liaison_app.signups.services import ticket_token
from liaison_app.stations.models import Station
from tests.factories.accounts import make_account
from tests.factories.messages import make_call
from tests.factories.orgs import make_unit
from tests.factories.people import make_deputy, make_official
from tests.factories.scheduling import make_pool
from tests.factories.signups import make_signup
from tests.factories.stations import make_membership, make_room, make_station
from tests.imports.lists import DEPUTY, sheet
from tests.inbox.letters import mail, reply_object
from tests.parts.databases import Database

# Breaks out of an element and of an attribute, is a template, a format, and runs as a formula.
TAG, ATTRIBUTE, SUM = "xssmark", "onx9", str(7 * 191)
EVIL = f"=<{TAG}>'\" {ATTRIBUTE}=1 {{{{7*191}}}}%(q)s{{q}}"
# Ends the header of a mail where the library reads it (SECURITY T1), turns the line round, ends a line.
HEADER = "=?UTF-8?Q?=0D=0AX-Evil:_1=0D=0A=0D=0A?="
TURNED = "\u202egnp.exe"
LINES = "\r\nX-Evil: 1\u2028ATTENDEE:mailto:evil@evil.test\rSTATUS:CANCELLED"
# Where an online meeting is: the one link that leads away.
ONLINE = "https://online.test/"
PHONES = ("13800007001", "13800007002", "13700007003", "13900007004")


@dataclass
class Hostile:
    """The world and where its things are; `secrets` are tokens of personal links."""

    database: Database
    app: Flask
    places: dict[str, object]
    keys: dict[Role, str] = field(default_factory=dict)

    @property
    def secrets(self) -> list[str]:
        return [str(self.places[name]) for name in ("answer", "ticket", "feed", "setup")]

    def browser(self, role: Role | None = None) -> FlaskClient:
        """Return a browser whose forms need their token, as people have them."""
        client = self.app.test_client()
        if role is not None:
            with client.session_transaction() as cookie:
                cookie["key"] = self.keys[role]
        return client


def build(database: Database) -> Hostile:
    """Fill an empty database."""
    with database.app.app_context():
        with transaction():
            district = make_unit(EVIL, OrgKind.DISTRICT)
            street = make_unit(f"{EVIL}1", parent=district, phone=EVIL[:40])
            station = _station(street)
            bureau = make_unit(f"{EVIL}3", OrgKind.BUREAU, parent=street, phone=EVIL[:40])
            bureau_id, street_id, station_id = bureau.id, street.id, station.id
            room = make_room(station, name=f"{EVIL}{TURNED}").id
            head = make_official(
                bureau, EVIL + TURNED, title=EVIL, mobile=PHONES[0], email="head@example.test"
            ).id
            second = make_official(bureau, f"{EVIL}5", kind=PostKind.DEPUTY_HEAD, title=EVIL).id
            deputy = _deputy(station, 1, PHONES[3])
            silent = _deputy(station, 2, None)
        street_facts = (street_id, station_id, room, bureau_id, head, second, deputy, silent)
        meetings = _meetings(*street_facts)
        places = {"room": room, "person": deputy, "bureau": bureau_id, "station": station_id, **meetings}
        places |= _answers(int(str(meetings["meeting"])), int(str(meetings["moved"])), deputy, head)
        places |= _signups(int(str(meetings["meeting"])))
        with transaction():
            uid = db.session.get_one(Meeting, int(str(meetings["meeting"]))).uid
            letter = inbox.receive(mail(reply_object(uid), subject=EVIL, text=EVIL), Source.PIPE)
            assert letter is not None
            inbox.settle(letter.id)
            places["letter"] = letter.id
        with transaction():
            unit = db.session.get_one(OrgUnit, street_id)
            clerks = {role: make_account(role, unit, login=f"role-{role}") for role in Role}
            for clerk in clerks.values():
                clerk.name = EVIL
            clerks[Role.DEPUTY].person_id, clerks[Role.BUREAU_HEAD].person_id = deputy, head
            places["account"], places["feed"] = (
                clerks[Role.LIAISON].id,
                people.issue_feed(deputy, by=clerks[Role.OFFICE]),
            )
            places["setup"] = accounts.make_setup_link(clerks[Role.RECORDER])
            office_id = clerks[Role.OFFICE].id
            _messages(unit, int(str(meetings["meeting"])))
            keys = {role: accounts.open_browser(clerk.id, "127.0.0.1")[1] for role, clerk in clerks.items()}
        places["run"] = _run(street_id, office_id)
    return Hostile(database, create_app(database.settings), places, keys)


def _station(street: OrgUnit) -> Station:
    return make_station(
        f"{EVIL}2", parent=street, address=EVIL, open_hours=EVIL, honours=EVIL, access_notes=EVIL,
        about=EVIL + LINES,
    )  # fmt: skip


def _deputy(station: Station, number: int, mobile: str | None) -> int:
    person = make_deputy(
        f"{EVIL}{TURNED}{number}", mobile=mobile, email=f"deputy{number}@example.test" if mobile else "",
        employer=EVIL, job_title=EVIL, expertise=EVIL, party=EVIL[:40], education=EVIL[:40], ethnicity=EVIL[:40],
    )  # fmt: skip
    make_membership(station, person)
    db.session.flush()
    db.session.refresh(person)
    for mandate in person.mandates:
        mandate.constituency, mandate.card_no, mandate.term = EVIL, EVIL[:40], EVIL[:40]
    return person.id


def _meetings(street, station, room, bureau, head, second, deputy, silent) -> dict[str, object]:
    def plan(days: int, **facts) -> MeetingPlan:
        starts_at = clock.now() + timedelta(days=days)
        values = {
            "title": f"{EVIL}{HEADER}", "about": EVIL + LINES, "agenda": EVIL + LINES, "notice": EVIL + LINES,
            "station_id": station, "room_id": room, "is_public": True, "seats": ((RoleCode.CITIZEN, 3),),
            "people": (
                PlannedPerson(head, RoleCode.BUREAU_HEAD, bureau, True, EVIL),
                PlannedPerson(deputy, RoleCode.DEPUTY),
                PlannedPerson(silent, RoleCode.DEPUTY),
            ),
        }  # fmt: skip
        return MeetingPlan(
            kind="face_bureau",
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=2),
            **{**values, **facts},
        )

    def put(plan: MeetingPlan, *steps: str) -> int:
        with transaction():
            meeting = scheduling.create_meeting(plan, unit_id=street, by=None)
            for step in steps:
                reason = {} if step == "publish" else {"reason": EVIL + HEADER}
                getattr(scheduling, step)(meeting.id, version=meeting.version, by=None, **reason)
            return meeting.id

    outside = {"place_kind": PlaceKind.OUTSIDE, "room_id": None, "place_text": f"{EVIL}{TURNED}"}
    ids = {
        "meeting": put(plan(7), "publish"),
        "moved": put(plan(8, **outside), "publish", "postpone"),
        "off": put(plan(9), "publish", "cancel"),
        "online": put(
            plan(10, place_kind=PlaceKind.ONLINE, room_id=None, place_text=f"{ONLINE}{EVIL}"),
            "publish",
        ),
        "draft": put(plan(11, is_public=False)),
    }
    codes = {f"{name}_code": db.session.get_one(Meeting, id).code for name, id in ids.items()}
    return {**ids, **codes, "code": codes["meeting_code"]}


def _answers(meeting: int, moved: int, deputy: int, head: int) -> dict[str, object]:
    asked = {one.participant.person_id: one for one in invitations.list_of_meeting(meeting)}
    stale = next(one for one in invitations.list_of_meeting(moved) if one.participant.person_id == deputy)
    with transaction():
        sequence = db.session.get_one(Meeting, meeting).sequence
        for person, given in (
            (deputy, Given(AnswerState.DECLINED, EVIL + LINES)),
            (head, Given(AnswerState.DELEGATED, EVIL, None, EVIL)),
        ):
            answers.take_answer(asked[person].id, given, sequence=sequence, door=Door.PHONE, by=None)
    return {
        "invitation": asked[head].id,
        "answer": answer_token(asked[deputy]),
        "head_answer": answer_token(asked[head]),
        "moved_answer": answer_token(stale),
    }


def _signups(meeting: int) -> dict[str, object]:
    with transaction():
        pool = next(
            (one for one in db.session.get_one(Meeting, meeting).pools if one.role == RoleCode.CITIZEN), None
        ) or make_pool(db.session.get_one(Meeting, meeting), RoleCode.CITIZEN, 3)
        pool.wait_places = 999
        made = [
            make_signup(
                pool, state, name=f"{EVIL}{number}", mobile=PHONES[1], question=EVIL + LINES, organisation=EVIL,
                withdrawn_reason=EVIL if state == SignUpState.WITHDRAWN else None,
            )
            for number, state in enumerate((SignUpState.CONFIRMED, SignUpState.WAITING, SignUpState.WITHDRAWN))
        ]  # fmt: skip
        return {
            "signup": made[0].id,
            "ticket": ticket_token(made[0]),
            "left_ticket": ticket_token(made[2]),
            "pool": pool.id,
        }


def _messages(unit: OrgUnit, meeting: int) -> None:
    make_call(
        unit, key="remind:hostile:0", about=f"meeting:{meeting}", to_name=f"{EVIL}", to_phone=PHONES[2],
        subject=EVIL, text=EVIL + LINES,
    )  # fmt: skip
    for one in db.session.scalars(select(Message).where(Message.raw.is_not(None)).limit(2)):
        one.state, one.last_error, one.settled_by = MessageState.FAILED, EVIL + LINES, EVIL
        one.settled_at = clock.now()
        db.session.add(
            Delivery(message_id=one.id, started_at=clock.now(), ended_at=clock.now(), detail=EVIL + LINES)
        )


def _run(unit_id: int, account_id: int) -> int:
    """Let a list whose cells and name are attacks be checked, and return its number."""
    # A list with formulas is refused as a whole.
    typed = EVIL.removeprefix("=")
    rows = [{**DEPUTY, "姓名": f"{typed}{n}", "手机": typed, typed: typed} for n in range(2)]
    rows.append({**DEPUTY, "所属站": typed})
    data = sheet(*rows)
    with transaction():
        reading = imports.read_file(ListKind.DEPUTIES, data)
        run = imports.start(
            reading, f"..\\../{EVIL}{LINES}{TURNED}", data, unit_id=unit_id,
            by=db.session.get_one(accounts.Account, account_id), form_token="hostile",
        )  # fmt: skip
        run_id = run.id
    worker.drain()
    return run_id
