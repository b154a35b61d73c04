"""The answers to a meeting's invitations, for its host; and a bureau's own invitations, for its clerk."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, flash, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from liaison_app.access.guards import allowed_paths, may, requires
from liaison_app.access.permissions import Permission
from liaison_app.audit import traces
from liaison_app.core import clock
from liaison_app.core.db import transaction
from liaison_app.core.errors import Refused
from liaison_app.core.htmx import render
from liaison_app.core.web import row_id, translated
from liaison_app.limits.rules import FILES, REVEAL
from liaison_app.scheduling import ics
from liaison_app.scheduling import queries as meetings
from liaison_app.scheduling.models import Meeting

from . import letters, queries, rules, services
from .errors import StaleAnswer
from .forms import AnswerForm
from .kinds import ANSWER_NAMES, DOOR_NAMES, WEIGHT_NAMES, Door
from .models import Invitation
from .papers import board_rows
from .queries import Seen

bp = Blueprint("invitations", __name__)

# The browser session remembers whose number to show once, never the number.
REVEALED = "revealed_invitation"


# --- the host ----------------------------------------------------------------


@bp.get("/meetings/<int:meeting_id>/invitations")
@requires(Permission.INVITATION_READ, on=meetings.get_meeting)
def board(meeting: Meeting) -> ResponseReturnValue:
    """Show who was asked, what arrived and what was answered; `?answer=` opens one row to write down a call."""
    if not may(Permission.INVITATION_ANSWER, meeting):
        # An open row holds the personal link, which answers for whoever has it.
        return _board(meeting)
    return _board(meeting, *_opened(request.args.get("answer", type=row_id), queries.list_live(meeting.id)))


@bp.get("/meetings/<int:meeting_id>/invitations.csv")
@requires(Permission.INVITATION_READ, on=meetings.get_meeting, limit=FILES)
def board_csv(meeting: Meeting) -> ResponseReturnValue:
    """Give the answers as a file for a spreadsheet, without numbers and links."""
    rows = board_rows(queries.list_live(meeting.id), sees_reasons=may(Permission.INVITATION_ANSWER, meeting))
    name = f"answers-{meeting.code}.csv"
    return traces.give_csv(rows, name=name, action="invitations:answers:export", about=meeting)


@bp.post("/meetings/<int:meeting_id>/invitations/<int:invitation_id>/answer")
@requires(Permission.INVITATION_ANSWER, on=queries.get_hosted)
def note_call(seen: Seen) -> ResponseReturnValue:
    """Write down what somebody said by telephone."""
    invitation = seen.invitation
    form = _form_for(invitation)
    if form.validate_on_submit() and _take(form, invitation, Door.PHONE):
        flash(
            _(
                "已记下：%(name)s %(answer)s（电话）",
                name=invitation.name,
                answer=_(ANSWER_NAMES[invitation.answer]),
            )
        )
        return redirect(url_for(".board", meeting_id=invitation.meeting_id), 303)
    return _board(meetings.get_meeting(invitation.meeting_id), invitation, form)


@bp.post("/meetings/<int:meeting_id>/invitations/<int:invitation_id>/send")
@requires(Permission.MESSAGE_MANAGE, on=queries.get_hosted)
def send(seen: Seen) -> ResponseReturnValue:
    """Send one person the invitation once more, as it stands now."""
    try:
        with transaction():
            services.send_again(seen.invitation.id, by=g.account)
    except Refused as refusal:
        flash(translated(refusal), "error")
    else:
        flash(_("给%(name)s的邀请已放进发送队列。", name=seen.invitation.name))
    return redirect(url_for(".board", meeting_id=seen.invitation.meeting_id), 303)


@bp.post("/meetings/<int:meeting_id>/invitations/<int:invitation_id>/phone")
@requires(Permission.PHONE_REVEAL, on=queries.get_hosted, limit=REVEAL)
def reveal(seen: Seen) -> ResponseReturnValue:
    """Show the whole number of somebody invited, once, to the host who calls; and note who looked."""
    invitation = seen.invitation
    with transaction():
        services.note_revealed(invitation.id, by=g.account)
    session[REVEALED] = invitation.id
    row = f"invitation-{invitation.id}"
    return redirect(
        url_for(".board", meeting_id=invitation.meeting_id, answer=invitation.id, _anchor=row), 303
    )


@bp.post("/meetings/<int:meeting_id>/invitations/remind")
@requires(Permission.MESSAGE_MANAGE, on=meetings.get_meeting)
def remind(meeting: Meeting) -> ResponseReturnValue:
    """Remind everybody who has not answered."""
    try:
        with transaction():
            count = services.remind_silent(meeting.id, by=g.account)
    except Refused as refusal:
        flash(translated(refusal), "error")
    else:
        flash(_("提醒了%(n)d人，已放进发送队列。", n=count))
    return redirect(url_for(".board", meeting_id=meeting.id), 303)


def _board(
    meeting: Meeting, opened: Invitation | None = None, form: AnswerForm | None = None
) -> ResponseReturnValue:
    invitations = queries.list_of_meeting(meeting.id)
    sees_reasons = may(Permission.INVITATION_ANSWER, meeting)
    if sees_reasons and any(one.reason for one in invitations):
        traces.note_view("invitations:reason:view", meeting)
    return render(
        "invitations/board.html",
        fragment="invitations/_board.html",
        status=422 if form is not None and form.errors else 200,
        meeting=meeting,
        invitations=invitations,
        counts=queries.counts_for([meeting.id]).get(meeting.id),
        sent=queries.latest_messages(meeting.id),
        thread_of=letters.thread_of,
        # Who comes in whose place: the stand-in is invited as well, so nobody has to be looked up.
        stand_ins={one.participant.stand_in_for_id: one for one in invitations if one.withdrawn_at is None},
        records=queries.list_records(meeting.id),
        door_names=DOOR_NAMES,
        weight_names=WEIGHT_NAMES,
        sees_reasons=sees_reasons,
        closed=_closed(meeting),
        opened=opened,
        form=form,
        words=_words_to_copy(opened) if opened is not None else "",
        is_revealed=opened is not None
        and session.pop(REVEALED, None) == opened.id
        and may(Permission.PHONE_REVEAL, meeting),
    )


def _words_to_copy(invitation: Invitation) -> str:
    """Return what a clerk may paste into a chat with the person: the short text and the personal link."""
    notice = letters.Notice("remind", invitation.meeting.sequence)
    letter = letters.write(invitation, notice, clock.now())
    return f"{letter.short}\n{letters.answer_url(invitation)}"


# --- the invited person's unit -------------------------------------------------


@bp.get("/invitations")
@requires(Permission.INVITATION_ANSWER)
def own() -> ResponseReturnValue:
    """List what the own unit's people are invited to; `?answer=` opens one of them."""
    return _own(*_opened(request.args.get("answer", type=row_id), _of_own_units()))


@bp.post("/invitations/<int:invitation_id>/answer")
@requires(Permission.INVITATION_ANSWER, on=queries.get_of_unit)
def answer_for(seen: Seen) -> ResponseReturnValue:
    """Answer for a person of the own unit, or name who comes instead."""
    invitation = seen.invitation
    form = _form_for(invitation)
    if form.validate_on_submit() and _take(form, invitation, Door.ACCOUNT):
        flash(
            _("已记下：%(name)s %(answer)s", name=invitation.name, answer=_(ANSWER_NAMES[invitation.answer]))
        )
        return redirect(url_for(".own"), 303)
    return _own(invitation, form)


@bp.get("/invitations/<int:invitation_id>/invite.ics")
@requires(Permission.INVITATION_ANSWER, on=queries.get_of_unit)
def calendar_file(seen: Seen) -> ResponseReturnValue:
    """The meeting as a file for the calendar that a clerk keeps; without the personal link."""
    meeting = seen.invitation.meeting
    content = ics.download(letters.facts_of(meeting))
    traces.note_taken("invitations:invitation:export", meeting, seen.invitation.name)
    return traces.give_file(content, name="invite.ics", content_type=ics.MIMETYPE)


@bp.get("/invitations/mine")
@requires(Permission.INVITATION_OWN)
def mine() -> ResponseReturnValue:
    """List what the signed-in person is invited to; each leads to the personal page where it is answered."""
    person_id = g.account.person_id
    found = queries.list_of_person(person_id, clock.now()) if person_id else []
    return render(
        "invitations/mine.html",
        invitations=[(one, letters.answer_token(one)) for one in found],
        is_known=person_id is not None,
    )


def _of_own_units() -> Sequence[Invitation]:
    return queries.list_of_units(allowed_paths(Permission.INVITATION_ANSWER), clock.now())


def _own(opened: Invitation | None = None, form: AnswerForm | None = None) -> ResponseReturnValue:
    invitations = _of_own_units()
    return render(
        "invitations/own.html",
        fragment="invitations/_own.html",
        status=422 if form is not None and form.errors else 200,
        invitations=invitations,
        closed={one.id: _closed(one.meeting) for one in invitations},
        stand_ins={(one.meeting_id, one.participant.stand_in_for_id): one for one in invitations},
        door_names=DOOR_NAMES,
        change_names=letters.CHANGE_NAMES,
        answer_by=rules.answer_by,
        opened=opened,
        form=form,
    )


# --- both ---------------------------------------------------------------------


def _opened(
    invitation_id: int | None, invitations: Sequence[Invitation]
) -> tuple[Invitation, AnswerForm] | tuple[()]:
    """Return the one of `invitations` whose row is to be open, with its form; nothing where it is not among them."""
    for invitation in invitations:
        if invitation.id == invitation_id and _closed(invitation.meeting) is None:
            return invitation, _form_for(invitation)
    return ()


def _form_for(invitation: Invitation) -> AnswerForm:
    form = AnswerForm()
    form.offer(invitation, queries.list_stand_ins(invitation.participant))
    return form


def _closed(meeting: Meeting) -> rules.AnswerRefused | None:
    return rules.refusal(meeting.state, meeting.ends_at, is_withdrawn=False, now=clock.now())


def _take(form: AnswerForm, invitation: Invitation, door: Door) -> bool:
    """Take an answer that a clerk gives for somebody; a refusal comes back beside its field."""
    try:
        with transaction():
            services.take_answer(
                invitation.id, form.given(), sequence=form.sequence.data or 0, door=door, by=g.account
            )
    except Refused as refusal:
        form.refuse(refusal)
        if isinstance(refusal, StaleAnswer):
            form.show_anew(invitation)
        return False
    return True
