"""Backups: one file each, tried out by restoring it before it counts as made; and the way back.

A backup holds a manifest, a copy of the database, and what else lies in the data folder; never the secret key, the
demo's passwords or other backups. The record beside the database says when the last one was made and tried out.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sqlite3
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import psycopg
from flask import current_app
from flask_migrate import upgrade

from liaison_app.accounts import services as accounts
from liaison_app.audit import services as audit
from liaison_app.core import clock
from liaison_app.core.db import db, keyed_hash, transaction
from liaison_app.core.logs import told
from liaison_app.core.text import local
from liaison_app.invitations import services as invitations
from liaison_app.messages import services as messages
from liaison_app.privacy import services as privacy
from liaison_app.scheduling import services as scheduling
from liaison_app.settings import Settings

from . import copies, running, sealing
from .copies import Contents
from .errors import BackupFailed, RestoreRefused

NAME = re.compile(r"liaison-\d{8}-\d{6}\.tar\.gz(\.sealed)?")
MANIFEST = "manifest.json"
RECORD = "backup-record.json"
ERASURES = "erasures.jsonl"
# What belongs to this machine, or opens what the backup holds.
LEFT_OUT = re.compile(
    r"secret-key|demo-accounts\.json|backup-record\.json|running|\..*|.*\.(sqlite3|turn|sealed|gz)([-.].*)?"
)
# A meeting is changed less often than that between two backups: its SEQUENCE after a restore is above all it ever had.
SEQUENCE_JUMP = 1000
TROUBLE = (OSError, sqlite3.Error, psycopg.Error, tarfile.TarError, sealing.Unreadable)


@dataclass(frozen=True)
class Made:
    """A backup that was made. `is_tried` says that it was restored into a place of its own, not only read."""

    file: Path
    bytes: int
    rows: int
    seconds: float
    is_sealed: bool
    is_tried: bool


@dataclass(frozen=True)
class Restored:
    """What a restore did: the moment it leads back to, where the old database is, and what it held back."""

    at: datetime
    aside: str
    held: int
    migrated_from: str


# --- making -----------------------------------------------------------------


def make(folder: Path, *, keep: int, passphrase: str) -> Made:
    """Make a backup in `folder`, try it out, and delete all but the newest `keep`. Raises BackupFailed."""
    began, settings = time.monotonic(), _settings()
    stamp = f"{local(clock.now()):%Y%m%d-%H%M%S}"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        target = folder / f"liaison-{stamp}.tar.gz{'.sealed' if passphrase else ''}"
        if target.exists():
            raise BackupFailed(f"{target} 已经有了，请过一秒再试。")
        with _scratch(settings) as scratch:
            manifest = _collect(scratch, settings)
            half = folder / f".{target.name}"
            try:
                _pack(scratch, half, passphrase)
                with _scratch(settings) as other:
                    is_tried = _try_out(half, other, passphrase, manifest)
                half.rename(target)
            finally:
                half.unlink(missing_ok=True)
        for old in list_backups(folder)[max(1, keep) :]:
            old.unlink()
    except TROUBLE as error:
        _note(settings, failed_at=clock.now().isoformat())
        raise BackupFailed(told(error)) from error
    except BackupFailed:
        _note(settings, failed_at=clock.now().isoformat())
        raise
    made = Made(
        target,
        target.stat().st_size,
        sum(manifest["counts"].values()),
        time.monotonic() - began,
        bool(passphrase),
        is_tried,
    )
    moment = clock.now().isoformat()
    _note(
        settings, made_at=moment, bytes=made.bytes, failed_at="", **({"tried_at": moment} if is_tried else {})
    )
    return made


def list_backups(folder: Path) -> list[Path]:
    """Return the backups of a folder, the newest first."""
    return sorted((one for one in folder.iterdir() if NAME.fullmatch(one.name)), reverse=True)


def read_record(settings: Settings) -> dict[str, Any]:
    """Return when the last backup was made and tried out, and when one failed; empty where there was none."""
    try:
        return dict(json.loads((settings.data / RECORD).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _note(settings: Settings, **values: object) -> None:
    place = settings.data / RECORD
    fresh = place.with_name(f".{RECORD}")
    try:
        fresh.write_text(json.dumps({**read_record(settings), **values}), encoding="utf-8")
        fresh.replace(place)
    except OSError:
        # A full disk: that the backup failed is said by whoever called, and its age says it as well.
        fresh.unlink(missing_ok=True)


def _collect(scratch: Path, settings: Settings) -> dict[str, Any]:
    """Put into `scratch` what goes into the backup, and return its manifest."""
    copied = copies.of(settings)
    contents = copied.take(scratch / copied.file_name)
    for one in sorted(settings.data.iterdir()):
        if one.is_file() and not LEFT_OUT.fullmatch(one.name):
            shutil.copy2(one, scratch / one.name)
    manifest = {
        "format": 1,
        "at": clock.now().isoformat(),
        "engine": copied.engine,
        **asdict(contents),
        "key": _key_mark(),
        "sha256": {one.name: _sha256(one) for one in sorted(scratch.iterdir())},
    }
    (scratch / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    return manifest


def _key_mark() -> str:
    """Return by what a later restore knows whether it has the key that this database was written with."""
    return keyed_hash("backup", "key")[:16]


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _pack(scratch: Path, target: Path, passphrase: str) -> None:
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        out: Any = sealing.Sealer(file, passphrase) if passphrase else file
        with tarfile.open(fileobj=out, mode="w|gz") as archive:
            for one in sorted(scratch.iterdir(), key=lambda one: (one.name != MANIFEST, one.name)):
                archive.add(one, arcname=one.name, recursive=False)
        if passphrase:
            out.close()
        file.flush()
        os.fsync(file.fileno())


# --- trying out ---------------------------------------------------------------


def check(file: Path, *, passphrase: str) -> bool:
    """Restore a backup into a place of its own and look; return whether it was restored, and not only read.

    Raises RestoreRefused where it is not whole.
    """
    settings = _settings()
    try:
        with _scratch(settings) as scratch:
            is_tried = _try_out(file, scratch, passphrase, None)
    except BackupFailed as flaw:
        raise RestoreRefused(flaw.why) from flaw
    except TROUBLE as error:
        raise RestoreRefused(told(error)) from error
    if is_tried:
        _note(settings, tried_at=clock.now().isoformat())
    return is_tried


def _try_out(file: Path, scratch: Path, passphrase: str, made: dict[str, Any] | None) -> bool:
    manifest = _unpack(file, scratch, passphrase)
    if made is not None and manifest != made:
        raise BackupFailed("写出来的清单和读回来的不一样。")
    copied = copies.of(_settings())
    if manifest["engine"] != copied.engine:
        raise BackupFailed(f"这份备份是 {manifest['engine']} 的，现在用的是 {copied.engine}。")
    found = copied.try_out(scratch / copied.file_name, scratch)
    if found is not None and found != Contents(manifest["migration"], manifest["counts"]):
        raise BackupFailed("恢复出来的行数或版本和清单不一样。")
    return found is not None


def _unpack(file: Path, scratch: Path, passphrase: str) -> dict[str, Any]:
    """Unpack a backup, compare each file with the manifest, and return that. Raises BackupFailed."""
    with file.open("rb") as content:
        sealed = sealing.is_sealed(content)
        if sealed and not passphrase:
            raise BackupFailed("这份备份是加密的，请给口令（LIAISON_BACKUP_KEY 或 --key-file）。")
        source: Any = sealing.Opener(content, passphrase) if sealed else content
        with tarfile.open(fileobj=source, mode="r|gz") as archive:
            archive.extractall(scratch, filter="data")
        while source.read(sealing.CHUNK_BYTES):
            pass  # to the end, so that a file that was cut off is noticed
    manifest: dict[str, Any] = json.loads((scratch / MANIFEST).read_text(encoding="utf-8"))
    for name, wanted in manifest["sha256"].items():
        if _sha256(scratch / name) != wanted:
            raise BackupFailed(f"{name} 和清单里的校验值不一样。")
    return manifest


# --- going back ---------------------------------------------------------------


def restore(file: Path, *, passphrase: str, replace: bool = False, other_key: bool = False) -> Restored:
    """Put a backup in the place of the database, which is kept aside. Raises RestoreRefused; then all is as it was.

    What was sent after the backup was made is not known to it. So nothing that waits in its outbox leaves by
    itself, every SEQUENCE jumps above all that calendars may have seen, every browser has to sign in again, and
    what was erased since is erased again.
    """
    settings = _settings()
    copied = copies.of(settings)
    try:
        with running.nobody_else(settings.data) as is_alone, _scratch(settings) as scratch:
            if not is_alone or copied.is_in_use():
                raise RestoreRefused("网站或后台还在运行，请先停下。")
            if copied.count_accounts() and not replace:
                raise RestoreRefused("现在的数据库里有数据。确定要换掉，请加 --replace（原来的会另存）。")
            manifest = _unpack(file, scratch, passphrase)
            _refuse_foreign(manifest, copied.engine, other_key=other_key)
            _put_files(manifest, copied.file_name, scratch, settings.data)
            held: list[int] = []
            stamp = f"{local(clock.now()):%Y%m%d-%H%M%S}"
            at = datetime.fromisoformat(manifest["at"])
            aside = copied.put(
                scratch / copied.file_name, scratch, stamp, lambda place: held.append(_finish(place, at))
            )
    except BackupFailed as flaw:
        raise RestoreRefused(flaw.why) from flaw
    except TROUBLE as error:
        raise RestoreRefused(told(error)) from error
    newest = _newest_migration()
    return Restored(at, aside, held[0], manifest["migration"] if manifest["migration"] != newest else "")


def _refuse_foreign(manifest: dict[str, Any], engine: str, *, other_key: bool) -> None:
    if manifest["engine"] != engine:
        raise RestoreRefused(f"这份备份是 {manifest['engine']} 的，现在设的是 {engine}。")
    known = {one.stem for one in (_migrations() / "versions").glob("*.py")}
    if manifest["migration"] not in known:
        raise RestoreRefused(f"这份备份来自更新的版本（{manifest['migration']}），请先升级程序。")
    if manifest["key"] != _key_mark() and not other_key:
        raise RestoreRefused(
            "密钥（LIAISON_SECRET_KEY 或数据文件夹里的 secret-key）不是做这份备份时的那一把："
            "电话、来信和个人链接都会读不出来。请先放回原来的密钥；实在没有了，加 --other-key。"
        )


def _finish(settings: Settings, at: datetime) -> int:
    """Bring a restored database up to date and make it safe to go on with; return how many mails were held back."""
    # Upwards: the application is put together from everything below it.
    make_app = import_module("liaison_app.app").create_app
    with make_app(settings).app_context():
        upgrade(directory=str(_migrations()))
        with transaction():
            held = messages.hold_unsent()
            scheduling.jump_sequences(SEQUENCE_JUMP)
            invitations.jump_sequences(SEQUENCE_JUMP)
            accounts.end_everything_open()
            when = f"{local(at):%Y-%m-%d %H:%M:%S}"
            audit.record("operations:backup:restore", by=None, sentence=when)
        privacy.replay_erasures()
        db.session.remove()
        db.engine.dispose()
    return held


def _put_files(manifest: dict[str, Any], database: str, scratch: Path, data: Path) -> None:
    """Put back the other files that are missing; none is written over, and the journal of erasures is merged."""
    for name in manifest["sha256"]:
        if name == ERASURES:
            _merge_lines(scratch / name, data / name)
        elif name != database and not (data / name).exists():
            shutil.copy2(scratch / name, data / name)


def _merge_lines(old: Path, kept: Path) -> None:
    """Add to the journal beside the database what only the backup's knows; it is never restored over."""
    known = kept.read_text(encoding="utf-8").splitlines() if kept.is_file() else []
    missing = [line for line in old.read_text(encoding="utf-8").splitlines() if line not in set(known)]
    if missing:
        fresh = kept.with_name(f".{ERASURES}")
        fresh.write_text("\n".join([*missing, *known, ""]), encoding="utf-8")
        fresh.replace(kept)


def _settings() -> Settings:
    settings: Settings = current_app.config["LIAISON"]
    return settings


def _migrations() -> Path:
    return Path(current_app.extensions["migrate"].directory)


def _newest_migration() -> str:
    return (_migrations() / "HEAD").read_text(encoding="ascii").strip()


@contextmanager
def _scratch(settings: Settings) -> Iterator[Path]:
    """Give a folder beside the database, where what is not encrypted lies anyway, and take it away again."""
    place = Path(tempfile.mkdtemp(prefix=".scratch-", dir=settings.data))
    try:
        yield place
    finally:
        copies.forget(place)


def age_of(moment: str | None) -> timedelta | None:
    """Return how long ago a moment of the record was, or None where there was none."""
    return clock.now() - datetime.fromisoformat(moment) if moment else None
