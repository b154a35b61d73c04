"""What `flask check` looks at: each check says its name, whether all is well, and why in words."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from alembic.migration import MigrationContext
from flask import current_app
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from . import clock
from .db import db, is_sqlite

Check = tuple[str, bool, str]
ENOUGH_SPACE = 200 * 1024 * 1024


def run() -> list[Check]:
    """Return all checks of this installation, in the order a person would mend them."""
    return [_configuration(), _folder(), _database(), _migrations(), _clock()]


def _configuration() -> Check:
    settings = current_app.config["LIAISON"]
    problems = []
    if not settings.is_demo and not settings.secure:
        problems.append("LIAISON_BASE_URL 不是 https，登录和个人链接会明文传输")
    if not settings.is_demo and not settings.limits:
        problems.append("LIAISON_LIMITS=0，没有限次，程序可以一次报满席位")
    return "配置", not problems, "；".join(problems) or f"{settings.mode}，地址 {settings.base_url}"


def _folder() -> Check:
    folder: Path = current_app.config["LIAISON"].data
    if not os.access(folder, os.W_OK):
        return "数据文件夹", False, f"{folder} 写不进去"
    free = shutil.disk_usage(folder).free
    return "数据文件夹", free > ENOUGH_SPACE, f"{folder}，还剩 {free // (1024 * 1024)} MB"


def _database() -> Check:
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        return "数据库", False, str(error.__cause__ or error).splitlines()[0]
    return "数据库", True, "SQLite" if is_sqlite() else "PostgreSQL"


def _migrations() -> Check:
    newest = (Path(current_app.extensions["migrate"].directory) / "HEAD").read_text(encoding="ascii").strip()
    try:
        with db.engine.connect() as connection:
            present = MigrationContext.configure(connection).get_current_revision()
    except SQLAlchemyError:
        present = None
    return "数据表", present == newest, f"现在 {present}，应为 {newest}"


def _clock() -> Check:
    """Compare with the database's clock, which on PostgreSQL may be another machine's."""
    if is_sqlite():
        return "时钟", clock.now().year >= 2024, f"{clock.now():%Y-%m-%d %H:%M} UTC"
    theirs = db.session.execute(text("SELECT now()")).scalar_one()
    apart = abs((clock.now() - theirs).total_seconds())
    return "时钟", apart < 5, f"和数据库相差 {apart:.1f} 秒"
