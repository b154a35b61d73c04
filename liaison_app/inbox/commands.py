"""The door for a pipe: a mail server hands over one mail on standard input."""

from __future__ import annotations

import sys

import click
from flask.cli import with_appcontext
from sqlalchemy.exc import DBAPIError

from liaison_app.core.db import transaction

from . import services
from .kinds import Source
from .mime import LARGEST_MAIL

# What a mail server understands as “keep it and try again” (sysexits.h, EX_TEMPFAIL).
LATER = 75


@click.command("inbox")
@with_appcontext
def take_in() -> None:
    """Take in one mail from standard input: flask inbox < message.eml."""
    raw = sys.stdin.buffer.read(LARGEST_MAIL + 1)
    if not raw.strip():
        raise click.ClickException("标准输入里没有邮件。用法：flask inbox < message.eml")
    is_cut = len(raw) > LARGEST_MAIL
    try:
        with transaction():
            mail = services.receive(raw, Source.PIPE, is_cut=is_cut)
        if mail is None:
            click.echo("这封信已经收过了。")
            return
        with transaction():
            services.settle(mail.id)
    except DBAPIError as error:
        click.echo(f"数据库现在用不了，请稍后再交一次（{type(error.orig).__name__}）。", err=True)
        sys.exit(LATER)
    click.echo("收下了。")
