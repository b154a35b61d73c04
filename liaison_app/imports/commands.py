"""Bring in a list from the command line."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import click
from flask.cli import with_appcontext

from liaison_app.core.db import transaction
from liaison_app.core.errors import LiaisonError
from liaison_app.jobs import worker
from liaison_app.jobs.errors import WrongSchema

from . import services
from .errors import RowsRefused
from .kinds import ListKind
from .plan import Line
from .rules import OUTCOME_NAMES, Outcome
from .sheets import MAX_UPLOAD


@click.command("import")
@click.argument("kind", type=click.Choice([kind.value for kind in ListKind]))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would become of each row, and write nothing.")
@with_appcontext
def import_list(kind: str, file: Path, dry_run: bool) -> None:
    """Bring in deputies, bureaus or stations from FILE (.xlsx or .csv), all rows or none."""
    with file.open("rb") as opened:
        # One byte more than is allowed tells that there is too much.
        data = opened.read(MAX_UPLOAD + 1)
    try:
        worker.refuse_wrong_schema()
        reading = services.read_file(ListKind(kind), data)
        if dry_run:
            lines = services.check(reading.kind, reading.entries)
        else:
            with transaction():
                lines = services.write_at_once(reading, file.name)
    except RowsRefused as refusal:
        lines, dry_run = list(refusal.lines), True
    except LiaisonError as refusal:
        raise click.ClickException(str(refusal)) from refusal
    except WrongSchema as mismatch:
        raise click.ClickException("数据表和程序版本对不上，请先运行 flask db upgrade。") from mismatch
    for line in lines:
        _show(line)
    counts = Counter(line.verdict.outcome for line in lines)
    said = "，".join(f"{name} {counts[outcome]} 行" for outcome, name in OUTCOME_NAMES.items())
    click.echo(f"{'没有写入' if dry_run else '已写入'}：{said}")
    if counts[Outcome.ERROR]:
        sys.exit(1)


def _show(line: Line) -> None:
    """Print what is wrong with a row, or what would change; new rows and those that stay say nothing."""
    verdict = line.verdict
    where = f"第 {verdict.number} 行 {verdict.title}"
    for problem in verdict.problems:
        click.echo(f"{where}　{problem}", err=True)
    if verdict.outcome is Outcome.CHANGED:
        for change in verdict.changes:
            click.echo(f"{where}　{change.header}：{change.before or '（空）'} → {change.after}")
    for note in line.notes:
        click.echo(f"{where}　{note}")
