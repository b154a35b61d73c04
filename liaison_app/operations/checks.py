"""What `flask check` and the page about the system look at: each check says its name, whether all is well, and why.

No check prints a password or a key. None asks a machine outside but the mail server and the issuer of the single sign-on,
and that only for the command.
"""

from __future__ import annotations

import os
import shutil
import stat
from datetime import timedelta
from pathlib import Path

from alembic.migration import MigrationContext
from flask import current_app
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from liaison_app.accounts import sso
from liaison_app.accounts.errors import SsoDown
from liaison_app.accounts.models import Account
from liaison_app.accounts.rules import unites_admins
from liaison_app.audit import commands as audit
from liaison_app.core import clock
from liaison_app.core.checks import Check
from liaison_app.core.db import db, is_sqlite
from liaison_app.core.logs import told
from liaison_app.core.text import local
from liaison_app.inbox import imap
from liaison_app.jobs import queries as jobs
from liaison_app.jobs import rules as job_rules
from liaison_app.messages import services as messages
from liaison_app.messages.channels import email
from liaison_app.settings import Settings

from . import backups

MEGABYTE = 1024 * 1024
ENOUGH_SPACE = 200 * MEGABYTE
MOST_APART = timedelta(seconds=5)
# Of machines that are not ours: more, and codes of telephones and answers of a single sign-on begin to fail.
MOST_APART_OUTSIDE = timedelta(seconds=60)
OLDEST_BACKUP, OLDEST_TRIAL = timedelta(hours=26), timedelta(days=31)
SOON = timedelta(days=30)
# File systems on which SQLite's locks do not hold, by the names of /proc/self/mounts.
FAR = {
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "9p",
    "afs",
    "fuse.sshfs",
    "fuse.glusterfs",
    "ceph",
    "fuse.rclone",
}
MOUNTS = Path("/proc/self/mounts")


def run() -> list[Check]:
    """Return all checks of this installation, in the order a person would mend them."""
    return [*look_inside(), _mail(), _inbox(), _sso(), audit.check()]


def look_inside() -> list[Check]:
    """Return the checks that ask nobody outside."""
    found = [_configuration(), _folder(), _permissions(), _file_system()]
    database = _database()
    found.append(database)
    if database[1]:
        found += [_migrations(), _clock(), _worker(), _three_admins()]
    return [*found, _backup()]


def _settings() -> Settings:
    settings: Settings = current_app.config["LIAISON"]
    return settings


def _configuration() -> Check:
    settings = _settings()
    problems = []
    if not settings.is_demo and not settings.secure:
        problems.append("LIAISON_BASE_URL 不是 https，登录和个人链接会明文传输")
    if not settings.is_demo and not settings.limits:
        problems.append("LIAISON_LIMITS=0，没有限次，程序可以一次报满席位")
    if not settings.is_demo and current_app.debug:
        problems.append("调试模式开着")
    if not settings.is_demo and settings.smtp_url.startswith("smtp://") and "@" in settings.smtp_url:
        problems.append("邮件服务器的密码会明文传输，请用 smtps:// 或 smtp+starttls://")
    return "配置", not problems, "；".join(problems) or f"{settings.mode}，地址 {settings.base_url}"


def _folder() -> Check:
    folder = _settings().data
    if not os.access(folder, os.W_OK):
        return "数据文件夹", False, f"{folder} 写不进去"
    free = shutil.disk_usage(folder).free
    return "数据文件夹", free > ENOUGH_SPACE, f"{folder}，还剩 {free // MEGABYTE} MB"


def find_open(folder: Path) -> list[str]:
    """Return what in the data folder others than its owner may read or write, down to the backups."""
    group, others = stat.S_IRWXG, stat.S_IRWXO
    places = [one for one in folder.rglob("*") if not one.is_symlink()]
    # The folder itself may be looked through by the group: systemd makes it so.
    wrong = [folder] if folder.stat().st_mode & (stat.S_IWGRP | others) else []
    wrong += [one for one in places if one.is_file() and one.stat().st_mode & (group | others)]
    return sorted(str(one.relative_to(folder)) for one in wrong)


def _permissions() -> Check:
    settings = _settings()
    wrong = find_open(settings.data)
    if settings.backup_folder and settings.backups.is_dir():
        wrong += find_open(settings.backups)
    if not wrong:
        return "权限", True, "数据文件夹里的文件只有本人能读"
    return "权限", False, f"别人也能读：{'、'.join(wrong[:5])}（改：chmod -R go-rwx {settings.data}）"


def _file_system() -> Check:
    """SQLite on a network file system loses data: its locks do not hold there."""
    if not is_sqlite():
        return "文件系统", True, "数据库不在本机文件里"
    kind = file_system_of(_settings().data)
    well = kind not in FAR
    return "文件系统", well, kind if well else f"{kind} 是网络文件系统，SQLite 不能放在上面"


def file_system_of(folder: Path, mounts: Path = MOUNTS) -> str:
    """Return the kind of file system that a folder lies on, or “” where that cannot be known."""
    try:
        rows = [line.split()[1:3] for line in mounts.read_text(encoding="utf-8").splitlines()]
    except OSError:
        return ""
    place = folder.resolve()
    over = [
        (place_of, kind) for place_of, kind in rows if place.is_relative_to(place_of.replace("\\040", " "))
    ]
    return max(over, key=lambda row: len(row[0]))[1] if over else ""


def _database() -> Check:
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        return "数据库", False, told(error)
    return "数据库", True, "SQLite" if is_sqlite() else "PostgreSQL"


def find_migration() -> tuple[str, str]:
    """Return the migration that the database is at, and the one it should be at."""
    newest = (Path(current_app.extensions["migrate"].directory) / "HEAD").read_text(encoding="ascii").strip()
    try:
        present = MigrationContext.configure(db.session.connection()).get_current_revision()
    except SQLAlchemyError:
        present = None
    return present or "", newest


def _migrations() -> Check:
    present, newest = find_migration()
    return "数据表", present == newest, f"现在 {present or '没有'}，应为 {newest}"


def _clock() -> Check:
    """Compare with the database's clock, which on PostgreSQL may be another machine's; times are shown in Beijing's."""
    now = local(clock.now())
    if is_sqlite():
        return "时钟", clock.now().year >= 2026, f"北京时间 {now:%Y-%m-%d %H:%M}（请和手机对一下）"
    apart = abs(clock.now() - db.session.execute(text("SELECT now()")).scalar_one())
    return (
        "时钟",
        apart < MOST_APART,
        f"北京时间 {now:%Y-%m-%d %H:%M}，和数据库相差 {apart.total_seconds():.0f} 秒",
    )


def _worker() -> Check:
    try:
        beat = jobs.last_heartbeat()
    except SQLAlchemyError:
        # Before the first migration there is no table to look into.
        return "后台", True, "还没有数据表"
    if beat is None:
        return "后台", True, "还没有启动过"
    silent = job_rules.is_silent(beat, clock.now())
    return "后台", not silent, f"{local(beat):%Y-%m-%d %H:%M} 还在" + ("，现在没有动静" if silent else "")


def _three_admins() -> Check:
    if not _settings().three_admins:
        return "三员", True, "没有分立"
    today = local(clock.now()).date()
    try:
        accounts = list(db.session.scalars(select(Account).where(Account.is_active)))
    except SQLAlchemyError:
        return "三员", True, "还没有数据表"
    twice = [
        one.login
        for one in accounts
        if unites_admins(held.role for held in one.grants if held.is_valid(today))
    ]
    words = f"这些账号兼了两员，哪一员都不算数：{'、'.join(twice)}" if twice else "没有人兼任"
    return "三员", not twice, words


def _backup() -> Check:
    settings = _settings()
    record = backups.read_record(settings)
    made, tried = backups.age_of(record.get("made_at")), backups.age_of(record.get("tried_at"))
    if made is None:
        return "备份", settings.is_demo, "还没有备份过（flask backup）"
    words = f"上一次在 {_ago(made)}前" + (
        f"，{_ago(tried)}前恢复核对过" if tried is not None else "，没有恢复核对过"
    )
    if record.get("failed_at"):
        return "备份", False, words + "；最近一次没有做成"
    well = made < OLDEST_BACKUP and tried is not None and tried < OLDEST_TRIAL
    return "备份", well, words + ("" if settings.backup_key else "；没有加密")


def _ago(age: timedelta) -> str:
    hours = int(age.total_seconds() // 3600)
    return f"{hours // 24} 天" if hours >= 48 else f"{hours} 小时"


def _mail() -> Check:
    """Open a line to the mail server as the worker does: address, certificate and password."""
    url = _settings().smtp_url
    if not url:
        return "发信", True, "没有配置，消息留在消息页，由工作人员转告"
    seen = email.look_at(url, own_host=messages.own_host())
    if seen.trouble:
        return "发信", False, seen.trouble
    if seen.expires is not None and seen.expires - clock.now() < SOON:
        return "发信", False, f"邮件服务器的证书 {seen.expires:%Y-%m-%d} 到期"
    well, words = _compared(seen.apart)
    return (
        "发信",
        well,
        "邮件服务器有应答" + (f"，证书到 {seen.expires:%Y-%m-%d}" if seen.expires else "") + words,
    )


def _inbox() -> Check:
    """Open the mailbox as the worker does: address, certificate, password and folder."""
    url = _settings().imap_url
    if not url:
        return "收信", True, "没有配置，日历答复收不进来，用链接和电话答复"
    if trouble := imap.look_at(url):
        return "收信", False, trouble
    return "收信", True, "邮箱读得到"


def _sso() -> Check:
    """Ask the issuer of the single sign-on what it says of itself, and at what time."""
    if not sso.is_on():
        return "单点登录", True, "没有配置，用密码登录"
    only = "，不收密码（应急用 sign-in-link）" if sso.replaces_passwords() else "，密码也能用"
    try:
        well, words = _compared(sso.look())
    except SsoDown:
        return "单点登录", False, f"{_settings().oidc_issuer} 没有应答，或者答得不对{only}"
    return "单点登录", well, f"有应答{words}{only}"


def _compared(apart: timedelta | None) -> tuple[bool, str]:
    """Return whether a clock outside agrees with this machine's, and words for it; one that is not told agrees."""
    if apart is None:
        return True, ""
    well = apart <= MOST_APART_OUTSIDE
    return well, f"，时钟相差 {apart.total_seconds():.0f} 秒" + (
        "" if well else "：请校准这台机器的时钟（chrony、ntp）"
    )
