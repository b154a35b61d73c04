"""How the system is doing: for monitors, and for the administrator in words."""

from __future__ import annotations

import hmac
from datetime import timedelta

from flask import Blueprint, Response, abort, current_app, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from liaison_app.access.guards import public, requires
from liaison_app.access.permissions import Permission
from liaison_app.core.htmx import render
from liaison_app.jobs.rules import SILENCE

from . import checks, figures, metrics
from .checks import OLDEST_BACKUP, OLDEST_TRIAL

bp = Blueprint("operations", __name__)

LONG_WAIT = timedelta(hours=1).total_seconds()
FORWARDED = ("X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "Via")


@bp.get("/readyz")
@public
def ready() -> ResponseReturnValue:
    """Answer 200 when this program may serve this database: it answers, and is at the program's migration."""
    present, newest = checks.find_migration()
    if present != newest:
        return Response("another migration\n", 503, mimetype="text/plain")
    return Response("ready\n", mimetype="text/plain")


@bp.get("/metrics")
@public
def numbers() -> ResponseReturnValue:
    """Give the figures to Prometheus on this machine, or to whoever bears the token; else there is no such page."""
    if not (_bears_token() or _is_here()):
        abort(404)
    return Response(metrics.text(), content_type="text/plain; version=0.0.4; charset=utf-8")


@bp.get("/system")
@requires(Permission.SYSTEM_READ)
def system() -> ResponseReturnValue:
    """Show how outbox, worker, backups, disk and tables are doing; `flask check` says more, on the machine itself."""
    return render("operations/system.html", rows=_rows(figures.read()))


def _rows(now: figures.Figures) -> list[tuple[str, str, bool]]:
    """Return (what, how it is in words, whether that is well)."""
    return [
        (_("等着发的邮件"), _("%(n)d 封", n=now.outbox_waiting), True),
        (_("最早一封等了"), _ago(now.outbox_oldest_seconds, _("没有")), (now.outbox_oldest_seconds or 0) < LONG_WAIT),
        (_("失败的消息"), _("%(n)d 条", n=now.outbox_failed), now.outbox_failed == 0),
        (_("等着做的后台任务"), _("%(n)d 件", n=now.jobs_waiting), True),
        (_("放弃的后台任务"), _("%(n)d 件", n=now.jobs_dead), now.jobs_dead == 0),
        (_("后台最近一次动静"), _ago(now.worker_seen_seconds, _("没有")), _within(now.worker_seen_seconds, SILENCE)),
        (_("最近一次备份"), _ago(now.backup_age_seconds, _("没有")), _within(now.backup_age_seconds, OLDEST_BACKUP)
         and not now.backup_failed),
        (_("最近一次恢复核对"), _ago(now.backup_tried_age_seconds, _("没有")),
         _within(now.backup_tried_age_seconds, OLDEST_TRIAL)),
        (_("磁盘还剩"), f"{now.disk_free_bytes // checks.MEGABYTE} MB", now.disk_free_bytes > checks.ENOUGH_SPACE),
        (_("数据表版本"), _("和程序一致") if now.migration_is_right else _("和程序不一致"), bool(now.migration_is_right)),
    ]  # fmt: skip


def _within(seconds: float | None, limit: timedelta) -> bool:
    return seconds is not None and seconds <= limit.total_seconds()


def _ago(seconds: float | None, nothing: str) -> str:
    if seconds is None:
        return nothing
    minutes = int(seconds // 60)
    if minutes < 2 * 60:
        return _("%(n)d 分钟", n=minutes)
    return _("%(n)d 小时", n=minutes // 60) if minutes < 48 * 60 else _("%(n)d 天", n=minutes // 1440)


def _bears_token() -> bool:
    token = current_app.config["LIAISON"].metrics_token
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    return bool(token) and scheme == "Bearer" and hmac.compare_digest(given.encode(), token.encode())


def _is_here() -> bool:
    """Whether the request comes from this machine itself, by no proxy; the address that a proxy names does not count.

    With a token set, only the token counts.
    """
    if current_app.config["LIAISON"].metrics_token or any(name in request.headers for name in FORWARDED):
        return False
    before_proxy = request.environ.get("werkzeug.proxy_fix.orig", request.environ)
    return before_proxy.get("REMOTE_ADDR", "") in {"", "127.0.0.1", "::1"}
