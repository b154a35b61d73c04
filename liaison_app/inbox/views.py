"""The letters that came in: what waits for a clerk, why, and what can be done about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from liaison_app.access.guards import allowed_paths, may, requires
from liaison_app.access.permissions import Permission
from liaison_app.audit import traces
from liaison_app.core import clock
from liaison_app.core.db import transaction
from liaison_app.core.errors import Missing, Refused
from liaison_app.core.htmx import render
from liaison_app.core.paging import Page, asked_page
from liaison_app.core.text import clean_line
from liaison_app.core.web import current_settings, row_id, translated
from liaison_app.invitations import queries as invitations
from liaison_app.invitations import rules as answers
from liaison_app.invitations.errors import StaleAnswer
from liaison_app.invitations.forms import AnswerForm
from liaison_app.invitations.kinds import ANSWER_NAMES, AnswerState
from liaison_app.invitations.models import Invitation
from liaison_app.people import queries as people

from . import imap, queries, services
from .errors import AlreadyDone
from .kinds import REASON_HINTS, REASON_NAMES, MailState, Reason
from .mime import Mail
from .models import ReceivedMail
from .queries import Choice
from .rules import ANSWERS

bp = Blueprint("inbox", __name__, url_prefix="/messages/inbox")

LONGEST_SEARCH = 40
SHOWN = (MailState.REVIEW, MailState.DISMISSED, MailState.SETTLED)
WORDS: dict[str, Any] = {"reason_names": REASON_NAMES, "reason_hints": REASON_HINTS}


@bp.get("")
@requires(Permission.MESSAGE_MANAGE)
def mails() -> ResponseReturnValue:
    """List what came in for the own part of the tree; `?state=` says which, at first what waits for a clerk."""
    paths = allowed_paths(Permission.MESSAGE_MANAGE)
    state, page = _asked_state(request.args.get("state", "")), asked_page(request.args.get("page"))
    found, total = queries.list_mails(paths, state, page)
    url = current_settings().imap_url
    return render(
        "inbox/mails.html",
        fragment="inbox/_mails.html",
        mails=found,
        state=state,
        counts=queries.count_by_state(paths),
        paging=Page(page, queries.PER_PAGE, total),
        mailbox=queries.find_mailbox(imap.name_of(url)) if url else None,
        reads_mailbox=bool(url),
        **WORDS,
    )


def _asked_state(text: str) -> MailState:
    return next((state for state in SHOWN if state == text), MailState.REVIEW)


@bp.get("/<int:mail_id>")
@requires(Permission.MESSAGE_MANAGE, on=queries.get_mail)
def mail(mail: ReceivedMail) -> ResponseReturnValue:
    """Show one letter as plain text, why it waits, and what can be done; `?invitation=` opens one answer."""
    traces.note_view("inbox:mail:view", mail)
    return _mail(mail, request.args.get("invitation", type=row_id))


@bp.post("/<int:mail_id>/take/<int:invitation_id>")
@requires(Permission.MESSAGE_MANAGE, on=queries.get_choice)
def take(choice: Choice) -> ResponseReturnValue:
    """Write down as an answer what the letter says."""
    mail, invitation = choice.mail, choice.invitation
    if not may(Permission.INVITATION_ANSWER, invitation.meeting):
        raise Missing
    form = _form_for(invitation)
    if not mail.is_open:
        flash(translated(AlreadyDone()), "error")
        return redirect(url_for(".mails"), 303)
    if form.validate_on_submit() and _take(form, mail, invitation):
        flash(
            _(
                "已记下：%(name)s %(answer)s（来信）",
                name=invitation.name,
                answer=_(ANSWER_NAMES[invitation.answer]),
            )
        )
        return redirect(url_for(".mails"), 303)
    return _mail(mail, invitation.id, form)


@bp.route("/<int:mail_id>/sender", methods=["GET", "POST"])
@requires(Permission.MESSAGE_MANAGE, on=queries.get_mail)
def sender(mail: ReceivedMail) -> ResponseReturnValue:
    """Look for the person whose address this is, and put it to that person's name."""
    if request.method == "POST":
        return _add_sender(mail, request.form.get("person", 0, type=row_id))
    name = clean_line(request.args.get("q", ""))[:LONGEST_SEARCH]
    return render(
        "inbox/sender.html",
        mail=mail,
        name=name,
        people=people.list_named(name) if name else _likely(mail),
        **WORDS,
    )


@bp.post("/<int:mail_id>/dismiss")
@requires(Permission.MESSAGE_MANAGE, on=queries.get_mail)
def dismiss(mail: ReceivedMail) -> ResponseReturnValue:
    """Set a letter aside; it can be taken up again."""
    return _act(services.dismiss, mail, _("放到“不用管的”里了，可以再拿出来。"))


@bp.post("/<int:mail_id>/reopen")
@requires(Permission.MESSAGE_MANAGE, on=queries.get_mail)
def reopen(mail: ReceivedMail) -> ResponseReturnValue:
    """Take up again what was set aside."""
    return _act(services.reopen, mail, _("又放回“等您处理”了。"))


def _act(verb: Any, mail: ReceivedMail, done: str) -> ResponseReturnValue:
    try:
        with transaction():
            verb(mail.id, by=g.account)
    except Refused as refusal:
        flash(translated(refusal), "error")
    else:
        flash(done)
    return redirect(url_for(".mails"), 303)


def _add_sender(mail: ReceivedMail, person_id: int) -> ResponseReturnValue:
    try:
        with transaction():
            after = services.add_sender(mail.id, person_id, by=g.account)
            counted = after.reason is Reason.COUNTED
    except Missing:
        flash(_("请先选一位。"), "error")
        return redirect(url_for(".sender", mail_id=mail.id), 303)
    except Refused as refusal:
        flash(translated(refusal), "error")
        return redirect(url_for(".mail", mail_id=mail.id), 303)
    if counted:
        flash(_("登记好了，这封信里的答复也记下了。"))
        return redirect(url_for(".mails"), 303)
    flash(_("登记好了。这封信还要您看一下。"))
    return redirect(url_for(".mail", mail_id=mail.id), 303)


def _take(form: AnswerForm, mail: ReceivedMail, invitation: Invitation) -> bool:
    """Take the answer of a form; a refusal comes back beside its field."""
    try:
        with transaction():
            services.take_by_hand(
                mail.id, invitation.id, form.given(), sequence=form.sequence.data or 0, by=g.account
            )
    except Refused as refusal:
        form.refuse(refusal)
        if isinstance(refusal, StaleAnswer):
            form.show_anew(invitation)
        return False
    return True


def _mail(
    mail: ReceivedMail, invitation_id: int | None, form: AnswerForm | None = None
) -> ResponseReturnValue:
    read = queries.read_mail(mail)
    choices = _choices(mail) if mail.is_open else []
    opened = _chosen(choices, invitation_id)
    if opened is None and len(choices) == 1:
        opened = choices[0]
    if opened is not None and form is None:
        form = _form_for(opened)
        _suggest(form, read)
    return render(
        "inbox/mail.html",
        status=422 if form is not None and form.errors else 200,
        mail=mail,
        read=read,
        choices=choices,
        opened=opened,
        form=form,
        answer=_said(read),
        answer_names=ANSWER_NAMES,
        may_name_sender=bool(read.sender) and mail.is_open,
        **WORDS,
    )


def _choices(mail: ReceivedMail) -> list[Invitation]:
    """Return the invitations that this letter may answer and this clerk may write down."""
    found = queries.list_choices(mail, clock.now())
    return [one for one in found if may(Permission.INVITATION_ANSWER, one.meeting) and not _is_shut(one)]


def _is_shut(invitation: Invitation) -> bool:
    meeting, withdrawn = invitation.meeting, invitation.withdrawn_at is not None
    return (
        answers.refusal(meeting.state, meeting.ends_at, is_withdrawn=withdrawn, now=clock.now()) is not None
    )


def _chosen(choices: Sequence[Invitation], invitation_id: int | None) -> Invitation | None:
    return next((one for one in choices if one.id == invitation_id), None)


def _form_for(invitation: Invitation) -> AnswerForm:
    form = AnswerForm()
    form.offer(invitation, invitations.list_stand_ins(invitation.participant), with_tentative=True)
    return form


def _suggest(form: AnswerForm, read: Mail) -> None:
    """Fill in what the calendar object says; it counts only when a clerk sends it."""
    answer = _said(read)
    if answer is not None and read.spoken is not None:
        form.choose(str(answer))
        form.reason.data = read.spoken.answer.comment[: answers.LONGEST_REASON]


def _said(read: Mail) -> AnswerState | None:
    return ANSWERS.get(read.spoken.answer.partstat) if read.spoken else None


def _likely(mail: ReceivedMail) -> Sequence[Any]:
    """Return whom the address may belong to before anybody was looked for."""
    return [mail.invitation.participant.person] if mail.invitation is not None else []
