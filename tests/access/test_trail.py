"""Every route, asked by whom it refuses: a line of the trail says who asked for what."""

import pytest
from sqlalchemy import func, select

from liaison_app.access.permissions import Role
from liaison_app.app import create_app
from liaison_app.audit import traces
from liaison_app.audit.kinds import Result
from liaison_app.audit.models import Entry
from liaison_app.core.db import db
from liaison_app.orgs.models import OrgUnit
from liaison_app.settings import Settings
from tests.access.test_matrix import ENGINES, ROWS, expected, guarded


@pytest.fixture(scope="module")
def product(tmp_path_factory):
    return create_app(Settings(data=tmp_path_factory.mktemp("data")))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("role", [Role.BUREAU_CONTACT, Role.STREET])
def test_whoever_is_refused_is_noted_with_what_was_asked_for(product, world_on, monkeypatch, engine, role):
    world = world_on(engine)
    monkeypatch.setattr(traces, "MOST_REFUSALS", 100_000)
    browser, asked, missing = world.browser(role), 0, []
    with world.database.app.app_context():
        street = db.session.get_one(OrgUnit, world.foreign.unit_id)
        below = select(OrgUnit.id).where(OrgUnit.path.startswith(street.path))
        # None: a child that was looked for under the own parent, or a thing of no unit.
        foreign = {None, *db.session.scalars(below)}
    for endpoint, (_, methods) in guarded(product).items():
        row = ROWS[endpoint]
        if row.guard == "public":
            continue
        wanted = expected(row, role, is_own=False)
        if wanted not in ("403", "404"):
            continue
        path = row.path.format(**world.foreign.places)
        for method in sorted(methods):
            asked += 1
            assert str(browser.open(path, method=method).status_code) == wanted, path
            with world.database.app.app_context():
                entry = db.session.scalars(
                    select(Entry)
                    .where(
                        Entry.actor_id == world.logins[role],
                        Entry.sentence.endswith(f"　{method} {endpoint}"),
                    )
                    .order_by(Entry.id.desc())
                ).first()
                if entry is None or entry.result != Result.REFUSED or entry.address != "127.0.0.1":
                    missing.append(f"{method} {path}")
                elif wanted == "404" and row.is_about_a_thing and entry.unit_id not in foreign:
                    missing.append(f"{method} {path}: of {entry.unit_id}")
    assert missing == []
    assert asked > 25


@pytest.mark.parametrize("engine", ENGINES)
def test_what_somebody_tried_in_the_foreign_street_stands_in_that_streets_trail(world_on, engine):
    world = world_on(engine)
    meeting = world.foreign.places["meeting"]
    assert world.browser(Role.STREET).get(f"/meetings/{meeting}").status_code == 404
    with world.database.app.app_context():
        entry = db.session.scalars(
            select(Entry)
            .where(Entry.action == traces.REFUSED, Entry.thing_id == meeting)
            .order_by(Entry.id.desc())
        ).first()
        assert (entry.thing_kind, entry.unit_id) == ("meeting", world.foreign.unit_id)
        assert entry.actor_roles == "街道人大工委·第1街道人大工委"
        assert world.foreign.mark not in entry.sentence


def test_strangers_and_public_pages_leave_no_line(world_on):
    world = world_on(ENGINES[0])
    with world.database.app.app_context():
        before = db.session.scalar(select(func.count(Entry.id)))
    for browser in (world.browser(None), world.browser(Role.STREET)):
        for page in ("/nope", "/m/nothing1", "/t/none", "/stations/99999"):
            assert browser.get(page).status_code == 404, page
    assert world.browser(None).get("/meetings").status_code == 303
    with world.database.app.app_context():
        assert db.session.scalar(select(func.count(Entry.id))) == before


@pytest.mark.parametrize("engine", ENGINES)
def test_who_sees_a_reason_is_noted_and_who_does_not_is_not(world_on, engine):
    world = world_on(engine)
    meeting = world.own.places["meeting"]
    page = f"/meetings/{meeting}/invitations"
    assert "要住院" in world.browser(Role.LIAISON).get(page).text
    assert "要住院" not in world.browser(Role.RECORDER).get(page).text
    with world.database.app.app_context():
        wanted = select(Entry.actor_id).where(
            Entry.action == "invitations:reason:view", Entry.thing_id == meeting
        )
        seers = set(db.session.scalars(wanted))
    assert world.logins[Role.LIAISON] in seers
    assert world.logins[Role.RECORDER] not in seers
