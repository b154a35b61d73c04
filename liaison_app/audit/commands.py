"""Check the trail from the command line."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from flask.cli import with_appcontext
from sqlalchemy.exc import SQLAlchemyError

from liaison_app.core.checks import Check
from liaison_app.core.text import local

from . import chain, queries, rules
from .kinds import FLAW_NAMES

ANCHOR_IS = "位置:校验值，照上次打印的抄，校验值至少 16 位"


@click.command("audit-verify")
@click.option(
    "--anchor", help="“position:hash” as an earlier run printed it: has the end been cut off since?"
)
@click.option(
    "--old-secret",
    "old_secrets",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file with an earlier LIAISON_SECRET_KEY; may be given several times.",
)
@with_appcontext
def audit_verify(anchor: str | None, old_secrets: tuple[Path, ...]) -> None:
    """Check that nobody changed, deleted or inserted an entry of the trail; exit with 1 where somebody did."""
    report = chain.verify(
        old_secrets=[file.read_text(encoding="utf-8").strip() for file in old_secrets],
        anchor=_read(anchor) if anchor else None,
    )
    click.echo(f"核对了 {report.entries} 条，{_when(report.first_at)} 至 {_when(report.last_at)}")
    if report.unsealed:
        click.echo(f"还有 {report.unsealed} 条刚写下，等后台封进链里")
    if report.fault:
        click.echo(f"不好：{FLAW_NAMES[report.fault.flaw]}。{chain.where(report.fault)}")
        sys.exit(1)
    click.echo(f"全部对得上。把下面这一行抄到别处（纸上、别的系统），下次用 --anchor 核对：\n{report.anchor}")


@click.command("audit-seal")
@with_appcontext
def audit_seal() -> None:
    """Seal what waits, as the worker does once a minute: before a check, or while the worker is stopped."""
    click.echo(f"封了 {chain.seal(is_whole=True)} 条")


def check() -> Check:
    """Say for `flask check` where the chain stands; walking along all of it is for `audit-verify`."""
    try:
        missing, state = queries.list_missing_guards(), queries.chain_state()
    except SQLAlchemyError:
        return "操作记录", False, "读不到，先看数据库和数据表"
    if missing:
        return "操作记录", False, f"数据库里少了保护：{'、'.join(missing)}"
    if not state.is_well:
        return "操作记录", False, "上次核对没有通过，请运行 audit-verify"
    if state.is_late:
        return "操作记录", False, f"有 {state.waiting} 条早该封进链里，后台（worker）可能没在运行"
    return "操作记录", True, f"已封 {state.position} 条，等着封的 {state.waiting} 条"


def _read(anchor: str) -> tuple[int, str]:
    try:
        return rules.read_anchor(anchor)
    except ValueError as error:
        raise click.BadParameter(ANCHOR_IS, param_hint="--anchor") from error


def _when(moment: object) -> str:
    at = rules.moment_of(moment)
    return local(at).strftime("%Y-%m-%d %H:%M:%S") if at else "（没有）"
