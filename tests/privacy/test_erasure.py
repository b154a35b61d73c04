"""Erased on request: by the own link, by a clerk; copies; and again after an older backup was put back."""

import json
import shutil
from datetime import timedelta

import pytest
from sqlalchemy import select

from liaison_app.access.permissions import Role
from liaison_app.accounts.models import Account
from liaison_app.audit.models import Entry
from liaison_app.core import clock, personal
from liaison_app.core.db import db, transaction
from liaison_app.messages.models import Message
from liaison_app.orgs.models import OrgUnit
from liaison_app.people.models import Person
from liaison_app.privacy import journal, queries, services
from liaison_app.privacy.models import Erasure
from liaison_app.signups import services as signups
from liaison_app.signups.kinds import SignUpState
from liaison_app.signups.models import SignUp
from tests.factories.accounts import make_account, sign_in
from tests.factories.orgs import make_unit
from tests.factories.signups import make_applicant
from tests.privacy.conftest import (
    FIRM,
    MOBILE,
    NAME,
    NEED,
    QUESTION,
    everything,
    figures,
    found_in,
    raw_rows,
    reread,
)  # fmt: skip

CITIZENS = (NAME, MOBILE, QUESTION, NEED, FIRM)


def link(case) -> str:
    return f"/t/{signups.ticket_token(reread(SignUp, case.signup))}"


def clerk_of(client, case, role: Role = Role.STREET, unit: int | None = None):
    with transaction():
        account = make_account(role, db.session.get_one(OrgUnit, unit or case.unit))
    return sign_in(client, account)


def trail(action: str) -> list[Entry]:
    db.session.rollback()
    return list(db.session.scalars(select(Entry).where(Entry.action == action)))


def test_by_the_link_the_place_is_given_back_and_nothing_of_the_person_stays(client, case):
    here, before = link(case), figures()
    assert NAME in client.get(f"{here}/erase").text
    assert reread(SignUp, case.signup).name == NAME
    assert client.post(f"{here}/erase").status_code == 303
    assert [word for word in CITIZENS if word in everything()] == []
    assert reread(SignUp, case.signup).state == SignUpState.WITHDRAWN
    after = figures()
    assert after["signups"] == before["signups"]
    # Who waited has moved up.
    assert (after["confirmed"], after["waiting"]) == (before["confirmed"], 0)
    page = client.get(f"{here}/data")
    assert page.status_code == 200
    assert found_in(page.text) == []
    assert client.get(here).status_code == 200
    assert client.post(f"{here}/erase").status_code == 303
    assert reread(SignUp, case.other).name == "东方不拜"


def test_after_the_meeting_the_place_stays_as_it_was(client, case):
    here = link(case)
    with clock.frozen(case.ends_at + timedelta(days=1)):
        client.post(f"{here}/erase")
    assert reread(SignUp, case.signup).state == SignUpState.CONFIRMED
    assert [word for word in CITIZENS if word in everything()] == []


def test_who_erased_the_own_sign_up_cannot_come_back_by_that_link_but_sign_up_anew(client, case):
    here = link(case)
    client.post(f"{here}/erase")
    client.post(f"{here}/come-back")
    assert reread(SignUp, case.signup).state == SignUpState.WITHDRAWN
    with transaction():
        again = signups.sign_up(case.pool, make_applicant(NAME, MOBILE))
    assert again.id != case.signup


def test_the_other_person_on_the_same_telephone_keeps_name_and_message(client, case):
    here = link(case)
    with transaction():
        second = signups.sign_up(case.pool, make_applicant("独孤求宁", MOBILE)).id
        signups.tell_everybody(case.meeting, "postponed")
    client.post(f"{here}/erase")
    assert reread(SignUp, second).mobile == MOBILE
    messages = list(db.session.scalars(select(Message).where(Message.thread.startswith("phone-"))))
    names = [row.to_name for row in messages if row.to_address == MOBILE]
    assert names
    assert set(names) == {"独孤求宁"}


def test_the_question_is_put_right_by_the_link_until_the_meeting_begins(client, case):
    here = link(case)
    assert QUESTION in client.get(f"{here}/data/question").text
    client.post(f"{here}/data/question", data={"question": "阀门坏了"})
    assert reread(SignUp, case.signup).question == "阀门坏了"
    with clock.frozen(case.ends_at):
        client.post(f"{here}/data/question", data={"question": "太晚了"})
    assert reread(SignUp, case.signup).question == "阀门坏了"


# --- copies -------------------------------------------------------------------


def values_of(copy: str) -> str:
    return json.dumps(json.loads(copy), ensure_ascii=False)


def test_the_copy_has_everything_that_is_declared_of_the_person_and_nothing_of_another(client, case):
    with transaction():
        signup = db.session.get_one(SignUp, case.signup)
        signup.withdrawn_reason = "独一份的退席原因"
    here = link(case)
    copy = json.loads(client.get(f"{here}/data.json").text)
    told = [
        (place["存在哪里"], item["是什么"], item["值"]) for place in copy["内容"] for item in place["项目"]
    ]
    (held,) = (one for one in personal.holdings() if one.name == "signup")
    assert {what for title, what, _ in told if title == "报名"} == {field.what for field in held.fields}
    values = [value for *_, value in told]
    assert set(CITIZENS) | {"独一份的退席原因"} <= set(values)
    assert any(title == "发出的消息" for title, *_ in told)
    for other in ("东方不拜", "13800000099", "西门吹雨", "王试一", "程试一"):
        assert other not in values_of(client.get(f"{here}/data.json").text)
    assert all(item["为什么"] for place in copy["内容"] for item in place["项目"])


def test_a_page_masks_the_number_that_the_copy_has(client, case):
    here = link(case)
    assert MOBILE not in client.get(f"{here}/data").text
    assert MOBILE in client.get(f"{here}/data.json").text


def test_the_copy_of_a_deputy_has_everything_declared_and_nothing_of_another(app, case):
    with transaction():
        person = db.session.get_one(Person, case.deputy)
        for column, value in {
            "pinyin": "wang", "gender": "女", "born_on": clock.now().date(), "ethnicity": "汉族", "party": "无",
            "education": "本科", "employer": "试厂", "job_title": "工人", "expertise": "供暖",
        }.items():  # fmt: skip
            setattr(person, column, value)
    told = queries.tell(queries.subject_of_person(reread(Person, case.deputy)))
    facts = {(one.holding.name, field.what) for one in told for field, _ in one.facts}
    for name in ("person", "contacts"):
        (held,) = (one for one in personal.holdings() if one.name == name)
        wanted = {(name, field.what) for field in held.fields if field.column.key != "feed_hash"}
        assert wanted <= facts
    words = str([value for one in told for _, value in one.facts])
    assert "wang-one@example.test" in words
    assert [other for other in (*CITIZENS, "cheng-one@example.test", "令狐代会") if other in words] == []
    # The invitation says, as the public page does, who answers; nothing else names somebody.
    registers = str([value for one in told if one.holding.name != "message" for _, value in one.facts])
    assert "程试一" not in registers


# --- a clerk ------------------------------------------------------------------


def test_a_deputy_who_signs_in_sees_and_takes_along_the_own_data_and_nobody_elses(client, case):
    with transaction():
        account = make_account(Role.DEPUTY, db.session.get_one(OrgUnit, case.unit))
        account.person_id = case.deputy
        clerk = make_account(Role.OFFICE, db.session.get_one(OrgUnit, case.unit))
    name = db.session.get_one(Person, case.deputy).name
    sign_in(client, account)
    page, copy = client.get("/account/data"), client.post("/account/data/copy")
    assert page.status_code == copy.status_code == 200
    for said in (page.text, copy.get_data(as_text=True)):
        assert name in said
        assert "cheng-one@example.test" not in said
    taken = select(Entry).where(Entry.action == "privacy:copy:give", Entry.actor_id == account.id)
    assert db.session.scalars(taken).one()
    sign_in(client, clerk)
    for reply in (client.get("/account/data"), client.post("/account/data/copy")):
        assert (reply.status_code, reply.location) == (303, "/account")


def test_a_clerk_finds_somebody_by_the_whole_number_and_the_number_stands_in_no_address_and_no_trail(
    client, case
):
    clerk_of(client, case)
    reply = client.post("/personal-data/requests", data={"mobile": MOBILE, "door": "came"})
    assert reply.status_code == 303
    assert MOBILE not in reply.location
    page = client.get(reply.location).text
    assert NAME in page
    assert MOBILE not in page
    (entry,) = trail("privacy:request:look")
    assert "本人到站" in entry.sentence
    assert MOBILE not in raw_rows()


def test_without_saying_how_the_request_came_nothing_is_looked_up(client, case):
    clerk_of(client, case)
    reply = client.post("/personal-data/requests", data={"mobile": MOBILE})
    assert reply.status_code == 422
    assert NAME not in reply.text
    assert trail("privacy:request:look") == []


def test_a_clerk_erases_and_gives_a_copy_on_request_and_both_are_in_the_trail(client, case):
    clerk_of(client, case)
    here = f"/personal-data/requests/{case.signup}"
    copy = client.post(f"{here}/copy")
    assert MOBILE in copy.text
    assert client.get(f"{here}/erase").status_code == 200
    client.post(f"{here}/erase")
    assert [word for word in CITIZENS if word in everything()] == []
    for action in ("privacy:copy:give", "privacy:erasure:do"):
        (entry,) = trail(action)
        assert entry.actor_name == "测试账号"
        assert entry.sentence == "供暖专场"


def test_a_refusal_is_noted_with_its_reason(client, case):
    clerk_of(client, case)
    here = f"/personal-data/requests/{case.signup}/refuse"
    assert client.post(here, data={}).status_code == 422
    assert client.post(here, data={"why": "identity"}).status_code == 303
    (entry,) = trail("privacy:request:refuse")
    assert "核对不了身份" in entry.sentence
    assert reread(SignUp, case.signup).name == NAME


def test_a_clerk_of_another_street_finds_nothing_and_reaches_nothing(client, case):
    with transaction():
        other = make_unit("另一条街道人大工委").id
    clerk_of(client, case, unit=other)
    reply = client.post(
        "/personal-data/requests", data={"mobile": MOBILE, "door": "came"}, follow_redirects=True
    )
    assert NAME not in reply.text
    for method, path in (
        ("get", ""),
        ("post", "/copy"),
        ("get", "/erase"),
        ("post", "/erase"),
        ("post", "/refuse"),
    ):
        assert getattr(client, method)(f"/personal-data/requests/{case.signup}{path}").status_code == 404
    assert reread(SignUp, case.signup).name == NAME


def test_the_office_empties_contacts_of_a_deputy_and_the_record_stays(client, case):
    clerk_of(client, case, Role.OFFICE)
    here = f"/people/{case.deputy}/data"
    page = client.get(here).text
    assert "137****0001" in page
    assert "13700000001" not in page
    assert "13700000001" in client.post(f"{here}/copy").text
    client.post(f"{here}/contacts")
    deputy = reread(Person, case.deputy)
    assert (deputy.name, deputy.mobile, deputy.email) == ("王试一", None, "")
    assert "13700000001" not in everything()
    assert "wang-one@example.test" not in everything()


# --- an older backup is put back -----------------------------------------------


def test_the_journal_is_private_and_names_nobody(client, case):
    client.post(f"{link(case)}/erase")
    file = journal.path()
    assert file.stat().st_mode & 0o777 == 0o600
    lines = list(journal.read())
    assert [(one.what, one.rows) for one in lines] == [("signup", 1)]
    assert found_in(file.read_text()) == []
    assert db.session.scalars(select(Erasure)).one().key == lines[0].key


def test_a_torn_line_spoils_no_other(client, case):
    journal.path().write_text('{"at": "2026-11-2')
    client.post(f"{link(case)}/erase")
    assert [one.what for one in journal.read()] == ["signup"]


@pytest.fixture
def back_and_forth(database, tmp_path):
    """Give two functions: keep a copy of the database, and put it back while nothing is open."""

    def keep() -> None:
        db.session.remove()
        if database.engine == "sqlite":
            import sqlite3

            with sqlite3.connect(tmp_path / "copy") as copy:
                database.copy.backup(copy)
        else:
            dump(database, tmp_path / "copy")

    def put_back() -> None:
        db.session.remove()
        db.engine.dispose()
        if database.engine == "sqlite":
            import sqlite3

            with sqlite3.connect(tmp_path / "copy") as copy:
                copy.backup(database.copy)
        else:
            load(database, tmp_path / "copy")

    return keep, put_back


TABLES = "signup", "message", "person", "erasure"


def dump(database, path) -> None:
    path.mkdir()
    for table in TABLES:
        with database.door_keeper.cursor().copy(f'COPY "{table}" TO STDOUT') as out:
            (path / table).write_bytes(b"".join(bytes(part) for part in out))


def load(database, path) -> None:
    keeper = database.door_keeper
    with keeper.transaction():
        keeper.execute("SET LOCAL session_replication_role = replica")
        for table in TABLES:
            keeper.execute(f'DELETE FROM "{table}"')
            with keeper.cursor().copy(f'COPY "{table}" FROM STDIN') as into:
                into.write((path / table).read_bytes())


def test_after_an_older_copy_was_put_back_what_was_erased_is_erased_again(client, case, back_and_forth):
    keep, put_back = back_and_forth
    here = link(case)
    keep()
    client.post(f"{here}/erase")
    put_back()
    assert set(CITIZENS) <= set(found_in(everything()))  # the control: it is all back
    assert services.replay_erasures() == 1
    assert [word for word in CITIZENS if word in everything()] == []
    assert reread(SignUp, case.other).name == "东方不拜"
    assert services.replay_erasures() == 0
    assert len(list(db.session.scalars(select(Erasure)))) == 1


def test_who_signs_up_anew_after_the_erasure_is_left_alone(client, case, back_and_forth):
    client.post(f"{link(case)}/erase")
    with clock.frozen(clock.now() + timedelta(hours=1)):
        with transaction():
            again = signups.sign_up(case.pool, make_applicant(NAME, MOBILE)).id
        assert services.replay_erasures() == 0
    assert reread(SignUp, again).name == NAME


def test_contacts_that_were_emptied_are_emptied_again_but_new_ones_stay(case, back_and_forth):
    keep, put_back = back_and_forth
    with transaction():
        clerk_id = make_account().id
    keep()
    with transaction():
        services.erase_contacts(case.deputy, by=db.session.get_one(Account, clerk_id))
    put_back()
    assert reread(Person, case.deputy).mobile == "13700000001"
    assert services.replay_erasures() == 1
    assert reread(Person, case.deputy).mobile is None
    with transaction():
        db.session.get_one(Person, case.deputy).email = "new@example.test"
    assert services.replay_erasures() == 0
    assert reread(Person, case.deputy).email == "new@example.test"


def test_another_machines_erasures_come_into_the_own_file(client, case):
    client.post(f"{link(case)}/erase")
    journal.path().unlink()
    services.complete_journal()
    services.complete_journal()
    assert [one.what for one in journal.read()] == ["signup"]


def test_where_the_journal_cannot_be_written_nothing_is_erased(case, monkeypatch):
    journal.path().mkdir()
    with pytest.raises(OSError), transaction():
        services.erase_signup(case.signup)
    assert reread(SignUp, case.signup).name == NAME
    shutil.rmtree(journal.path())


def test_the_command_replays(app, case, client, back_and_forth):
    keep, put_back = back_and_forth
    here = link(case)
    keep()
    client.post(f"{here}/erase")
    put_back()
    result = app.test_cli_runner().invoke(args=["privacy-replay"])
    assert result.exit_code == 0, result.output
    assert "1" in result.output
    assert NAME not in everything()
