"""Who may give which role to whom, for how long, and who is two administrators at once."""

from datetime import UTC, date, datetime

import pytest

from liaison_app.access.permissions import GRANTS, Permission, Role
from liaison_app.accounts import queries, rules, services
from liaison_app.accounts.errors import AdminsApart
from liaison_app.accounts.models import Account, RoleGrant
from liaison_app.audit.models import Entry
from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from liaison_app.core.text import local
from tests.factories.accounts import make_account, sign_in
from tests.factories.orgs import make_unit
from tests.factories.people import make_deputy

NOW = datetime(2026, 11, 16, 1, tzinfo=UTC)
TODAY = date(2026, 11, 16)


@pytest.fixture
def units(app):
    """A district with two streets, as ids."""
    with transaction():
        district = make_unit("本区")
        units = district, make_unit("一街道", parent=district), make_unit("二街道", parent=district)
        return {name: unit.id for name, unit in zip(("district", "one", "two"), units, strict=True)}


def account_with(role: Role, unit_id: int, **span) -> int:
    with transaction():
        account = make_account()
        services.grant(account, role, unit_id, by=None, **span)
        return account.id


def browser_of(app, account_id: int):
    return sign_in(app.test_client(), db.session.get_one(Account, account_id))


def roles_of(account_id: int) -> set[tuple[Role, int]]:
    today = local(clock.now()).date()
    return {
        (one.role, one.unit_id)
        for one in db.session.query(RoleGrant).filter_by(account_id=account_id)
        if not one.is_over(today)
    }


def test_an_office_gives_nothing_that_it_does_not_have():
    for role in rules.grantable([Role.OFFICE]):
        assert GRANTS[role] <= GRANTS[Role.OFFICE], role


def test_nobody_but_those_who_manage_accounts_gives_anything():
    for role in Role:
        assert bool(rules.grantable([role])) == (Permission.ACCOUNT_MANAGE in GRANTS[role]), role


def test_an_auditor_writes_nothing():
    assert not [one for one in GRANTS[Role.AUDITOR] if not one.endswith(":read")]


@pytest.mark.parametrize(("role", "where", "given"), [
    ("liaison", "one", True), ("recorder", "district", True),
    ("office", "one", False), ("admin", "one", False), ("auditor", "district", False),
])  # fmt: skip
def test_an_office_gives_roles_below_its_own(app, units, role, where, given):
    office, clerk = account_with(Role.OFFICE, units["district"]), account_with(Role.LIAISON, units["two"])
    page = f"/accounts/{clerk}/grants/new"
    reply = browser_of(app, office).post(page, data={"role": role, "unit_id": units[where]})
    assert reply.status_code == (303 if given else 422)
    assert ((Role(role), units[where]) in roles_of(clerk)) == given


def test_a_role_held_somewhere_else_gives_nothing_here(app, units):
    """Office of one street, and liaison officer of the other: only the first lets give roles, and only there."""
    with transaction():
        office = make_account()
        services.grant(office, Role.OFFICE, units["one"], by=None)
        services.grant(office, Role.LIAISON, units["two"], by=None)
        office_id = office.id
    clerk = account_with(Role.RECORDER, units["one"])
    page = f"/accounts/{clerk}/grants/new"
    for unit in ("two", "district"):
        reply = browser_of(app, office_id).post(page, data={"role": "liaison", "unit_id": units[unit]})
        assert reply.status_code == 422
    assert roles_of(clerk) == {(Role.RECORDER, units["one"])}


@pytest.mark.parametrize(("unit", "given"), [("one", False), ("two", True)])
def test_role_and_unit_have_to_go_together(app, units, unit, given):
    """Both stand in the form's lists, for the giver may give the role in one street and others in the other."""
    with transaction():
        giver = make_account()
        services.grant(giver, Role.OFFICE, units["one"], by=None)
        services.grant(giver, Role.SECURITY_ADMIN, units["two"], by=None)
        giver_id = giver.id
    with transaction():
        clerk = make_account()
        for name in ("one", "two"):
            services.grant(clerk, Role.RECORDER, units[name], by=None)
        clerk_id = clerk.id
    form = {"role": "admin", "unit_id": units[unit]}
    reply = browser_of(app, giver_id).post(f"/accounts/{clerk_id}/grants/new", data=form)
    assert reply.status_code == (303 if given else 422)
    assert ("您不能在这个单位给这个角色" in reply.text) == (not given)
    assert ((Role.ADMIN, units[unit]) in roles_of(clerk_id)) == given


def test_nobody_gives_a_role_to_the_own_account(app, units):
    office = account_with(Role.OFFICE, units["district"])
    form = {"role": "liaison", "unit_id": units["one"]}
    reply = browser_of(app, office).post(f"/accounts/{office}/grants/new", data=form)
    assert (reply.status_code, "不能改自己的账号" in reply.text) == (422, True)
    assert roles_of(office) == {(Role.OFFICE, units["district"])}


def test_an_ended_role_gives_nothing_and_opens_nothing(app, units):
    office = account_with(Role.OFFICE, units["district"], ends_on=date(2026, 11, 15))
    with clock.frozen(NOW):
        assert browser_of(app, office).get("/accounts").status_code == 403


def test_a_role_counts_from_its_first_day_to_its_last(app, units):
    clerk = account_with(Role.LIAISON, units["one"], starts_on=date(2026, 11, 17), ends_on=date(2026, 11, 18))
    answers = []
    # 23:59 and 00:01 in Beijing, around the first day and around the last.
    for at in ((16, 15, 59), (16, 16, 1), (18, 15, 59), (18, 16, 1)):
        with clock.frozen(datetime(2026, 11, *at, tzinfo=UTC)):
            answers.append(browser_of(app, clerk).get("/meetings").status_code)
    assert answers == [403, 200, 200, 403]


def test_days_are_read_from_the_form_and_an_empty_span_is_refused(app, units):
    office, clerk = account_with(Role.OFFICE, units["district"]), account_with(Role.LIAISON, units["two"])
    page, form = f"/accounts/{clerk}/grants/new", {"role": "liaison", "unit_id": units["one"]}
    with clock.frozen(NOW):
        browser = browser_of(app, office)
        wrong = browser.post(page, data={**form, "starts_on": "2026-12-02", "ends_on": "2026-12-01"})
        assert "止的那天要在起的那天以后" in wrong.text
        assert (
            browser.post(page, data={**form, "starts_on": "2026-12-01", "ends_on": "2026-12-01"}).status_code
            == 303
        )
    held = db.session.query(RoleGrant).filter_by(account_id=clerk, unit_id=units["one"]).one()
    assert (held.starts_on, held.ends_on) == (date(2026, 12, 1), date(2026, 12, 1))


def test_a_role_is_taken_back_after_a_question_and_can_be_given_again(app, units):
    with clock.frozen(NOW):
        office, clerk = account_with(Role.OFFICE, units["district"]), account_with(Role.LIAISON, units["two"])
        held = db.session.query(RoleGrant).filter_by(account_id=clerk).one().id
        browser, theirs = browser_of(app, office), browser_of(app, clerk)
        assert "收回这个角色" in browser.get(f"/accounts/{clerk}/grants/{held}/revoke").text
        assert theirs.get("/meetings").status_code == 200
        assert browser.post(f"/accounts/{clerk}/grants/{held}/revoke").status_code == 303
        assert theirs.get("/meetings").status_code == 403
        form = {"role": "liaison", "unit_id": units["two"]}
        assert browser.post(f"/accounts/{clerk}/grants/new", data=form).status_code == 303
        assert theirs.get("/meetings").status_code == 200
        assert browser.post(f"/accounts/{clerk}/grants/new", data=form).status_code == 422
    actions = [entry.action for entry in db.session.query(Entry).order_by(Entry.id)]
    assert actions.count("accounts:grant:revoke") == 1


def test_the_days_of_a_role_can_be_changed(app, units):
    office, clerk = account_with(Role.OFFICE, units["district"]), account_with(Role.LIAISON, units["two"])
    held = db.session.query(RoleGrant).filter_by(account_id=clerk).one().id
    page = f"/accounts/{clerk}/grants/{held}"
    assert browser_of(app, office).post(page, data={"ends_on": "2027-01-31"}).status_code == 303
    assert db.session.get_one(RoleGrant, held).ends_on == date(2027, 1, 31)


def test_a_grant_is_found_under_its_own_account_only(app, units):
    office, clerk = account_with(Role.OFFICE, units["district"]), account_with(Role.LIAISON, units["two"])
    other = account_with(Role.LIAISON, units["one"])
    held = db.session.query(RoleGrant).filter_by(account_id=clerk).one().id
    assert browser_of(app, office).post(f"/accounts/{other}/grants/{held}/revoke").status_code == 404
    assert (Role.LIAISON, units["two"]) in roles_of(clerk)


def test_an_account_that_works_elsewhere_as_well_is_not_taken_over(app, units):
    """A new password would open the other street too."""
    office = account_with(Role.OFFICE, units["one"])
    with transaction():
        both = make_account()
        for name in ("one", "two"):
            services.grant(both, Role.LIAISON, units[name], by=None)
        both_id = both.id
    browser = browser_of(app, office)
    assert browser.get(f"/accounts/{both_id}").status_code == 200
    for step in ("link", "active", "owner"):
        assert browser.post(f"/accounts/{both_id}/{step}").status_code == 404
    held = db.session.query(RoleGrant).filter_by(account_id=both_id, unit_id=units["one"]).one().id
    assert browser.post(f"/accounts/{both_id}/grants/{held}/revoke").status_code == 303
    assert roles_of(both_id) == {(Role.LIAISON, units["two"])}


def test_a_newer_setup_link_ends_the_older(app, units):
    office, clerk = account_with(Role.OFFICE, units["district"]), account_with(Role.LIAISON, units["two"])
    browser = browser_of(app, office)
    links = []
    for _ in range(2):
        text = browser.post(f"/accounts/{clerk}/link").text
        links.append(text[text.index("/setup/") :].split("<")[0])
    assert [app.test_client().get(link).status_code for link in links] == [404, 200]


def test_an_account_is_tied_to_one_person_and_a_person_to_one_account(app, units):
    office, first = account_with(Role.OFFICE, units["district"]), account_with(Role.DEPUTY, units["one"])
    second = account_with(Role.DEPUTY, units["one"])
    with transaction():
        person = make_deputy("钱试八").id
    browser = browser_of(app, office)
    found = browser.post(f"/accounts/{first}/owner", data={"find": "钱试八", "do": "find"})
    assert f'value="{person}"' in found.text
    form = {"find": "钱试八", "person_id": person, "email": "Qian@Example.test"}
    assert browser.post(f"/accounts/{first}/owner", data=form).status_code == 303
    assert browser.post(f"/accounts/{second}/owner", data=form).status_code == 422
    assert db.session.get_one(Account, first).email == "qian@example.test"


# --- the three administrators ---------------------------------------------------


def test_a_security_administrator_manages_accounts_and_no_meetings(app, units):
    browser = browser_of(app, account_with(Role.SECURITY_ADMIN, units["district"]))
    assert [browser.get(page).status_code for page in ("/accounts", "/meetings", "/audit", "/imports")] == [
        200, 403, 403, 403,
    ]  # fmt: skip
    assert browser.get("/desk").location == "/accounts"


@pytest.mark.parametrize("apart", [False, True])
def test_apart_only_the_security_administrator_manages_accounts(make_app, units, apart):
    app = make_app(three_admins=apart)
    answers = {
        role: browser_of(app, account_with(role, units["district"])).get("/accounts/new").status_code
        for role in (Role.ADMIN, Role.OFFICE, Role.SECURITY_ADMIN, Role.AUDITOR)
    }
    clerks = 403 if apart else 200
    assert answers == {
        Role.ADMIN: clerks, Role.OFFICE: clerks, Role.SECURITY_ADMIN: 200, Role.AUDITOR: 403,
    }  # fmt: skip


def test_apart_nobody_becomes_two_of_the_three(make_app, units):
    app = make_app(three_admins=True)
    auditor = account_with(Role.AUDITOR, units["district"])
    with app.app_context(), pytest.raises(AdminsApart), transaction():
        services.grant(db.session.get_one(Account, auditor), Role.ADMIN, units["one"], by=None)
    assert roles_of(auditor) == {(Role.AUDITOR, units["district"])}


def test_apart_who_is_two_of_them_already_is_none(make_app, units):
    both = account_with(Role.SECURITY_ADMIN, units["district"])
    with transaction():
        services.grant(db.session.get_one(Account, both), Role.AUDITOR, units["district"], by=None)
    assert browser_of(make_app(), both).get("/accounts").status_code == 200
    browser = browser_of(make_app(three_admins=True), both)
    assert [browser.get(page).status_code for page in ("/accounts", "/audit")] == [403, 403]


# --- who may do what ------------------------------------------------------------


def test_an_accounts_page_says_what_it_may_do_and_why(app, units):
    clerk = account_with(Role.RECORDER, units["one"])
    page = browser_of(app, account_with(Role.AUDITOR, units["district"])).get(f"/accounts/{clerk}").text
    assert "一街道" in page
    assert "因为是记录员" in page
    assert "看报名名单" in page
    assert "看电话全号" not in page
    assert "发设密码链接" not in page


def test_a_page_of_an_account_keeps_its_other_units_to_itself(app, units):
    with transaction():
        both = make_account()
        for name in ("one", "two"):
            services.grant(both, Role.LIAISON, units[name], by=None)
        both_id = both.id
    page = browser_of(app, account_with(Role.OFFICE, units["one"])).get(f"/accounts/{both_id}").text
    assert "二街道" not in page
    assert "在别的单位还有角色" in page


def test_who_may_do_a_thing_here_and_why(app, units):
    for role, unit in (
        (Role.OFFICE, "district"),
        (Role.LIAISON, "one"),
        (Role.LIAISON, "two"),
        (Role.AUDITOR, "one"),
    ):
        account = account_with(role, units[unit])
        with transaction():
            db.session.get_one(Account, account).name = f"{role}在{unit}"
    browser = browser_of(app, account_with(Role.AUDITOR, units["one"]))
    page = browser.get(f"/access/who?permission=signups:signup:manage&unit={units['one']}").text
    assert "office在district" in page
    assert "是本区的代表工委，管到这里" in page
    assert "liaison在one" in page
    assert "liaison在two" not in page
    assert "auditor在one" not in page
    assert browser.get(f"/access/who?permission=signups:signup:manage&unit={units['two']}").status_code == 404


def test_accounts_that_nobody_uses_are_listed(app, units):
    with clock.frozen(datetime(2026, 5, 1, tzinfo=UTC)):
        account_with(Role.LIAISON, units["one"])
        old = db.session.query(Account).order_by(Account.id.desc()).first().login
    with clock.frozen(NOW):
        browser = browser_of(app, account_with(Role.AUDITOR, units["district"]))
        account_with(Role.LIAISON, units["one"])
        new = db.session.query(Account).order_by(Account.id.desc()).first().login
        page = browser.get("/accounts?show=idle").text
    assert old in page
    assert new not in page


def test_many_accounts_come_page_by_page_and_are_found_by_name(app, units):
    with clock.frozen(datetime(2026, 5, 1, tzinfo=UTC)):
        for _ in range(queries.PER_PAGE + 1):
            account_with(Role.LIAISON, units["one"])
    with clock.frozen(NOW):
        browser = browser_of(app, account_with(Role.AUDITOR, units["district"]))
        first, second = browser.get("/accounts").text, browser.get("/accounts?page=2").text
        assert first.count('scope="row"') == queries.PER_PAGE
        assert "第 2 页，共 2 页" in second
        idle = browser.get("/accounts?show=idle&page=2").text
        assert idle.count('scope="row"') == 1
        assert "page=1" in idle
        assert "show=idle" in idle
        login = db.session.query(Account).order_by(Account.id.desc()).first().login
        assert browser.get(f"/accounts?q={login}").text.count('scope="row"') == 1
