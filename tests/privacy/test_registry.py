"""Every column that may say something of a person is declared with its period, or excused with a reason."""

import re

import pytest
from sqlalchemy.orm import InstrumentedAttribute

from liaison_app.core import personal
from liaison_app.core.db import Model, Secret, SecretBytes
from liaison_app.settings import RETENTION_DAYS, Settings, SettingsRefused
from liaison_app.signups.rules import PRIVACY_VERSION

TELLING = re.compile(
    r"(^|_)(name|names|phone|mobile|email|mail|address|reason|agent|born|gender|ethnicity|party|education|employer"
    r"|title|expertise|pinyin|question|needs|organisation|login|sentence|card|text|raw|calendar|body|detail|error)(_|$)"
)
# Names of things of the program itself.
PLAIN = {"job.name", "message.subject", "import_run.error_count"}


def columns() -> dict[str, object]:
    return {
        f"{table.name}.{one.name}": one for table in Model.metadata.sorted_tables for one in table.columns
    }


def looks_personal(name: str, column) -> bool:
    told = name.partition(".")[2]
    return isinstance(column.type, (Secret, SecretBytes)) or bool(
        TELLING.search(told) and not told.endswith("_hash")
    )


def covered() -> set[str]:
    declared = {personal.name_of(column) for one in personal.holdings() for column in one.columns}
    return declared | set(personal.excused()) | PLAIN


def uncovered(known: set[str]) -> list[str]:
    return [name for name, column in columns().items() if looks_personal(name, column) and name not in known]


@pytest.mark.usefixtures("app")
def test_every_telling_or_encrypted_column_is_declared_or_excused():
    assert uncovered(covered()) == []


@pytest.mark.usefixtures("app")
def test_a_column_that_is_taken_off_the_list_is_noticed():
    for name in (
        "signup.name",
        "signup.question",
        "message.raw",
        "participant.stand_in_reason",
        "person.email",
    ):
        assert uncovered(covered() - {name}) == [name]


@pytest.mark.usefixtures("app")
def test_every_place_says_why_by_what_right_and_until_when():
    for one in personal.holdings():
        assert one.title, one.name
        assert one.basis, one.name
        assert one.event, one.name
        assert one.fields, one.name
        assert all(field.what and field.why for field in one.fields), one.name
        assert (one.period is None) == (one.since is None), one.name
        assert one.period is None or one.period in RETENTION_DAYS, one.name
        assert all(isinstance(column, InstrumentedAttribute) for column in one.columns), one.name


@pytest.mark.usefixtures("app")
def test_every_period_belongs_to_a_place():
    assert {one.period for one in personal.holdings()} - {None} == set(RETENTION_DAYS)


def test_an_office_sets_its_own_days(tmp_path):
    settings = Settings(data=tmp_path, retention="signup=30, answer=60").checked()
    assert settings.retention_days == RETENTION_DAYS | {"signup": 30, "answer": 60}


@pytest.mark.parametrize(
    "typed", ["signup", "signup=0", "signup=x", "signup=９", "nothing=5", "signup=-3", "signup=4000"]
)
def test_days_that_make_no_sense_stop_the_start(tmp_path, typed):
    with pytest.raises(SettingsRefused, match="LIAISON_RETENTION"):
        Settings(data=tmp_path, retention=typed).checked()


def test_the_notice_says_of_every_field_the_period_by_which_the_job_goes(app, make_app):
    page = make_app(retention="signup=61,message=62,answer=63").test_client().get("/privacy").text
    for days in (61, 62, 63, 30):
        assert f"后 {days} 天，到期自动清空" in page
    for one in personal.holdings():
        if one.whose != personal.Whose.STAFF:
            assert one.title in page
            assert all(field.what in page and field.why in page for field in one.fields)


def test_a_sign_up_keeps_the_version_of_the_notice_that_was_shown(client, case):
    from liaison_app.core.db import db
    from liaison_app.signups.models import SignUp

    assert db.session.get_one(SignUp, case.signup).privacy_version == PRIVACY_VERSION
    assert f"版本：{PRIVACY_VERSION}" in client.get("/privacy").text
