"""A small town for one journey: a station, the people who will be invited, and who works there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flask import Flask

from liaison_app.access.permissions import Role
from liaison_app.accounts import services as accounts
from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from liaison_app.orgs.kinds import OrgKind
from liaison_app.orgs.models import OrgUnit
from liaison_app.people.models import Person, PostKind
from liaison_app.scheduling import services as scheduling
from liaison_app.scheduling.kinds import RoleCode
from liaison_app.scheduling.models import Meeting
from liaison_app.scheduling.rules import MeetingPlan, PlannedPerson
from tests.factories.accounts import make_account
from tests.factories.orgs import make_unit
from tests.factories.people import make_deputy, make_official
from tests.factories.stations import make_membership, make_room, make_station
from tests.journeys.letters import PostOffice
from tests.parts.mailbox import SmtpServer
from tests.parts.servers import LiveServer

# A Monday, nine o'clock in Beijing; the meeting is wanted on the Friday of that week.
MONDAY = datetime(2026, 11, 16, 1, tzinfo=UTC)
FRIDAY_HALF_PAST_TWO = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)
PASSWORD = "yi-ju-hua-dang-mi-ma"

STATION, OTHER_STATION = "中安街人大代表联络站", "曙光街人大代表联络站"
BIG_ROOM = "二楼接待室"
CHAIR = "孔试零"
# Who can be reached by mail; the others can only be called.
MAILS = {
    CHAIR: "chair@example.test",
    "程试一": "chengguan-head@example.test",
    "何试二": "chengguan-second@example.test",
    "周试五": "zhujian-head@example.test",
    "吴试六": "zhujian-second@example.test",
    "王试三": "wang@example.test",
    "李试七": "li@example.test",
}


@dataclass
class Town:
    """What a test needs to know of the town; its clock is the server's."""

    server: LiveServer
    post_office: PostOffice
    ids: dict[str, int]

    @property
    def url(self) -> str:
        return self.server.url

    def wait(self, **delta: int) -> None:
        """Let time pass on the server's clock."""
        assert self.server.at
        self.server.at += timedelta(**delta)

    def meeting(self, title: str) -> Meeting:
        """Return a meeting as it stands now; the server has written meanwhile."""
        db.session.rollback()
        return db.session.query(Meeting).filter_by(title=title).one()

    def plan(self, title: str, starts_at: datetime, **given: object) -> MeetingPlan:
        """Return a plan for two hours in the big room, with the first bureau's head and a deputy."""
        ids = self.ids
        usual: dict[str, object] = {
            "kind": "face_bureau",
            "title": title,
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(hours=2),
            "station_id": ids["station"],
            "room_id": ids["big room"],
            "about": "暖气不够热，报修电话打不通",
            "agenda": "一、通报\n二、提问",
            "seats": ((RoleCode.DEPUTY, 6), (RoleCode.CITIZEN, 4), (RoleCode.PROPERTY_REP, 2)),
            "people": (
                PlannedPerson(ids["程试一"], RoleCode.BUREAU_HEAD, ids["chengguan"], True, "局长"),
                PlannedPerson(ids["王试三"], RoleCode.DEPUTY),
            ),
        }
        return MeetingPlan(**{**usual, **given})  # type: ignore[arg-type]

    def add_meeting(
        self, title: str, starts_at: datetime, *, published: bool = False, **given: object
    ) -> str:
        """Put a meeting on, as an organizer has done before the test begins, and return its code."""
        assert self.server.at
        with clock.frozen(self.server.at), transaction():
            plan = self.plan(title, starts_at, **given)
            meeting = scheduling.create_meeting(plan, unit_id=self.ids["street"], by=None)
            if published:
                scheduling.publish(meeting.id, version=meeting.version, by=None)
            return meeting.code

    def work_off(self) -> int:
        """Let the worker do what is due, with a mail server to send to; return how many jobs that were."""
        assert self.server.at
        with clock.frozen(self.server.at):
            return self.post_office.work_off()


def found(server: LiveServer, app: Flask, smtp: SmtpServer) -> Town:
    """Found the town in an empty database, on a Monday morning, and let its server know the mail server."""
    server.at = MONDAY
    with clock.frozen(MONDAY), transaction():
        district = make_unit("测试区", OrgKind.DISTRICT)
        street = make_unit("济源路街道人大工委", parent=district, short_name="济源路街道人大工委")
        station = make_station(STATION, parent=street, address="中安街 12 号")
        station.unit.phone = "0371-0000 0021"
        big = make_room(station, name=BIG_ROOM, capacity=24)
        make_room(station, name="小会议室", capacity=14)
        make_official(street, CHAIR, title="主任", email=MAILS[CHAIR])
        bureaus = {
            "chengguan": _bureau(district, "测试区城管局", "城管局", "程试一", "何试二"),
            "zhujian": _bureau(district, "测试区住建局", "住建局", "周试五", "吴试六"),
        }
        heating = make_unit("测试热力公司", OrgKind.UTILITY, parent=district, short_name="热力公司")
        make_official(heating, "郑试八", title="经理", mobile="13900000008")
        deputies = {
            name: make_deputy(name, email=MAILS.get(name, ""), mobile=mobile)
            for name, mobile in (
                ("王试三", "13900000003"),
                ("赵试四", "13900000004"),
                ("李试七", "13900000007"),
            )
        }
        other_station = make_station(OTHER_STATION, parent=street)
        make_room(other_station, name="会客室", capacity=12)
        make_membership(other_station, deputies["李试七"])
        make_membership(station, deputies["王试三"])
        make_membership(station, deputies["赵试四"])
        _add_accounts(
            ("street-clerk", Role.STREET, street),
            ("chengguan-clerk", Role.BUREAU_CONTACT, bureaus["chengguan"][0]),
            ("office", Role.OFFICE, district),
        )
        ids = {"street": street.id, "station": station.id, "big room": big.id}
        ids |= {key: unit.id for key, (unit, *_) in bureaus.items()}
        ids |= {name: person.id for name, person in deputies.items()}
        ids |= {person.name: person.id for _, *people in bureaus.values() for person in people}
    return Town(server, PostOffice(app, smtp), ids)


def _bureau(
    district: OrgUnit, name: str, short: str, head: str, deputy_head: str
) -> tuple[OrgUnit, Person, Person]:
    unit = make_unit(name, OrgKind.BUREAU, parent=district, short_name=short)
    second = {"kind": PostKind.DEPUTY_HEAD, "title": "副局长"}
    return (
        unit,
        make_official(unit, head, email=MAILS[head]),
        make_official(unit, deputy_head, **second, email=MAILS[deputy_head]),
    )


def _add_accounts(*wanted: tuple[str, Role, OrgUnit]) -> None:
    first, *others = [make_account(role, unit, login=login) for login, role, unit in wanted]
    accounts.set_password(first, PASSWORD, by=None)
    # Making a hash is slow on purpose; all have the same password.
    for account in others:
        account.password_hash = first.password_hash
