"""Backups: made while everything runs, tried out, sealed, and brought back."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import stat
import tarfile
from pathlib import Path

import flask_migrate
import pytest
from sqlalchemy import select, text, update

from liaison_app.accounts.models import BrowserSession
from liaison_app.app import MIGRATIONS
from liaison_app.audit.models import Entry
from liaison_app.core.db import db, transaction
from liaison_app.invitations.models import Invitation
from liaison_app.messages import services as messages
from liaison_app.messages.kinds import Channel, MessageState, Outcome
from liaison_app.messages.models import Message
from liaison_app.operations import backups, sealing
from liaison_app.people.models import Person
from liaison_app.scheduling.models import CalendarEntry, Meeting
from tests.factories.accounts import make_account
from tests.factories.messages import make_mail
from tests.factories.people import make_person
from tests.factories.scheduling import make_meeting, make_participant
from tests.parts.databases import SECRET
from tests.parts.installations import Installation

PHONE = "13900004321"
PASSPHRASE = "correct horse battery staple"


def fill(installation: Installation) -> None:
    with installation.inside(), transaction():
        make_account()
        make_person(name="王桂枝", mobile=PHONE)
        make_meeting()


def newest(installation: Installation) -> Path:
    return sorted((installation.data / "backups").iterdir())[-1]


def names(installation: Installation) -> list[str]:
    with installation.inside():
        return sorted(db.session.scalars(select(Person.name)))


def test_a_backup_comes_back_as_it_was(installation):
    fill(installation)
    said = installation.flask("backup")
    assert "恢复到别处核对过" in said
    assert "没有加密" in said
    assert "没有密钥" in said
    file = newest(installation)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = names(installation)
    with installation.inside(), transaction():
        make_person(name="后来的人")
    refused = installation.flask("restore", str(file), "--yes", code=1)
    assert "--replace" in refused
    assert "后来的人" in names(installation)
    said = installation.flask("restore", str(file), "--yes", "--replace")
    assert names(installation) == before
    assert "另存在" in said
    with installation.inside():
        assert db.session.scalar(select(Person.mobile).where(Person.name == "王桂枝")) == PHONE
        assert db.session.scalars(select(Entry.action)).all()[-1] == "operations:backup:restore"
    if installation.engine == "sqlite":
        (aside,) = installation.data.glob("liaison.sqlite3.before-*")
        with sqlite3.connect(aside) as old:
            assert ("后来的人",) in old.execute("SELECT name FROM person").fetchall()
    # And once more, from what was restored.
    installation.flask("backup", "--to", str(installation.data / "more"))


def test_the_manifest_says_what_is_inside_and_the_key_is_not(installation):
    fill(installation)
    for name in ("secret-key", "demo-accounts.json"):
        (installation.data / name).write_text("nobody may read this")
    (installation.data / "erasures.jsonl").write_text('{"person": 1}\n')
    installation.flask("backup")
    with tarfile.open(newest(installation)) as archive:
        held = archive.getnames()
        manifest = json.loads(archive.extractfile("manifest.json").read())
        everything = b"".join(archive.extractfile(one).read() for one in held)
    database = "database.sqlite3" if installation.engine == "sqlite" else "database.dump"
    assert sorted(held) == sorted([database, "erasures.jsonl", "manifest.json"])
    assert manifest["engine"] == installation.engine
    assert manifest["counts"]["person"] >= 1
    assert b"nobody may read this" not in everything
    assert PHONE.encode() not in everything
    assert SECRET.encode() not in everything


def test_a_sealed_backup_opens_with_its_passphrase_only(installation, tmp_path):
    fill(installation)
    installation.changes["LIAISON_BACKUP_KEY"] = PASSPHRASE
    assert "没有加密" not in installation.flask("backup")
    file = newest(installation)
    assert file.name.endswith(".sealed")
    assert b"manifest" not in file.read_bytes()
    assert "核对过" in installation.flask("restore", str(file), "--check")
    key = tmp_path / "key"
    key.write_text(PASSPHRASE + "\n")
    installation.changes.clear()
    assert "加密的" in installation.flask("restore", str(file), "--check", code=1)
    assert "核对过" in installation.flask("restore", str(file), "--check", "--key-file", str(key))
    key.write_text("wrong")
    assert "Unreadable" in installation.flask("restore", str(file), "--check", "--key-file", str(key), code=1)


def test_a_file_that_was_cut_or_changed_is_refused_and_nothing_is_touched(installation, tmp_path):
    fill(installation)
    installation.flask("backup")
    whole = newest(installation).read_bytes()
    before = names(installation)
    for flawed in (whole[: len(whole) // 2], whole[:-4000], whole[:5000] + b"\0" * 64 + whole[5064:]):
        file = tmp_path / "flawed.tar.gz"
        file.write_bytes(flawed)
        assert "没有恢复" in installation.flask("restore", str(file), "--yes", "--replace", code=1)
        assert names(installation) == before
    assert not list(installation.data.glob(".scratch-*"))


def test_another_key_is_said_before_it_is_too_late(installation):
    fill(installation)
    installation.flask("backup")
    installation.changes["LIAISON_SECRET_KEY"] = "another-secret-of-enough-length-0123456789"
    said = installation.flask("restore", str(newest(installation)), "--yes", "--replace", code=1)
    assert "LIAISON_SECRET_KEY" in said
    assert "王桂枝" in names(installation)


def test_what_runs_is_not_restored_over(installation):
    fill(installation)
    installation.flask("backup")
    worker = installation.start_worker()
    web = installation.start_web()
    for process in (worker, web):
        refused = installation.flask("restore", str(newest(installation)), "--yes", "--replace", code=1)
        assert "还在运行" in refused
        installation.stop(process)
    installation.flask("restore", str(newest(installation)), "--yes", "--replace")


def test_only_the_newest_are_kept_and_a_failure_leaves_no_half_file(installation):
    fill(installation)
    folder = installation.data / "backups"
    folder.mkdir()
    for day in range(1, 6):
        (folder / f"liaison-2026010{day}-030000.tar.gz").write_text("old")
    (folder / "somebody-elses.tar.gz").write_text("not ours")
    installation.flask("backup", "--keep", "3")
    kept = sorted(one.name for one in folder.iterdir())
    assert kept[:2] == ["liaison-20260104-030000.tar.gz", "liaison-20260105-030000.tar.gz"]
    assert len(kept) == 4
    assert "somebody-elses.tar.gz" in kept
    with installation.inside(), db.engine.begin() as connection:
        if installation.engine == "sqlite":
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.exec_driver_sql("DROP TABLE alembic_version")
        else:
            connection.exec_driver_sql("DROP TABLE alembic_version")
    assert "备份没有做成" in installation.flask("backup", code=1)
    assert sorted(one.name for one in folder.iterdir()) == kept
    assert "最近一次没有做成" in installation.flask("check", code=1)


def test_after_a_restore_nothing_is_sent_twice_and_no_sequence_goes_backwards(installation):
    """X28: publish, back up, revise and answer, restore, revise again."""
    with installation.inside(), transaction():
        account = make_account()
        meeting = make_meeting()
        make_mail(key="invite:x:0")
        moment = meeting.created_at
        # The browser needs the account's number.
        db.session.flush()
        db.session.add(
            BrowserSession(
                account_id=account.id, key_hash="k" * 64, generation=0, started_at=moment, seen_at=moment
            )
        )
        db.session.execute(update(Meeting).values(sequence=2, published_at=meeting.created_at))
        meeting_id, uid = meeting.id, meeting.uid
    installation.flask("backup")
    with installation.inside(), transaction():
        # An hour of work that the backup does not know.
        db.session.execute(update(Meeting).values(sequence=7))
        db.session.execute(update(Message).values(state=MessageState.SENT))
    installation.flask("restore", str(newest(installation)), "--yes", "--replace")
    installation.flask("worker", "--drain")
    with installation.inside():
        found = db.session.get_one(Meeting, meeting_id)
        assert found.uid == uid
        assert found.sequence == 1002 > 7
        assert found.significant_sequence == 0
        assert f"SEQUENCE:{found.sequence}".encode() in db.session.get_one(CalendarEntry, meeting_id).body
        (message,) = db.session.scalars(select(Message).where(Message.channel == Channel.EMAIL))
        assert (message.state, message.failure) == (MessageState.FAILED, Outcome.RESTORED)
        assert message.can_retry
        assert db.session.scalars(select(BrowserSession)).one().ended_at is not None
    with installation.inside(), transaction():
        raw = db.session.scalars(select(Message.raw)).one()
        again = messages.retry(message.id, by=make_account())
        assert (again.state, again.raw) == (MessageState.QUEUED, raw)


def test_an_invitation_that_gets_a_lost_ones_number_does_not_get_its_link(app):
    with transaction():
        generations = set()
        for _ in range(3):
            meeting = make_meeting()
            seat = make_participant(meeting)
            invitation = Invitation(meeting_id=meeting.id, participant_id=seat.id)
            db.session.add(invitation)
            # The default is given when the row is written.
            db.session.flush()
            generations.add(invitation.generation)
    assert len(generations) == 3


def test_an_older_backup_is_migrated(installation):
    fill(installation)
    with installation.inside():
        newest_stem = (MIGRATIONS / "HEAD").read_text().strip()
        flask_migrate.downgrade(directory=str(MIGRATIONS), revision="-1")
    installation.flask("backup")
    installation.flask("db", "upgrade")
    said = installation.flask("restore", str(newest(installation)), "--yes", "--replace")
    assert "升级过来" in said
    with installation.inside():
        assert db.session.scalar(text("SELECT version_num FROM alembic_version")) == newest_stem


def test_a_chunk_can_be_neither_swapped_nor_left_out(tmp_path):
    plain = os.urandom(3 * sealing.CHUNK_BYTES + 5)
    place = tmp_path / "sealed"
    with place.open("wb") as file:
        sealer = sealing.Sealer(file, PASSPHRASE)
        for start in range(0, len(plain), 100_000):
            sealer.write(plain[start : start + 100_000])
        sealer.close()
    sealed = place.read_bytes()

    def opened(data: bytes, passphrase: str = PASSPHRASE) -> bytes:
        place.write_bytes(data)
        with place.open("rb") as file:
            opener = sealing.Opener(file, passphrase)
            return b"".join(iter(lambda: opener.read(70_000), b""))

    assert opened(sealed) == plain
    head, size = len(sealing.MAGIC) + sealing.SALT_BYTES, sealing.CHUNK_BYTES + sealing.TAG_BYTES
    chunks = [sealed[head + n * size : head + (n + 1) * size] for n in range(4)]
    for order in ([1, 0, 2, 3], [0, 1, 3], [0, 1, 2]):
        with pytest.raises(sealing.Unreadable):
            opened(sealed[:head] + b"".join(chunks[n] for n in order))
    with pytest.raises(sealing.Unreadable):
        opened(sealed, "wrong")
    assert re.fullmatch(backups.NAME, "liaison-20261125-030000.tar.gz.sealed")
