"""A meeting at which one person signed up, was written to, and wrote things that nobody else would write."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from liaison_app.invitations import queries as invitations
from liaison_app.invitations import services as answers
from liaison_app.invitations.kinds import AnswerState, Door
from liaison_app.invitations.rules import Given
from liaison_app.orgs.kinds import OrgKind
from liaison_app.scheduling import services as scheduling
from liaison_app.scheduling.kinds import RoleCode
from liaison_app.scheduling.models import Meeting
from liaison_app.scheduling.rules import MeetingPlan, PlannedPerson
from liaison_app.signups import services as signups
from liaison_app.signups.models import SignUp
from tests.factories.orgs import make_unit
from tests.factories.people import make_deputy, make_official
from tests.factories.scheduling import make_pool
from tests.factories.signups import make_applicant
from tests.factories.stations import make_room, make_station

NOW = datetime(2026, 11, 25, 4, tzinfo=UTC)
NAME, MOBILE, QUESTION, NEED, FIRM = (
    "独孤求安",
    "13912345677",
    "我家三楼暖气片漏水",
    "独一份的帮助",
    "独一家物业",
)
REASON, STAND_IN = "局长去外省开独门会议", "令狐代会"
PLANTED = (NAME, MOBILE, QUESTION, NEED, FIRM, REASON, STAND_IN)


@dataclass
class Case:
    """Numbers of what was planted."""

    unit: int
    meeting: int
    pool: int
    signup: int
    other: int
    deputy: int
    head: int
    ends_at: datetime


@pytest.fixture
def held():
    """Hold the clock at NOW."""
    with clock.frozen(NOW):
        yield NOW


@pytest.fixture
def case(app, held) -> Case:
    """One meeting in a week; our person and another one hold seats, a third waits; a head sends somebody."""
    with transaction():
        street = make_unit("测试街道人大工委")
        bureau = make_unit("测试局", OrgKind.BUREAU, parent=street)
        room = make_room(make_station("测试站", parent=street))
        head = make_official(bureau, "程试一", email="cheng-one@example.test")
        deputy = make_deputy("王试一", mobile="13700000001", email="wang-one@example.test")
        starts_at = clock.now() + timedelta(days=7)
        plan = MeetingPlan(
            kind="face_bureau", title="供暖专场", starts_at=starts_at, ends_at=starts_at + timedelta(hours=2),
            station_id=room.station_id, room_id=room.id, is_public=True, about="", agenda="", seats=(),
            people=(
                PlannedPerson(head.id, RoleCode.BUREAU_HEAD, bureau.id, True, "局长"),
                PlannedPerson(deputy.id, RoleCode.DEPUTY),
            ),
        )  # fmt: skip
        meeting = scheduling.create_meeting(plan, unit_id=street.id, by=None)
        pool = make_pool(meeting, RoleCode.CITIZEN, 2)
        scheduling.publish(meeting.id, version=meeting.version, by=None)
        made = Case(street.id, meeting.id, pool.id, 0, 0, deputy.id, head.id, meeting.ends_at)
    with transaction():
        ours = make_applicant(
            NAME, MOBILE, question=QUESTION, needs=(NEED,), organisation=FIRM, privacy_version="2026-12"
        )
        made.signup = signups.sign_up(made.pool, ours).id
        made.other = signups.sign_up(made.pool, make_applicant("东方不拜", "13800000099")).id
        signups.sign_up(made.pool, make_applicant("西门吹雨", "13800000098"))
        signups.tell_everybody(made.meeting, "moved")
        (asked,) = (
            one for one in invitations.list_of_meeting(made.meeting) if one.participant.person_id == made.head
        )
        given = Given(AnswerState.DELEGATED, REASON, None, STAND_IN)
        answers.take_answer(asked.id, given, sequence=asked.meeting.sequence, door=Door.PHONE, by=None)
    return made


def reread(model, id: int):
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(model, id)


def figures() -> dict[str, int]:
    """Return what statistics are counted from."""
    asked = {
        "signups": "SELECT count(*) FROM signup",
        "confirmed": "SELECT count(*) FROM signup WHERE state = 'confirmed'",
        "waiting": "SELECT count(*) FROM signup WHERE state = 'waiting'",
        "withdrawn": "SELECT count(*) FROM signup WHERE state = 'withdrawn'",
        "codes": "SELECT count(DISTINCT ticket_code) FROM signup",
        "messages": "SELECT count(*) FROM message",
        "invitations": "SELECT count(*) FROM invitation WHERE answer = 'delegated'",
        "participants": "SELECT count(*) FROM participant",
        "people": "SELECT count(*) FROM person",
    }
    with db.engine.connect() as connection:
        return {name: connection.execute(text(query)).scalar_one() for name, query in asked.items()}


def everything() -> str:
    """Return all rows of all tables as the program reads them: encrypted columns in plain text."""
    db.session.rollback()
    from liaison_app.core.db import Model

    with db.engine.connect() as connection:
        return "\n".join(
            str(tuple(row))
            for table in Model.metadata.sorted_tables
            for row in connection.execute(table.select())
        )


def raw_rows() -> str:
    """Return all rows of all tables as they lie in the database."""
    db.session.rollback()
    with db.engine.connect() as connection:
        return "\n".join(
            str(tuple(row))
            for table in inspect(connection).get_table_names()
            for row in connection.execute(text(f'SELECT * FROM "{table}"'))
        )


def found_in(place: str) -> list[str]:
    return [one for one in PLANTED if one in place]


def files_hold(data: Path, words: tuple[str, ...]) -> list[str]:
    """Return which words stand in the bytes of the SQLite files, the log among them, or in any other file there.

    Read by another process: closing a file gives up all locks of one's own on it, those of SQLite among them, and the
    next process that leaves the database would take away the log under our hands.
    """
    files = [str(path) for path in sorted(data.iterdir()) if path.is_file()]
    body = subprocess.run(["cat", "--", *files], check=True, capture_output=True).stdout
    return [word for word in words if word.encode() in body]


def signup_of(case: Case) -> SignUp:
    return reread(SignUp, case.signup)


def meeting_of(case: Case) -> Meeting:
    return reread(Meeting, case.meeting)
