"""What a public page shows of a deputy beyond name, unit and level needs that deputy's consent, field by field."""

import pytest
from sqlalchemy import select

from liaison_app.access.permissions import Role
from liaison_app.audit.models import Entry
from liaison_app.core.db import db, transaction
from liaison_app.orgs.models import OrgUnit
from liaison_app.people import queries as people
from liaison_app.people.models import Person
from tests.factories.accounts import make_account, sign_in
from tests.factories.people import make_deputy
from tests.factories.stations import make_membership, make_station

EXPERTISE = "独门供暖经验"


@pytest.fixture
def place(app):
    with transaction():
        station = make_station("测试站")
        deputy = make_deputy("王试一", mobile="13700000001", email="wang@example.test")
        deputy.expertise, deputy.employer = EXPERTISE, "独门工厂"
        make_membership(station, deputy)
        office = make_account(Role.OFFICE, db.session.get_one(OrgUnit, station.unit_id))
        return station.id, deputy.id, office.id


def office_of(app, id: int):
    from liaison_app.accounts.models import Account

    return sign_in(app.test_client(), db.session.get_one(Account, id))


def test_without_consent_the_station_shows_name_and_level_alone(client, place):
    page = client.get(f"/stations/{place[0]}").text
    assert "王试一" in page
    assert [
        word for word in (EXPERTISE, "独门工厂", "13700000001", "wang@example.test") if word in page
    ] == []


def test_with_consent_it_shows_the_one_field_until_the_consent_is_withdrawn(app, client, place):
    station, deputy, office = place
    clerk, here = office_of(app, office), f"/people/{deputy}/data"
    for _ in range(2):
        assert clerk.post(f"{here}/consents/expertise", data={"given": "1"}).status_code == 303
    page = client.get(f"/stations/{station}").text
    assert EXPERTISE in page
    assert "13700000001" not in page
    for _ in range(2):
        clerk.post(f"{here}/consents/expertise", data={"given": "0"})
    assert EXPERTISE not in client.get(f"/stations/{station}").text
    (one,) = people.list_consents(deputy)
    assert (one.recorded_by, one.withdrawn_by) == ("测试账号", "测试账号")
    assert one.recorded_at <= one.withdrawn_at
    said = list(db.session.scalars(select(Entry.action).where(Entry.action.startswith("people:consent"))))
    assert said == ["people:consent:give", "people:consent:withdraw"]
    assert "测试账号记下撤回" in clerk.get(here).text


def test_no_other_field_can_be_published(app, place):
    _, deputy, office = place
    for field in ("mobile", "email", "born_on", "nothing"):
        reply = office_of(app, office).post(f"/people/{deputy}/data/consents/{field}", data={"given": "1"})
        assert reply.status_code == 404
    assert people.list_consents(deputy) == []
    assert db.session.get_one(Person, deputy).mobile
