"""What requests leave in the trail beside what services write: files taken along, texts looked at, refusals."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import timedelta

from flask import Response, current_app, g, request
from flask_babel import gettext as _
from sqlalchemy.exc import SQLAlchemyError

from liaison_app.core import clock
from liaison_app.core.db import db, lock_key, transaction
from liaison_app.core.sheets import MIMETYPE, csv_file
from liaison_app.core.text import clean_line, local
from liaison_app.core.web import client_address
from liaison_app.limits import requests as limits

from . import queries, rules, services
from .kinds import Result
from .rules import About

log = logging.getLogger("liaison.audit")

REFUSED, MANY_REFUSED = "access:request:refuse", "access:request:refuse_many"
LOCKED, TOO_FAST = "accounts:account:refuse_locked", "access:request:too_fast"
# Whoever opens the same list again within the hour is noted once; whoever is refused the same, once in ten minutes.
VIEW_AGAIN, REFUSAL_AGAIN = timedelta(hours=1), timedelta(minutes=10)
MOST_REFUSALS, REFUSALS_WITHIN = 30, timedelta(hours=1)


# --- files --------------------------------------------------------------------


def give_csv(
    rows: Iterable[Iterable[object]],
    *,
    name: str,
    action: str,
    about: object | None = None,
    asked: Iterable[str] = (),
) -> Response:
    """Return rows, the first being the head, as a file `name`, and note who took how many of them.

    `asked` are the names of the filters in the address. The last line of the file says who took it, and when.
    """
    lines = [list(row) for row in rows]
    count = len(lines) - 1
    note_list_taken(action, about, count, asked)
    return give_file(csv_file([*lines, [], [mark(count)]]), name=name, content_type=MIMETYPE)


def note_list_taken(action: str, about: object | None, count: int, asked: Iterable[str]) -> None:
    """Note that the signed-in account takes a list along, how long it is and by which filters."""
    filters = rules.words_asked({one: clean_line(request.args.get(one, "")) for one in asked})
    note_taken(action, about, f"{count} 条{filters}")


def mark(count: int) -> str:
    """Return the line that tells of a file that turns up somewhere whose it was."""
    moment = local(clock.now()).strftime("%Y-%m-%d %H:%M:%S")
    values = {"name": g.account.name, "login": g.account.login, "at": moment, "n": count}
    return _("%(name)s（账号 %(login)s）%(at)s 从系统下载，共 %(n)d 条", **values)


def note_taken(action: str, about: object | None, sentence: str) -> None:
    """Note that the signed-in account takes a file along; without the note there is no file.

    Ends the transaction in which the file's rows were read.
    """
    if request.method == "HEAD":
        return
    at = rules.about(about)
    with transaction():
        services.record_about(action, at, by=g.account, sentence=sentence)


def give_file(content: bytes, *, name: str, content_type: str) -> Response:
    """Return bytes as a file to keep; `name` is plain ASCII."""
    response = Response(content, content_type=content_type)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


# --- texts --------------------------------------------------------------------


def note_view(action: str, about: object) -> None:
    """Let the signed-in account's look at reasons or questions be noted once the page is made."""
    g.setdefault("looked_at", []).append((action, rules.about(about)))


def note_locked(account: object | None) -> None:
    """Let it be noted, once the answer is made, that a sign-in to an account, where it is known, was not even tried."""
    g.locked_out = rules.about(account)


# --- after each request -------------------------------------------------------


def note_request(response: Response) -> Response:
    """Note what was looked at, what was refused to whoever has signed in, and who was turned away before anything
    was looked at. Never changes the answer."""
    if request.method == "HEAD":
        return response
    try:
        if "locked_out" in g:
            _note_turned_away(LOCKED, g.locked_out, "", address=client_address())
        elif response.status_code == 429:
            _note_turned_away(TOO_FAST, rules.about(None), f"{request.method} {request.endpoint}")
        elif g.get("account") is None:
            pass
        elif response.status_code in (403, 404):
            _note_refusal(response.status_code)
        elif response.status_code in (200, 422):
            for action, at in g.get("looked_at", ()):
                _note_look(action, at)
    except SQLAlchemyError:
        db.session.rollback()
        log.exception("what was refused or looked at could not be noted")
    return response


def _note_look(action: str, at: About) -> None:
    db.session.rollback()
    since = clock.now() - VIEW_AGAIN
    if queries.is_noted(g.account.id, action, at.kind, at.id, since):
        return
    with transaction():
        services.record_about(action, at, by=g.account)


def _note_refusal(status: int) -> None:
    """Note one line for the same request in a while, and no more than so many in an hour: a scanner must not
    fill the trail (SECURITY K6, K8). Whoever is noted already costs reading only."""
    view = current_app.view_functions.get(request.endpoint or "")
    if getattr(view, "liaison_guard", "public") == "public":
        return
    db.session.rollback()
    at = _refused_thing()
    sentence = f"{_why(status)}　{request.method} {request.endpoint}"
    if _is_known(at, sentence):
        return
    with transaction():
        lock_key(f"refused {g.account.id}")
        # Another request of the same account may have been quicker.
        if _is_known(at, sentence):
            return
        since = clock.now() - REFUSALS_WITHIN
        if queries.count_noted(g.account.id, REFUSED, since) < MOST_REFUSALS:
            services.record_about(REFUSED, at, by=g.account, sentence=sentence, result=Result.REFUSED)
        else:
            services.record(MANY_REFUSED, by=g.account, sentence=_MANY, result=Result.REFUSED)


def _note_turned_away(action: str, at: About, sentence: str, *, address: str = "") -> None:
    """Note one line for the same from the same place in a while, and so many in an hour from everybody together.

    What is the same does not depend on which account it was: the time of an answer would tell which there are.
    Nobody's address is kept but that of who knocks at the staff's door.
    """
    by = g.get("account")
    kept_address = (address or (client_address() if by else "")) or None
    many = f"{rules.ACTION_NAMES[action]}：{_MANY}"

    def is_noted() -> bool:
        now = clock.now()
        return queries.is_known(
            by.id if by else None, action, kept_address, sentence, now - REFUSAL_AGAIN
        ) or queries.is_known(None, MANY_REFUSED, None, many, now - REFUSALS_WITHIN)

    # A limit that this request is over must not keep its line out.
    limits.waive()
    db.session.rollback()
    if is_noted():
        return
    with transaction():
        lock_key(f"turned away {action}")
        if is_noted():
            return
        if queries.count_since(action, clock.now() - REFUSALS_WITHIN) < MOST_REFUSALS:
            services.record_about(
                action, at, by=by, sentence=sentence, result=Result.REFUSED, at_staff_door=bool(address)
            )
        else:
            services.record(MANY_REFUSED, by=None, sentence=many, result=Result.REFUSED)


_MANY = f"一小时内被拒的请求超过 {MOST_REFUSALS} 个，其余的没有逐条记"


def _is_known(at: About, sentence: str) -> bool:
    by, now = g.account.id, clock.now()
    return queries.is_noted(by, REFUSED, at.kind, at.id, now - REFUSAL_AGAIN, sentence) or queries.is_noted(
        by, MANY_REFUSED, "", None, now - REFUSALS_WITHIN
    )


def _why(status: int) -> str:
    if status == 403:
        return "没有这项权限"
    return "不在自己的单位里" if g.get("refused_unit_id") else "没有这一个，或者不归自己管"


def _refused_thing() -> About:
    """Return which thing the address is about, as the address says it, and the unit that owns it."""
    numbers = [(name, value) for name, value in (request.view_args or {}).items() if isinstance(value, int)]
    name, id = numbers[-1] if numbers else ("", None)
    return About(name.removesuffix("_id"), id, g.get("refused_unit_id"))
