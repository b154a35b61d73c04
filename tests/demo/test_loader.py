"""The loaded district counts what the field's papers count, and holds what real work would have left behind."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from liaison_app.accounts import services as accounts
from liaison_app.accounts.models import Account
from liaison_app.audit.models import Entry
from liaison_app.core import clock
from liaison_app.core.db import Model, db
from liaison_app.core.text import from_local, local
from liaison_app.demo import district, loader
from liaison_app.demo.errors import NotDemo, NotEmpty
from liaison_app.invitations.models import AnswerState, Invitation
from liaison_app.jobs.models import Job
from liaison_app.messages import rules as message_rules
from liaison_app.messages.models import Message
from liaison_app.orgs.models import OrgUnit
from liaison_app.people.models import Mandate, MandateState, Person, Post, PostKind
from liaison_app.people.queries import find_unit
from liaison_app.scheduling.kinds import MeetingState, RoleCode
from liaison_app.scheduling.models import Meeting, Occupancy, Participant, Pool
from liaison_app.scheduling.rules import HOLDING, person_resource, room_resource
from liaison_app.signups.models import SignUp, SignUpState
from liaison_app.stations.kinds import Tier
from liaison_app.stations.models import Membership, Room, Station
from tests.architecture.test_names import real_names
from tests.parts import postgres
from tests.parts.databases import ENGINES, PostgresDatabase, SqliteDatabase
from tests.parts.report import do_without

TODAY = from_local(date(2026, 11, 25), time(9))
FIRMS = (RoleCode.PROPERTY_REP, RoleCode.ENTERPRISE_REP)


@pytest.fixture(scope="session", params=ENGINES)
def _loaded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Iterator[Flask]:
    """A database of its own with the district in it: loading takes seconds, and these tests only read."""
    data = tmp_path_factory.mktemp(f"district-{request.param}")
    if request.param == "sqlite":
        database = SqliteDatabase(data)
    else:
        try:
            database = PostgresDatabase(data, f"liaison_district_{os.getpid()}_{worker_id}")
        except postgres.NoServer as reason:
            do_without(str(reason))
    with database.app.app_context():
        loader.load(TODAY)
    yield database.app
    database.close()


@pytest.fixture
def loaded(_loaded: Flask) -> Iterator[Flask]:
    with _loaded.app_context(), clock.frozen(TODAY):
        yield _loaded


def meeting_of(title: str, *, ahead: bool) -> Meeting:
    """Return the one meeting of a title on this or on the other side of today."""
    side = Meeting.starts_at > TODAY if ahead else Meeting.starts_at < datetime(2025, 1, 1, tzinfo=UTC)
    return db.session.scalars(select(Meeting).where(Meeting.title == title, side)).one()


def faces_of_2024() -> list[Meeting]:
    wanted = select(Meeting).where(
        Meeting.kind == "face_bureau",
        Meeting.starts_at >= from_local(date(2024, 1, 1), time(0)),
        Meeting.starts_at < from_local(date(2025, 1, 1), time(0)),
    )
    return list(db.session.scalars(wanted.order_by(Meeting.starts_at)))


def at_table(meeting: Meeting) -> Counter[RoleCode]:
    """Count per role who was invited and expected, and who holds a seat."""
    counts = Counter(one.role for one in meeting.participants if one.is_expected)
    confirmed = select(Pool.role).join(SignUp, SignUp.pool_id == Pool.id)
    counts.update(
        db.session.scalars(
            confirmed.where(SignUp.meeting_id == meeting.id, SignUp.state == SignUpState.CONFIRMED)
        )
    )
    return counts


# --- who and what is there ----------------------------------------------------------------------------


@pytest.mark.usefixtures("loaded")
def test_f1_there_are_eighteen_stations_in_their_tiers_with_rooms():
    stations = db.session.scalars(select(Station)).all()
    tiers = Counter(station.tier for station in stations)
    assert tiers == {Tier.PROVINCIAL_DEMO: 1, Tier.CITY_DEMO: 1, Tier.DISTRICT: 11, Tier.SPECIAL: 5}
    assert all(station.rooms and station.unit.parent_id for station in stations)
    assert len(db.session.scalars(select(Room)).all()) == sum(len(one.rooms) for one in district.STATIONS)


@pytest.mark.usefixtures("loaded")
def test_f2_there_are_253_active_deputies_of_five_levels_each_in_a_station():
    highest = (
        select(Mandate.person_id, func.min(Mandate.level).label("level"))
        .join(Membership, Membership.person_id == Mandate.person_id)
        .where(Mandate.state == MandateState.ACTIVE)
        .group_by(Mandate.person_id)
        .subquery()
    )
    levels = dict(db.session.execute(select(highest.c.level, func.count()).group_by(highest.c.level)).all())
    assert levels == {1: 1, 2: 4, 3: 24, 4: 168, 5: 56}
    states = Counter(db.session.scalars(select(Mandate.state)))
    assert states == {MandateState.ACTIVE: 265, MandateState.SUSPENDED: 1, MandateState.ENDED: 2}


@pytest.mark.usefixtures("loaded")
def test_thirteen_bureaus_have_their_head_and_can_be_found_by_an_old_name():
    heads = select(Post.unit_id).where(Post.kind == PostKind.HEAD)
    bureaus = db.session.scalars(select(OrgUnit).where(OrgUnit.kind == "bureau", OrgUnit.id.in_(heads)))
    assert len(bureaus.all()) == 13
    assert find_unit("国税局").short_name == "税务局"


@pytest.mark.usefixtures("loaded")
def test_everybody_is_marked_as_invented_and_sorted_by_pinyin():
    people = db.session.scalars(select(Person)).all()
    assert len(people) == len(district.PEOPLE)
    assert all(person.is_demo and person.pinyin for person in people)
    assert all(person.email.endswith("@example.test") for person in people if person.email)
    assert {person.pinyin for person in people if person.name == "单志平"} == {"shan zhi ping"}


# --- 2024 ---------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("loaded")
def test_f5_and_f8_the_thirteen_meetings_of_2024_were_held_with_the_papers_figures():
    table = []
    for meeting in faces_of_2024():
        assert meeting.state == MeetingState.CLOSED
        counts = at_table(meeting)
        firms = sum(counts[role] for role in FIRMS)
        table.append((local(meeting.starts_at).strftime("%m-%d"), counts["deputy"], counts["citizen"], firms))
    assert table == [
        ("02-27", 5, 2, 4), ("03-14", 6, 6, 0), ("04-18", 5, 4, 3), ("05-16", 6, 2, 4), ("05-30", 4, 0, 6),
        ("06-20", 5, 8, 2), ("07-13", 6, 2, 6), ("08-15", 6, 6, 0), ("08-29", 4, 4, 4), ("09-12", 6, 6, 2),
        ("10-24", 6, 4, 2), ("11-14", 6, 8, 1), ("12-05", 5, 4, 4),
    ]  # fmt: skip


@pytest.mark.usefixtures("loaded")
def test_f7_62_matters_were_raised_and_43_are_solved():
    counted = [(meeting.issues_raised, meeting.issues_solved) for meeting in faces_of_2024()]
    assert [sum(numbers) for numbers in zip(*counted, strict=True)] == [62, 43]
    heating = meeting_of("供暖专场", ahead=False)
    assert (heating.issues_raised, heating.issues_solved) == (8, 6)


@pytest.mark.usefixtures("loaded")
def test_f6_every_bureau_came_and_one_head_sent_the_deputy_head_with_a_reason():
    ids = [meeting.id for meeting in faces_of_2024()]
    led = select(Participant).where(Participant.meeting_id.in_(ids), Participant.is_lead)
    present = [one for one in db.session.scalars(led) if one.is_expected]
    assert len({one.unit_id for one in present}) == len(present) == 13
    (stand_in,) = [one for one in present if one.stand_in_for_id]
    assert stand_in.unit.short_name == "统计局"
    assert stand_in.stand_in_reason


@pytest.mark.usefixtures("loaded")
def test_the_meeting_that_was_put_off_by_twenty_days_kept_its_uid_and_raised_its_sequence():
    moved = meeting_of("老旧小区与房产证专场", ahead=False)
    assert moved.sequence == 1
    assert moved.starts_at - moved.first_starts_at == timedelta(days=20)
    assert "顺延 20 天" in moved.notice


@pytest.mark.usefixtures("loaded")
def test_the_inspection_of_2024_counts_pupils_and_names_none():
    inspection = meeting_of("防范校园欺凌专项视察", ahead=False)
    counts = at_table(inspection)
    assert (counts["legal_officer"], counts["deputy"], counts["council_citizen"]) == (1, 5, 4)
    assert counts["school"] == 0
    assert "师生 96 人" in inspection.about


# --- around today -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("loaded")
def test_the_heating_meeting_is_ahead_in_its_room_and_half_answered():
    heating = meeting_of("供暖专场", ahead=True)
    assert heating.state == MeetingState.PUBLISHED
    assert heating.place == "中安街人大代表联络站 二楼接待室"
    seats = {pool.role: pool.seats for pool in heating.pools}
    assert (seats["deputy"], seats["citizen"], seats["property_rep"]) == (6, 4, 2)
    wanted = select(Invitation.answer).where(Invitation.meeting_id == heating.id)
    assert Counter(db.session.scalars(wanted)) == {
        AnswerState.ACCEPTED: 5, AnswerState.WAITING: 3, AnswerState.DECLINED: 1,
    }  # fmt: skip


@pytest.mark.usefixtures("loaded")
def test_the_inspection_of_bullying_is_ahead_at_the_school():
    inspection = meeting_of("校园欺凌视察", ahead=True)
    assert inspection.place == "新安路街道曙光小学"
    assert inspection.room_id is None


@pytest.mark.usefixtures("loaded")
def test_every_state_and_every_edge_has_its_meeting():
    states = Counter(db.session.scalars(select(Meeting.state)))
    assert states == {
        MeetingState.CLOSED: 14, MeetingState.HELD: 4, MeetingState.PUBLISHED: 10,
        MeetingState.DRAFT: 1, MeetingState.CANCELLED: 1,
    }  # fmt: skip
    assert meeting_of("老旧小区改造专场", ahead=True).sequence == 1
    assert meeting_of("食品安全专场", ahead=True).state_reason
    assert Counter(db.session.scalars(select(SignUp.state)))[SignUpState.WITHDRAWN] == 1


@pytest.mark.usefixtures("loaded")
def test_whoever_found_all_seats_taken_waits_and_whoever_rang_was_written_down():
    planned = [sign_up for meeting in district.meetings(date(2026, 11, 25)) for sign_up in meeting.sign_ups]
    wanted = Counter(sign_up.state for sign_up in planned)
    assert Counter(db.session.scalars(select(SignUp.state))) == wanted
    assert wanted["waiting"] == 2
    entered = db.session.scalars(select(SignUp).where(SignUp.entered_by_id.is_not(None))).one()
    assert db.session.get_one(Account, entered.entered_by_id).login == "zhonganjie"


@pytest.mark.usefixtures("loaded")
def test_no_two_live_occupancies_of_one_resource_overlap():
    one, other = aliased(Occupancy), aliased(Occupancy)
    clashes = select(func.count()).select_from(one).join(other, one.resource_id == other.resource_id)
    overlap = (one.id < other.id, one.live, other.live, one.starts_at < other.ends_at)
    assert db.session.scalar(clashes.where(*overlap, other.starts_at < one.ends_at)) == 0


@pytest.mark.usefixtures("loaded")
def test_the_ledger_holds_the_room_and_everybody_who_is_expected():
    for meeting in db.session.scalars(select(Meeting)):
        wanted = {person_resource(one.person_id) for one in meeting.participants if one.is_expected}
        wanted |= {room_resource(meeting.room_id)} if meeting.room_id else set()
        held = select(Occupancy.resource_id).where(Occupancy.meeting_id == meeting.id, Occupancy.live)
        assert set(db.session.scalars(held)) == (wanted if meeting.state in HOLDING else set()), meeting.title


# --- what the work left behind ------------------------------------------------------------------------


@pytest.mark.usefixtures("loaded")
def test_the_trail_tells_everything_in_the_order_in_which_it_happened():
    moments = db.session.scalars(select(Entry.at).order_by(Entry.id)).all()
    assert all(earlier <= later for earlier, later in pairwise(moments))
    assert moments[-1] < from_local(local(TODAY).date(), time(0))
    actions = Counter(db.session.scalars(select(Entry.action)))
    assert actions["scheduling:meeting:publish"] == 29
    assert actions["signups:signup:create"] == db.session.scalar(select(func.count(SignUp.id)))


@pytest.mark.usefixtures("loaded")
def test_no_number_no_address_and_no_reason_of_a_person_gets_into_the_trail():
    said = "\n".join(db.session.scalars(select(Entry.sentence + " " + Entry.actor_name)))
    private = (Person.mobile, Person.email, SignUp.mobile, SignUp.question, Invitation.reason)
    for column in private:
        values = {value for value in db.session.scalars(select(column)) if value}
        assert values, f"nothing to look for: {column}"
        assert [value for value in values if value in said] == [], column
    # The control: what is looked for so would be found.
    assert any(name in said for name in db.session.scalars(select(Person.name)))


@pytest.mark.usefixtures("loaded")
def test_whoever_was_invited_has_a_message_and_nothing_waits_about_what_is_over():
    asked = db.session.scalar(select(func.count(Invitation.id)))
    threads = set(db.session.scalars(select(Message.thread).where(Message.thread.startswith("invitation-"))))
    assert len(threads) == asked
    over = select(Meeting.id).where(Meeting.ends_at < TODAY)
    about = {f"meeting:{id}" for id in db.session.scalars(over)}
    waiting = [one for one in db.session.scalars(select(Message)) if message_rules.can_settle(one.state)]
    assert waiting
    assert not [one for one in waiting if one.about in about]


@pytest.mark.usefixtures("loaded")
def test_a_mail_server_that_is_set_later_is_given_no_old_mail():
    """Each message ends with its meeting, and the worker sends nothing on its own that is older than three days."""
    assert db.session.scalar(select(func.count(Job.id))) == 0
    told = db.session.scalars(select(Message).where(Message.superseded_at.is_(None))).all()
    ends = {f"meeting:{id}": at for id, at in db.session.execute(select(Meeting.id, Meeting.ends_at))}
    assert all(one.expires_at is None or one.expires_at <= ends[one.about] for one in told)
    assert all(one.expires_at for one in told if one.channel == "email")


@pytest.mark.usefixtures("loaded")
def test_nobody_real_is_in_any_row():
    texts = []
    for table in Model.metadata.sorted_tables:
        for row in db.session.execute(select(table)):
            texts += [value for value in row if isinstance(value, str)]
    assert len(texts) > 5000
    assert real_names("\n".join(set(texts))) == set()


# --- accounts -----------------------------------------------------------------------------------------


def test_the_accounts_stand_in_a_file_for_the_owner_alone_and_their_passwords_work(loaded):
    place = loaded.config["LIAISON"].data / "demo-accounts.json"
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    said = loader.read_accounts()
    assert [one["role"] for one in said] == [account.role for account in district.ACCOUNTS]
    assert all(set(one) == {"role", "role_name", "unit", "login", "password", "name"} for one in said)
    assert len({one["password"] for one in said}) == len(said) == len(district.ACCOUNTS)
    for one in said:
        account_id = accounts.check_password(one["login"], one["password"])
        assert account_id is not None
        account = db.session.get_one(Account, account_id)
        assert [(grant.role, grant.unit.name) for grant in account.grants] == [(one["role"], one["unit"])]
        assert account.person.name == one["name"]


# --- loading ------------------------------------------------------------------------------------------


@contextmanager
def refused(error: type[Exception]) -> Iterator[None]:
    """Expect a refusal that writes nothing."""

    def count() -> dict[str, int | None]:
        return {
            table.name: db.session.scalar(select(func.count()).select_from(table))
            for table in Model.metadata.sorted_tables
        }

    before = count()
    with pytest.raises(error):
        yield
    db.session.rollback()
    assert count() == before


@pytest.mark.usefixtures("loaded")
def test_it_is_not_loaded_twice():
    said = loader.read_accounts()
    with refused(NotEmpty):
        loader.load(TODAY)
    assert loader.read_accounts() == said


def test_it_is_never_loaded_into_an_installation_that_works(make_app):
    production = make_app(mode="production", base_url="https://mdm.example.test")
    with production.app_context(), refused(NotDemo):
        loader.load(TODAY)
    with production.app_context():
        assert loader.read_accounts() == []


def test_where_the_accounts_cannot_be_written_nothing_is_loaded(app):
    (app.config["LIAISON"].data / "demo-accounts.new").mkdir()
    with refused(OSError):
        loader.load(TODAY)
    assert loader.is_empty()


# One engine will do: what differs between them is held above.
@pytest.mark.parametrize("database", ENGINES[:1], indirect=True)
def test_the_command_lets_the_demo_stand_at_any_day(app):
    reply = app.test_cli_runner().invoke(args=["seed-demo", "--at", "2027-01-15"])
    assert reply.exit_code == 0, reply.output
    for account in loader.read_accounts():
        assert f"账号 {account['login']}　密码 {account['password']}" in reply.output
    heating = next(one for one in district.meetings(date(2027, 1, 15)) if one.key == "heating")
    starts = db.session.scalars(select(Meeting.starts_at).where(Meeting.title == "供暖专场")).all()
    assert heating.starts_at in starts

    again = app.test_cli_runner().invoke(args=["seed-demo"])
    assert again.exit_code == 1
    assert "数据库里已经有内容" in again.output
