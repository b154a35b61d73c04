import pytest
from sqlalchemy import select

from liaison_app.audit.models import Entry
from liaison_app.core.db import db, transaction
from liaison_app.core.errors import Missing
from liaison_app.core.tokens import digest
from liaison_app.people import services
from liaison_app.people.models import Mandate, Person
from liaison_app.scheduling.queries import get_feed_person
from tests.factories.accounts import make_account
from tests.factories.people import make_person


def test_what_is_derived_follows_name_and_mobile(app):
    with transaction():
        person = services.add_person("买买提·𠮷", mobile="13900000001")
        services.revise_person(person, name="单志平", mobile=None)
        services.revise_person(person, email="a@example.test")
    person = db.session.scalars(select(Person)).one()
    assert (person.name_key, person.pinyin, person.mobile_key) == ("单志平", "shan zhi ping", None)


def test_a_long_name_has_a_pinyin_that_fits(app):
    with transaction():
        services.add_person("庄" * 100)
    assert len(db.session.scalars(select(Person.pinyin)).one()) == services.PINYIN_LENGTH


def test_a_mandate_of_one_level_and_term_is_one(app):
    with transaction():
        person = services.add_person("陈立新")
        assert services.elect(person, 4, "第十四届") is services.elect(person, 4, "第十四届")
        services.elect(person, 4, "第十五届")
    assert len(db.session.scalars(select(Mandate)).all()) == 2


def test_a_new_calendar_link_ends_the_one_before(app):
    with transaction():
        person, account = make_person("陈立新"), make_account()
        person_id = person.id
        first = services.issue_feed(person_id, by=account)
    assert get_feed_person(first).id == person_id
    with transaction():
        second = services.issue_feed(person_id, by=account)
    assert get_feed_person(second).id == person_id
    with pytest.raises(Missing):
        get_feed_person(first)
    for _ in range(2):
        with transaction():
            services.revoke_feed(person_id, by=account)
    with pytest.raises(Missing):
        get_feed_person(second)
    with transaction():
        assert services.issue_feed(person_id, by=account) not in (first, second)
    assert db.session.scalars(select(Person.feed_hash)).one() != digest(second)
    actions = db.session.scalars(select(Entry.action).where(Entry.thing_kind == "person").order_by(Entry.id))
    assert [action.rsplit(":", 1)[1] for action in actions] == ["issue", "issue", "revoke", "issue"]
