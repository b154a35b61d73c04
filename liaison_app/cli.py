"""Commands of the operator."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time as clocktime
from datetime import datetime, time
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from flask_migrate import upgrade

from .access.matrix import document
from .access.permissions import Role
from .accounts import queries as accounts_queries
from .accounts import services as accounts
from .accounts import sign_in_links
from .audit import commands as audit
from .core import clock, links
from .core.db import transaction
from .core.errors import LiaisonError, Missing
from .core.text import from_local
from .imports.commands import import_list
from .inbox.commands import take_in
from .jobs import worker
from .jobs.errors import WrongSchema
from .operations import running
from .operations.commands import backup, check, restore
from .orgs import services as orgs
from .privacy import jobs as privacy
from .privacy import services as erasures
from .settings import Settings

THREADS = 8
# The first account, its name and its roles; with the three administrators apart it can only make the others.
FIRST = ("admin", "管理员", (Role.ADMIN, Role.OFFICE))
FIRST_APART = ("security", "安全管理员", (Role.SECURITY_ADMIN,))


def init_app(app: Flask) -> None:
    """Register the commands."""
    for command in (
        serve, work, take_in, seed_demo, import_list, check, backup, restore, first_account, sign_in_link,
        access_matrix, audit.audit_seal, audit.audit_verify, privacy_replay,
    ):  # fmt: skip
        app.cli.add_command(command)


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@with_appcontext
def serve(host: str, port: int) -> None:
    """Migrate, load the demo into an empty database, and run web server and worker until stopped."""
    settings: Settings = current_app.config["LIAISON"]
    _refuse_taken(host, port)
    upgrade()
    if not accounts_queries.has_accounts():
        if settings.is_demo and settings.demo_wanted and _is_empty():
            click.echo("正在装演示数据，大约半分钟……")
            _load_demo(clock.now())
        else:
            click.echo(f"还没有账号。打开这个一次性链接，让第一个管理员进来：\n  {_first_link()}")
    click.echo(f"\n打开 http://{host}:{port}    停下按 Ctrl-C")
    if settings.is_demo:
        _show_demo_accounts()
    sys.stdout.flush()
    _run_both(host, port, settings.web_processes)


@click.command("worker")
@click.option("--once", is_flag=True, help="Do one piece of work, then stop.")
@click.option("--drain", is_flag=True, help="Do what is due now, then stop.")
@with_appcontext
def work(once: bool, drain: bool) -> None:
    """Send what waits in the outbox and do all other background work."""
    running.hold(current_app.config["LIAISON"].data)
    try:
        worker.prepare()
        if once:
            worker.run_once()
        elif drain:
            worker.drain()
        else:
            worker.run_forever()
    except WrongSchema as mismatch:
        raise click.ClickException(
            f"数据表和程序版本对不上：现在 {mismatch.found or '没有'}，应为 {mismatch.wanted}。"
        ) from mismatch


@click.command("seed-demo")
@click.option(
    "--at", type=click.DateTime(["%Y-%m-%d"]), help="The day on which the demo stands; today by default."
)
@with_appcontext
def seed_demo(at: datetime | None) -> None:
    """Migrate, and load the invented demo district into an empty database."""
    upgrade()
    _load_demo(from_local(at.date(), time(9)) if at else clock.now())
    _show_demo_accounts()


@click.command("first-account")
@with_appcontext
def first_account() -> None:
    """Print a one-time link by which the first administrator sets a password, or signs in where there are none."""
    click.echo(_first_link())


@click.command("sign-in-link")
@click.argument("login")
@with_appcontext
def sign_in_link(login: str) -> None:
    """Print a one-time link by which LOGIN signs in within a quarter of an hour, when the single sign-on is down."""
    try:
        with transaction():
            token = sign_in_links.make_emergency(login)
    except Missing as missing:
        raise click.ClickException(f"没有账号 {login}，或者已停用。") from missing
    click.echo(f"15 分钟内有效，只能用一次；操作记录里已经写下：\n  {links.sign_in_url(token)}")


@click.command("privacy-replay")
@with_appcontext
def privacy_replay() -> None:
    """After a restored backup: erase again what people asked to erase, and what is held too long."""
    done = erasures.replay_erasures()
    counts = privacy.sweep()
    click.echo(f"重新删除 {done} 条；到期清空 {sum(counts.values())} 条。")


@click.command("access-matrix")
@with_appcontext
def access_matrix() -> None:
    """Print who may do what, as it stands in liaison_app/ACCESS.md."""
    click.echo(document(current_app), nl=False)


def _first_link() -> str:
    """Return the setup link of the first administrator, who holds the root of the tree."""
    with transaction():
        login, name, roles = FIRST_APART if current_app.config["LIAISON"].three_admins else FIRST
        account = accounts_queries.find_account(login)
        if account is None:
            account = accounts.create_account(login, name, by=None)
            root = orgs.root_unit()
            for role in roles:
                accounts.grant(account, role, root.id, by=None)
        if current_app.config["LIAISON"].sso_only:
            return links.sign_in_url(sign_in_links.make_emergency(account.login))
        return links.setup_url(accounts.make_setup_link(account))


def _load_demo(moment: datetime) -> None:
    # The demo's data is large and only wanted here.
    from .demo import loader

    try:
        loader.load(moment)
    except LiaisonError as refusal:
        raise click.ClickException(str(refusal)) from refusal


def _is_empty() -> bool:
    from .demo import loader

    return loader.is_empty()


def _show_demo_accounts() -> None:
    from .demo import loader

    for account in loader.read_accounts():
        click.echo("  {role_name}　{unit}　账号 {login}　密码 {password}".format(**account))


def _refuse_taken(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise click.ClickException(
                f"{host}:{port} 用不了（{error.strerror}）。换一个端口，例如 make run PORT={port + 1}。"
            ) from error


def _run_both(host: str, port: int, processes: int) -> None:
    """Run gunicorn and the worker as children until one of them ends or somebody stops us."""
    # gunicorn.conf.py, which is read from this folder, says the rest.
    web = [sys.executable, "-m", "gunicorn", "wsgi:application", "--bind", f"{host}:{port}"]
    web += ["--workers", str(processes), "--threads", str(THREADS), "--worker-class", "gthread"]
    children = [
        subprocess.Popen(web),
        subprocess.Popen([sys.executable, "-m", "flask", "--app", "wsgi", "worker"]),
    ]

    def stop(*_: Any) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    try:
        while all(child.poll() is None for child in children):
            clocktime.sleep(0.5)
    except (KeyboardInterrupt, SystemExit):
        click.echo("正在停……")
    finally:
        for child in children:
            child.terminate()
        ended = [child.wait(timeout=40) for child in children]
    if any(code not in (0, -signal.SIGTERM) for code in ended):
        sys.exit(1)
