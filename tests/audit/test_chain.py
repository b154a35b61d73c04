"""The chain over the trail: who owns the database can get past its guards, and is found out."""

from __future__ import annotations

import tracemalloc
from datetime import timedelta

import flask_migrate
import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError

from liaison_app.access.permissions import Role
from liaison_app.app import MIGRATIONS
from liaison_app.audit import chain, jobs, queries, rules, services
from liaison_app.audit.kinds import Flaw, Result
from liaison_app.audit.models import Entry, Link
from liaison_app.core import clock
from liaison_app.core.db import db, derived_key, transaction
from tests.audit.sealers import seal_one_by_one, seal_without_lock
from tests.factories.accounts import make_account
from tests.factories.orgs import make_unit
from tests.parts.crowds import PROCESSES

COLUMNS = "at, actor_id, actor_name, action, thing_kind, thing_id, unit_id, sentence"


def write(number: int, sentence: str = "一行") -> None:
    with transaction():
        for n in range(number):
            services.record("tests:thing:do", by=None, kind="thing", sentence=f"{sentence} {n}")


def flaw_of(**asked) -> tuple[Flaw, int | None, int | None] | None:
    fault = chain.verify(**asked).fault
    return fault and (fault.flaw, fault.position, fault.entry_id)


def facts(sentence: str, **more) -> dict:
    """Return the columns of an entry that the application would write."""
    plain = {
        "at": clock.now(), "actor_name": "", "action": "tests:thing:do", "thing_kind": "", "sentence": sentence,
        **more,
    }  # fmt: skip
    return {**plain, "stamp": rules.stamp_of(derived_key(services.STAMP), "0" * 16, rules.canonical(plain))}


@pytest.fixture
def sealed(app) -> str:
    """Six entries in the chain; its end as it would be written down."""
    write(6)
    assert chain.seal() == 6
    return chain.verify().anchor


def test_every_entry_is_sealed_once_in_its_order(app):
    write(3)
    assert chain.seal() == 3
    write(2)
    assert (chain.seal(), chain.seal()) == (2, 0)
    links = db.session.execute(select(Link.position, Link.entry_id).order_by(Link.position)).all()
    entries = db.session.scalars(select(Entry.id).order_by(Entry.id)).all()
    assert links == list(enumerate(entries, start=1))
    report = chain.verify()
    assert (report.entries, report.unsealed, report.fault) == (5, 0, None)


def test_every_kind_of_value_comes_back_as_it_went_in(app):
    """What the chain is over is read back from the database: moments, numbers, none, strange signs."""
    with transaction():
        account = make_account(Role.OFFICE, make_unit())
        services.record("tests:thing:do", account, by=account, sentence="“引号”\n 😀 \\ \u2028 é")
        services.record("tests:thing:do", by=None, result=Result.FAILED)
    with clock.frozen(clock.now() + timedelta(microseconds=123456)):
        write(1)
        chain.seal()
    assert chain.verify().fault is None


@pytest.mark.parametrize("table", ["audit_entry", "audit_link"])
@pytest.mark.parametrize(
    "verb",
    [
        "UPDATE",
        "UPDATE ALL",
        "DELETE",
        "DELETE ALL",
        pytest.param("TRUNCATE", marks=pytest.mark.only_on("postgresql")),
        pytest.param("REPLACE", marks=pytest.mark.only_on("sqlite")),
        "UPSERT",
    ],
)
def test_the_database_refuses_to_change_and_to_delete(sealed, table, verb):
    key, other = ("id", "sentence") if table == "audit_entry" else ("position", "hash")
    rest = {
        "audit_entry": (
            "at, actor_name, action, thing_kind, sentence",
            "at, 'x', action, thing_kind, sentence",
        ),
        "audit_link": ("entry_id, sealed_at, key_mark, hash", "entry_id, sealed_at, key_mark, 'x'"),
    }[table]
    copy = f"INTO {table} ({key}, {rest[0]}) SELECT {key}, {rest[1]} FROM {table} WHERE {key} = 3"
    statement = {
        "UPDATE": f"UPDATE {table} SET {other} = 'x' WHERE {key} = 3",
        "UPDATE ALL": f"UPDATE {table} SET {other} = {other}",
        "DELETE": f"DELETE FROM {table} WHERE {key} = 3",
        "DELETE ALL": f"DELETE FROM {table}",
        "TRUNCATE": f"TRUNCATE {table} CASCADE",
        "REPLACE": f"INSERT OR REPLACE {copy}",
        "UPSERT": f"INSERT {copy} ON CONFLICT ({key}) DO UPDATE SET {other} = 'x'",
    }[verb]
    with pytest.raises(DBAPIError, match="audit_append_only"), transaction():
        db.session.execute(text(statement))
    assert chain.verify().fault is None


@pytest.mark.only_on("sqlite")
def test_replacing_would_get_round_the_other_guards(sealed, spoil):
    """The control of the guard against it; on SQLite a row that is replaced fires no trigger."""
    spoil(
        "DROP TRIGGER audit_entry_guard_replace",
        f"INSERT OR REPLACE INTO audit_entry (id, {COLUMNS}) SELECT id, {COLUMNS} FROM audit_entry WHERE id = 6",
    )
    assert flaw_of() == (Flaw.CHANGED, 6, 6)


BY_HAND = (
    f"INSERT INTO audit_entry ({COLUMNS}) SELECT {COLUMNS} FROM audit_entry WHERE id = 2"  # but for the stamp
)
BROKEN = {
    "a word": (["UPDATE audit_entry SET sentence = '别的' WHERE id = 3"], (Flaw.CHANGED, 3, 3)),
    "a name": (["UPDATE audit_entry SET actor_name = '别人' WHERE id = 3"], (Flaw.CHANGED, 3, 3)),
    "a moment": (["UPDATE audit_entry SET at = '2020-01-01 00:00:00' WHERE id = 3"], (Flaw.CHANGED, 3, 3)),
    "the result": (["UPDATE audit_entry SET result = NULL WHERE id = 3"], (Flaw.CHANGED, 3, 3)),
    "a strange result": (["UPDATE audit_entry SET result = 'maybe' WHERE id = 3"], (Flaw.CHANGED, 3, 3)),
    "the stamp": (["UPDATE audit_entry SET stamp = NULL WHERE id = 3"], (Flaw.CHANGED, 3, 3)),
    "an entry gone": (["DELETE FROM audit_entry WHERE id = 3"], (Flaw.DELETED, 3, 3)),
    "an entry and its link gone": (
        ["DELETE FROM audit_link WHERE position = 3", "DELETE FROM audit_entry WHERE id = 3"],
        (Flaw.LINK_DELETED, 3, 4),
    ),
    "the hole closed": (
        [
            "DELETE FROM audit_link WHERE position = 3", "DELETE FROM audit_entry WHERE id = 3",
            *(f"UPDATE audit_link SET position = {n - 1} WHERE position = {n}" for n in (4, 5, 6)),
        ],
        (Flaw.LINK_CHANGED, 3, 4),
    ),
    "two changed places": (
        [
            "UPDATE audit_link SET entry_id = -1 WHERE position = 3",
            "UPDATE audit_link SET entry_id = 3 WHERE position = 4",
            "UPDATE audit_link SET entry_id = 4 WHERE position = 3",
        ],
        (Flaw.LINK_CHANGED, 3, 4),
    ),
    "a hash": (["UPDATE audit_link SET hash = 'x' WHERE position = 3"], (Flaw.LINK_CHANGED, 3, 3)),
    "when it was sealed": (
        ["UPDATE audit_link SET sealed_at = '2020-01-01 00:00:00' WHERE position = 3"],
        (Flaw.LINK_CHANGED, 3, 3),
    ),
    "written by hand": ([BY_HAND], (Flaw.FOREIGN, None, 7)),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_the_first_entry_that_does_not_fit_is_named(sealed, tamper, what):
    statements, wanted = BROKEN[what]
    tamper(*statements)
    assert flaw_of() == wanted


def test_an_entry_written_by_hand_is_found_after_it_was_sealed_as_well(sealed, tamper):
    tamper(BY_HAND)
    write(1)
    assert chain.seal() == 2
    assert flaw_of() == (Flaw.FOREIGN, 7, 7)


def test_guards_that_are_lifted_and_put_back_leave_a_chain_that_fits(sealed, tamper):
    """The control of the tests above: it is the change that is found, not the lifting."""
    tamper()
    assert flaw_of() is None


def test_a_cut_tail_is_found_by_what_was_written_down(sealed, tamper):
    anchor = rules.read_anchor(sealed)
    assert flaw_of(anchor=anchor) is None
    tamper(
        "DELETE FROM audit_link WHERE position > 4",
        "DELETE FROM audit_entry WHERE id > 4",
    )
    # The control: the chain alone cannot know.
    assert flaw_of() is None
    assert flaw_of(anchor=anchor) == (Flaw.CUT, 6, None)
    write(4)
    chain.seal()
    assert flaw_of() is None
    assert flaw_of(anchor=anchor) == (Flaw.MADE_ANEW, 6, None)
    assert flaw_of(anchor=rules.read_anchor(sealed[:20])) == (Flaw.MADE_ANEW, 6, None)


def test_a_guard_that_is_missing_is_named(sealed, database, spoil):
    on = "" if database.engine == "sqlite" else " ON audit_entry"
    name = "audit_entry_guard_update" if database.engine == "sqlite" else "audit_entry_guard"
    spoil(f"DROP TRIGGER {name}{on}")
    fault = chain.verify().fault
    assert (fault.flaw, fault.names) == (Flaw.UNGUARDED, name)


def test_what_waits_too_long_is_said(app):
    write(2)
    assert flaw_of() is None
    with clock.frozen(clock.now() + rules.SEALED_WITHIN + timedelta(minutes=1)):
        assert flaw_of() == (Flaw.LATE, None, 1)
        chain.seal()
        assert flaw_of() is None


def test_a_chain_of_another_secret_is_told_from_a_broken_one(sealed, make_app):
    before = db.engine.url  # the same database
    with make_app(secret_key="another-secret-for-tests-0123456789abcdef").app_context():
        assert db.engine.url == before
        assert flaw_of() == (Flaw.OTHER_KEY, 1, 1)
        old = "a-secret-for-tests-only-0123456789abcdef"
        assert flaw_of(old_secrets=[old]) is None
        write(2)
        chain.seal()
        assert flaw_of(old_secrets=["no-secret-at-all-0123456789abcdefgh", old]) is None
        db.session.remove()


def test_entries_from_before_the_chain_are_its_beginning(app, database):
    """After an upgrade the first run seals them as it finds them; afterwards none may lack a stamp."""
    old = {**facts("从前"), "stamp": None}
    with transaction():
        db.session.execute(insert(Entry), [old, old])
    assert flaw_of() is None
    write(2)
    chain.seal()
    assert flaw_of() is None
    with transaction():
        db.session.execute(insert(Entry), [old])
    assert flaw_of() == (Flaw.FOREIGN, None, 5)


@pytest.mark.usefixtures("spoil")
def test_an_upgrade_keeps_every_entry_and_the_first_run_seals_them(app):
    flask_migrate.downgrade(directory=str(MIGRATIONS), revision="0011_accounts_sign_in")
    with db.engine.begin() as connection:
        for n in range(3):
            connection.exec_driver_sql(
                f"INSERT INTO audit_entry ({COLUMNS}) VALUES"
                f" ('2024-01-02 09:00:00', NULL, '某人', 'people:phone:reveal', 'person', {n}, NULL, '从前')"
            )
    flask_migrate.upgrade(directory=str(MIGRATIONS))
    assert flaw_of() == (Flaw.LATE, None, 1)
    assert chain.seal() == 3
    write(1)
    assert chain.seal() == 1
    assert (chain.verify().entries, flaw_of()) == (4, None)
    assert db.session.scalars(select(Entry.result).order_by(Entry.id)).all()[:3] == [None] * 3


def test_old_entries_without_a_stamp_are_guarded_by_the_chain_as_well(app, tamper):
    with transaction():
        db.session.execute(insert(Entry), [{**facts("从前"), "stamp": None}] * 2)
    chain.seal()
    tamper("UPDATE audit_entry SET sentence = 'x' WHERE id = 2")
    assert flaw_of() == (Flaw.CHANGED, 2, 2)


def test_one_stamp_serves_one_entry(app):
    with transaction():
        db.session.execute(insert(Entry), [facts("一次")])
    with pytest.raises(DBAPIError), transaction():
        db.session.execute(insert(Entry), [facts("一次")])


@pytest.mark.only_on("postgresql")
def test_an_entry_that_comes_to_light_late_gets_a_later_place(app):
    """Its number is lower, for its transaction began first; on SQLite writers take turns."""
    with db.engine.connect() as slow:
        slow.execute(insert(Entry), [facts("慢")])
        write(1, "快")
        assert chain.seal() == 1
        slow.commit()
    assert chain.seal() == 1
    order = select(Entry.sentence).join(Link, Link.entry_id == Entry.id).order_by(Link.position)
    assert db.session.scalars(order).all() == ["快 0", "慢"]
    assert flaw_of() is None


def test_what_lies_far_back_is_found_once_a_day(app, monkeypatch):
    write(3)
    with transaction():
        db.session.execute(insert(Link), chain.next_links(3)[2:])
    monkeypatch.setattr(queries, "SLACK", 1)
    assert chain.seal() == 0
    assert chain.seal(is_whole=True) == 2


def test_sealers_at_once_make_one_chain(app, crowd):
    write(40)
    outcomes = crowd.rush([(seal_one_by_one,)] * PROCESSES * 2)
    assert sum(sealed for sealed, _ in outcomes) == 40
    assert sum(refused for _, refused in outcomes) == 0
    report = chain.verify()
    assert (report.entries, report.fault) == (40, None)


def test_sealers_without_a_lock_get_in_each_others_way(app, crowd):
    """The control: only the indexes keep the chain from forking then."""
    write(40)
    outcomes = crowd.rush([(seal_without_lock,)] * PROCESSES * 2)
    assert sum(refused for _, refused in outcomes) > 0


def test_sealers_without_lock_and_indexes_fork_the_chain(app, crowd, database, spoil):
    if database.engine == "sqlite":
        spoil(
            "DROP TABLE audit_link",
            "CREATE TABLE audit_link (position INTEGER, entry_id INTEGER, sealed_at DATETIME, key_mark VARCHAR,"
            " hash VARCHAR)",
        )
    else:
        spoil("ALTER TABLE audit_link DROP CONSTRAINT pk_audit_link", "DROP INDEX uq_audit_link_entry_id")
    write(40)
    crowd.rush([(seal_without_lock,)] * PROCESSES * 2)
    twice = select(Link.position).group_by(Link.position).having(func.count() > 1)
    assert db.session.scalars(twice).all()


def test_a_walk_needs_no_more_memory_for_a_longer_chain(app, monkeypatch):
    monkeypatch.setattr(chain, "AT_A_TIME", 50)
    peaks = []
    for _ in range(2):
        write(600)
        chain.seal()
        db.session.expunge_all()
        chain.verify()
        tracemalloc.start()
        assert chain.verify().fault is None
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.3


# --- the command and the worker ------------------------------------------------


def run(app, *options: str):
    db.session.rollback()
    return app.test_cli_runner().invoke(args=list(options))


def test_the_command_says_what_to_write_down_and_takes_it_back(sealed, app):
    said = run(app, "audit-verify")
    assert said.exit_code == 0
    assert said.output.splitlines()[0].startswith("核对了 6 条")
    assert said.output.splitlines()[-1] == sealed
    assert run(app, "audit-verify", "--anchor", sealed[:22]).exit_code == 0
    assert run(app, "audit-verify", "--anchor", "6:short").exit_code == 2


def test_the_command_names_what_does_not_fit(sealed, app, tamper):
    tamper("UPDATE audit_entry SET sentence = 'x' WHERE id = 3")
    said = run(app, "audit-verify")
    assert said.exit_code == 1
    assert "记录被改过。记录编号 3，链上第 3 位" in said.output


def test_the_command_writes_nothing(sealed, app):
    write(1)
    before = db.session.scalar(select(func.count(Entry.id))), queries.last_link().hash
    run(app, "audit-verify")
    assert (db.session.scalar(select(func.count(Entry.id))), queries.last_link().hash) == before
    assert "封了 1 条" in run(app, "audit-seal").output


def test_the_check_of_the_installation_looks_at_the_chain(sealed, app):
    assert "好    操作记录：已封 6 条" in run(app, "check").output
    write(1)
    with clock.frozen(clock.now() + timedelta(hours=1)):
        assert "不好  操作记录：有 1 条早该封进链里" in run(app, "check").output


def test_the_worker_notes_each_day_what_it_found(sealed, app, tamper):
    jobs.check()
    last = db.session.scalars(select(Entry).order_by(Entry.id.desc())).first()
    assert (last.action, last.result, last.sentence) == (queries.CHECKED, Result.SUCCEEDED, sealed)
    assert queries.chain_state().is_well
    jobs.seal()
    tamper("DELETE FROM audit_entry WHERE id = 2")
    jobs.check()
    state = queries.chain_state()
    assert not state.is_well
    assert "记录编号 2" in state.checked.sentence
    assert "上次核对没有通过" in run(app, "check").output
