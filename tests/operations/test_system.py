"""How the system says that it is doing: to monitors, to Prometheus, to the administrator, to who runs the check."""

from __future__ import annotations

import os
import re
import stat
from datetime import timedelta
from pathlib import Path
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import update

from liaison_app.access.permissions import Role
from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from liaison_app.jobs import services as jobs
from liaison_app.messages.models import Message
from liaison_app.operations import backups, checks
from tests.factories.accounts import make_account, sign_in
from tests.factories.messages import make_mail
from tests.factories.orgs import make_unit


def figures(client, **headers) -> dict[str, float]:
    reply = client.get("/metrics", headers=headers)
    assert reply.status_code == 200
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(reply.text):
        for sample in family.samples:
            found[sample.name] = found.get(sample.name, 0) + sample.value
    return found


def test_ready_says_no_where_the_tables_are_another_versions(client, app):
    assert (client.get("/readyz").status_code, client.get("/healthz").status_code) == (200, 200)
    with db.engine.begin() as connection:
        right = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001_start'")
    try:
        assert client.get("/readyz").status_code == 503
        assert client.get("/healthz").status_code == 200
    finally:
        with db.engine.begin() as connection:
            connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{right}'")


def test_prometheus_reads_what_waits_what_failed_and_how_old_it_is(client, app):
    with transaction():
        make_mail()
        db.session.execute(update(Message).values(created_at=clock.now() - timedelta(minutes=10)))
        jobs.beat("test:1")
    found = figures(client)
    assert found["liaison_outbox_waiting"] == 1
    assert 595 < found["liaison_outbox_oldest_seconds"] < 660
    assert found["liaison_migration_is_right"] == 1
    assert found["liaison_worker_seen_seconds"] < 60
    assert "liaison_backup_age_seconds" not in found
    client.get("/privacy")
    # That page, and the reading of the figures before it.
    assert figures(client)["liaison_requests_total"] == found["liaison_requests_total"] + 2


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via", "X-Forwarded-Host"])
def test_who_comes_by_a_proxy_finds_no_metrics(client, header):
    assert client.get("/metrics", headers={header: "127.0.0.1"}).status_code == 404


def test_another_machine_finds_no_metrics_but_with_the_token(client, make_app):
    far = {"REMOTE_ADDR": "10.0.0.7"}
    assert client.get("/metrics", environ_base=far).status_code == 404
    guarded = make_app(metrics_token="a-long-token-for-prometheus").test_client()
    for given, status in (
        ("Bearer a-long-token-for-prometheus", 200),
        ("Bearer a-long-token", 404),
        ("Basic a-long-token-for-prometheus", 404),
        ("Bearer ", 404),
        ("", 404),
    ):
        reply = guarded.get("/metrics", environ_base=far, headers={"Authorization": given})
        assert reply.status_code == status, given
    assert guarded.get("/metrics").status_code == 404, "with a token set, the token counts here as well"
    behind = make_app(trusted_proxies=1).test_client()
    assert behind.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 404


def test_two_processes_count_together(gunicorn_server):
    def count() -> float:
        text = urlopen(f"{gunicorn_server.url}/metrics", timeout=10).read().decode()
        return float(re.search(r'liaison_requests_total\{endpoint="web.privacy",[^}]*\} (\S+)', text)[1])

    for _ in range(20):
        urlopen(f"{gunicorn_server.url}/privacy", timeout=10).read()
    first = count()
    urlopen(f"{gunicorn_server.url}/privacy", timeout=10).read()
    assert {count() for _ in range(10)} == {first + 1}


def test_the_administrator_sees_what_needs_a_hand(client, app):
    with transaction():
        root = make_unit()
        account = make_account(Role.ADMIN, root)
        make_mail()
        db.session.execute(update(Message).values(created_at=clock.now() - timedelta(hours=3)))
    page = sign_in(client, account).get("/system").text
    assert "3 小时" in page
    assert "要处理" in page
    assert "恢复核对" in page


def check(name: str) -> tuple[bool, str]:
    ((well, words),) = [(well, words) for one, well, words in checks.look_inside() if one == name]
    return well, words


def test_a_file_that_others_may_read_is_found(app, database):
    left = database.data / "left-open.txt"
    left.write_text("x")
    left.chmod(0o644)
    assert "left-open.txt" in checks.find_open(database.data)
    left.chmod(0o600)
    assert "left-open.txt" not in checks.find_open(database.data)


def test_what_the_product_writes_is_read_by_its_owner_alone(installations):
    """As processes of its own: the umask is set by wsgi.py."""
    old = os.umask(0o022)
    installation = installations(migrated=False)
    try:
        installation.command("db", "upgrade")
        installation.command("backup")
        assert "好    权限" in installation.command("check")
    finally:
        os.umask(old)
    assert {stat.S_IMODE(one.stat().st_mode) for one in installation.data.rglob("*") if one.is_file()} == {
        0o600
    }


@pytest.mark.parametrize(
    ("folder", "kind"), [("/srv/data/liaison", "nfs4"), ("/srv", "ext4"), ("/srv/a b/x", "cifs")]
)
def test_the_file_system_is_that_of_the_nearest_mount(tmp_path, folder, kind):
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "/dev/vda / ext4 rw 0 0\nnas:/x /srv/data nfs4 rw 0 0\n//nas/y /srv/a\\040b cifs rw 0 0\n"
    )
    assert checks.file_system_of(Path(folder), mounts) == kind


def test_sqlite_on_a_network_file_system_is_refused(app, tmp_path, monkeypatch):
    mounts = tmp_path / "mounts"
    mounts.write_text("nas:/x / nfs4 rw 0 0\n")
    monkeypatch.setattr(checks.file_system_of, "__defaults__", (mounts,))
    assert check("文件系统")[0] is (db.engine.dialect.name == "postgresql")


def test_a_backup_that_is_old_or_failed_or_never_tried_is_said(make_app, database):
    app = make_app(mode="production", base_url="https://mdm.example.test")
    with app.app_context():
        settings = app.config["LIAISON"]
        assert not check("备份")[0]
        now = clock.now()
        for made, tried, failed, well in (
            (now, now, "", True),
            (now - timedelta(days=3), now, "", False),
            (now, now - timedelta(days=40), "", False),
            (now, now, now.isoformat(), False),
        ):
            backups._note(settings, made_at=made.isoformat(), tried_at=tried.isoformat(), failed_at=failed)
            assert check("备份")[0] is well


def test_an_account_that_is_two_of_the_three_is_named(make_app):
    app = make_app(three_admins=True)
    with app.app_context():
        with transaction():
            unit = make_unit()
            account = make_account(Role.ADMIN, unit, login="two-hats")
        assert check("三员") == (True, "没有人兼任")
        with transaction():
            db.session.add(
                type(account.grants[0])(
                    account_id=account.id,
                    role=Role.AUDITOR,
                    unit_id=account.grants[0].unit_id,
                    starts_on=account.grants[0].starts_on,
                )
            )
        db.session.expire_all()
        well, words = check("三员")
        assert not well
        assert "two-hats" in words


def test_no_secret_is_printed(installation):
    installation.changes |= {
        "LIAISON_SMTP_URL": "smtp://me:hunter2-the-password@127.0.0.1:1",
        "LIAISON_BACKUP_KEY": "the-backup-passphrase",
        "LIAISON_METRICS_TOKEN": "the-metrics-token",
    }
    said = installation.command("check", code=1)
    for secret in (
        "hunter2",
        "the-backup-passphrase",
        "the-metrics-token",
        installation.environment["LIAISON_SECRET_KEY"],
    ):
        assert secret not in said
