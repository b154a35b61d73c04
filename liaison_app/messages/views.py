"""The outbox: what goes to whom, what failed, whom a clerk has to call."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from liaison_app.access.guards import allowed_paths, may, requires
from liaison_app.access.permissions import Permission
from liaison_app.audit import queries as audit
from liaison_app.audit import traces
from liaison_app.audit.rules import ACTION_NAMES
from liaison_app.core import clock
from liaison_app.core.db import transaction
from liaison_app.core.errors import Missing, Refused
from liaison_app.core.htmx import render
from liaison_app.core.paging import Page, asked_page
from liaison_app.core.text import clean_line
from liaison_app.core.web import own_path, translated
from liaison_app.jobs.queries import last_heartbeat
from liaison_app.jobs.rules import is_silent

from . import queries, services
from .kinds import CHANNEL_NAMES, KIND_NAMES, OUTCOME_NAMES, Channel, MessageState, kind_name
from .models import Message
from .queries import ATTENTION, Filter

bp = Blueprint("messages", __name__)

LONGEST_SEARCH = 60
WORDS: dict[str, Any] = {
    "kind_name": kind_name,
    "channel_names": CHANNEL_NAMES,
    "outcome_names": OUTCOME_NAMES,
}


@bp.get("/messages")
@requires(Permission.MESSAGE_READ)
def outbox() -> ResponseReturnValue:
    """List the messages of the own part of the tree; the address says which: state, channel, kind, meeting, words."""
    paths = allowed_paths(Permission.MESSAGE_READ)
    wanted, page = _asked(), asked_page(request.args.get("page"))
    found, total = queries.search(paths, wanted, page)
    return render(
        "messages/outbox.html",
        fragment="messages/_outbox.html",
        messages=found,
        wanted=wanted,
        attention=ATTENTION,
        counts=queries.count_by_state(paths, wanted),
        paging=Page(page, queries.PER_PAGE, total),
        unreachable=queries.find_unreachable(paths),
        mail_is_on=queries.mail_is_on(),
        worker_is_away=queries.mail_is_on() and is_silent(last_heartbeat(), clock.now()),
        may_manage=lambda message: may(Permission.MESSAGE_MANAGE, message),
        kinds=KIND_NAMES,
        **WORDS,
    )


def _asked() -> Filter:
    """Return the filter of the address; what is none of the known values does not narrow."""
    args = request.args
    state, channel, kind = args.get("state", ""), args.get("channel", ""), args.get("kind", "")
    return Filter(
        state=state if state in {ATTENTION, *MessageState} else "",
        channel=channel if channel in set(Channel) else "",
        kind=kind if re.fullmatch(r"[a-z_]{1,60}", kind) else "",
        meeting_id=args.get("meeting", type=int),
        thread=thread if re.fullmatch(r"[a-z]{1,20}-[0-9]{1,10}", thread := args.get("thread", "")) else "",
        text=clean_line(args.get("q", ""))[:LONGEST_SEARCH],
    )


@bp.get("/messages/<int:message_id>")
@requires(Permission.MESSAGE_READ, on=queries.get_message)
def message(message: Message) -> ResponseReturnValue:
    """Show one message: its exact text, its calendar object, and what became of it."""
    manages = may(Permission.MESSAGE_MANAGE, message)
    return render(
        "messages/message.html",
        message=message,
        manages=manages,
        may_reveal=may(Permission.PHONE_REVEAL, message),
        # Once: the page that follows the button, and not the one after a reload.
        is_revealed=session.pop("revealed", None) == message.id and may(Permission.PHONE_REVEAL, message),
        calendar=(message.calendar or b"").decode("utf-8", "replace") if manages else "",
        history=_history(message),
        mail_is_on=queries.mail_is_on(),
        **WORDS,
    )


def _history(message: Message) -> list[dict[str, Any]]:
    """Return what happened, in order: written, each try, each act of a clerk."""
    steps: list[tuple[datetime, str, str, str]] = [(message.created_at, _("写好，放进消息"), "", "")]
    tries = queries.list_deliveries(message.id)
    for one in tries:
        if one.outcome:
            words = _(OUTCOME_NAMES[one.outcome])
        elif message.state == MessageState.SENDING and one is tries[-1]:
            words = _("正在交给邮件服务器")
        else:
            words = _("发到一半中断了，不知道结果；可能会收到两份相同的")
        steps.append((one.ended_at or one.started_at, words, one.detail, ""))
    for entry in audit.trail_of("message", message.id):
        steps.append((entry.at, _(ACTION_NAMES.get(entry.action, entry.action)), "", entry.actor_name))
    if message.superseded_at:
        steps.append((message.superseded_at, _("后面有更新的通知，这一条作废"), "", ""))
    steps.sort(key=lambda step: step[0])
    return [dict(zip(("at", "words", "detail", "by"), step, strict=True)) for step in steps]


@bp.get("/messages/<int:message_id>.eml")
@requires(Permission.MESSAGE_MANAGE, on=queries.get_message)
def download(message: Message) -> ResponseReturnValue:
    """Give the mail as it goes over the wire, for a mail program to open."""
    if message.raw is None or message.is_sealed:
        raise Missing
    raw, name = message.raw, f"message-{message.id}.eml"
    traces.note_taken("messages:message:export", message, message.to_name)
    return traces.give_file(raw, name=name, content_type="message/rfc822")


@bp.post("/messages/<int:message_id>/told")
@requires(Permission.MESSAGE_MANAGE, on=queries.get_message)
def told(message: Message) -> ResponseReturnValue:
    """Tick off somebody who was told by telephone."""
    return _act(services.told_by_phone, message, _("已记下：%(name)s，电话通知了。", name=message.to_name))


@bp.post("/messages/<int:message_id>/retry")
@requires(Permission.MESSAGE_MANAGE, on=queries.get_message)
def retry(message: Message) -> ResponseReturnValue:
    """Send a mail again, or put a call back on the list."""
    return _act(services.retry, message, _("放回待发：%(name)s。", name=message.to_name))


@bp.route("/messages/<int:message_id>/drop", methods=["GET", "POST"])
@requires(Permission.MESSAGE_MANAGE, on=queries.get_message)
def drop(message: Message) -> ResponseReturnValue:
    """Ask, then decide that a message is not to be sent."""
    if request.method == "POST":
        return _act(services.drop, message, _("不发了：%(name)s。", name=message.to_name))
    return render("messages/drop.html", message=message, back=_back(message), **WORDS)


@bp.post("/messages/<int:message_id>/phone")
@requires(Permission.PHONE_REVEAL, on=queries.get_message)
def phone(message: Message) -> ResponseReturnValue:
    """Show a telephone number in full, once, and write down who looked."""
    with transaction():
        services.reveal_phone(message.id, by=g.account)
    session["revealed"] = message.id
    return redirect(url_for(".message", message_id=message.id), 303)


def _act(verb: Any, message: Message, done: str) -> ResponseReturnValue:
    """Do what a button says and go back to where it stood; why it could not be done is said there."""
    back = _back(message)
    try:
        with transaction():
            verb(message.id, by=g.account)
    except Refused as refusal:
        flash(translated(refusal), "error")
    else:
        flash(done)
    return redirect(back, 303)


def _back(message: Message) -> str:
    """Return the page of this application from which somebody came, else the message's own."""
    return own_path(request.values.get("back") or url_for(".message", message_id=message.id))
