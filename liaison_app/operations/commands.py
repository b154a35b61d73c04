"""Commands that keep an installation running: check, backup, restore."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from liaison_app.core.errors import LiaisonError
from liaison_app.core.text import local
from liaison_app.settings import Settings

from . import backups, checks

MEGABYTE = 1024 * 1024
key_file = click.option(
    "--key-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file that holds the passphrase, instead of LIAISON_BACKUP_KEY.",
)


@click.command("check")
@with_appcontext
def check() -> None:
    """Look at everything that can go wrong with this installation; exit with 1 where something is wrong."""
    found = checks.run()
    for name, is_well, words in found:
        click.echo(f"{'好  ' if is_well else '不好'}  {name}：{words}")
    if not all(is_well for _, is_well, _ in found):
        sys.exit(1)


@click.command("backup")
@click.option("--to", "folder", type=click.Path(file_okay=False, path_type=Path), help="Where to put it.")
@click.option("--keep", type=click.IntRange(1), help="How many to keep.")
@key_file
@with_appcontext
def backup(folder: Path | None, keep: int | None, key_file: Path | None) -> None:
    """Make a backup while everything runs, and try it out by restoring it."""
    settings = _settings()
    passphrase = _passphrase(key_file)
    try:
        made = backups.make(
            folder or settings.backups, keep=keep or settings.backup_keep, passphrase=passphrase
        )
    except LiaisonError as failure:
        raise click.ClickException(str(failure)) from failure
    tried = "恢复到别处核对过" if made.is_tried else "只读过一遍（没有建库的权限，没能恢复到别处核对）"
    click.echo(
        f"备份好了：{made.file}（{made.bytes / MEGABYTE:.1f} MB，{made.rows} 行，{made.seconds:.1f} 秒，{tried}）"
    )
    click.echo("里面没有密钥（LIAISON_SECRET_KEY 或 secret-key）：请分开另存一份，没有它恢复不出电话和来信。")
    if not made.is_sealed:
        click.echo("注意：没有设 LIAISON_BACKUP_KEY，这份备份没有加密。")


@click.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--check", "only_check", is_flag=True, help="Only restore into a place of its own and look.")
@click.option("--replace", is_flag=True, help="Replace a database that holds data; it is kept aside.")
@click.option("--other-key", is_flag=True, help="Go on although the secret key is not the backup's.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@key_file
@with_appcontext
def restore(
    file: Path, only_check: bool, replace: bool, other_key: bool, yes: bool, key_file: Path | None
) -> None:
    """Put a backup in the place of the database; web server and worker have to be stopped."""
    passphrase = _passphrase(key_file)
    try:
        if only_check:
            is_tried = backups.check(file, passphrase=passphrase)
            click.echo(
                "这份备份是好的，" + ("恢复到别处核对过。" if is_tried else "但只读过一遍，没有恢复。")
            )
            return
        if not yes:
            click.confirm(f"用 {file.name} 换掉现在的数据库？备份之后做的事都会没有", abort=True)
        done = backups.restore(file, passphrase=passphrase, replace=replace, other_key=other_key)
    except LiaisonError as refusal:
        raise click.ClickException(str(refusal)) from refusal
    click.echo(f"恢复到了 {local(done.at):%Y-%m-%d %H:%M:%S} 的样子。")
    if done.migrated_from:
        click.echo(f"数据表从 {done.migrated_from} 升级过来了。")
    if done.aside:
        click.echo(f"原来的数据库另存在：{done.aside}。核对完请删掉。")
    click.echo(f"有 {done.held} 封邮件没有自动发，在“消息”里：可能后来发过了，请先问一声。")
    click.echo("每个人都要重新登录；备份以后停用的账号、收回的授权、停用的日历链接请再做一次。")


def _passphrase(key_file: Path | None) -> str:
    return key_file.read_text(encoding="utf-8").strip() if key_file else _settings().backup_key


def _settings() -> Settings:
    settings: Settings = current_app.config["LIAISON"]
    return settings
