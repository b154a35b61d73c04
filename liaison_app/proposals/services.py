"""Take a wished time, and settle it: the meeting moves, or the person hears which other times there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import update

from liaison_app.accounts.models import Account
from liaison_app.audit import services as audit
from liaison_app.core import clock
from liaison_app.core.db import db, get, lock
from liaison_app.core.errors import Stale
from liaison_app.core.letters import render_letter
from liaison_app.core.text import clean_text, show_span
from liaison_app.invitations import itip, letters
from liaison_app.invitations import rules as answers
from liaison_app.invitations import services as invitations
from liaison_app.invitations.kinds import DOOR_NAMES, AnswerState, Door
from liaison_app.invitations.models import Invitation
from liaison_app.messages.models import Message
from liaison_app.scheduling import services as scheduling
from liaison_app.scheduling.models import Meeting
from liaison_app.scheduling.rules import Span

from . import queries, rules
from .errors import AlreadySettled, NotPossible, OfferGone, TimeOver
from .kinds import Condition, Grade, ProposalState
from .models import Proposal

LETTER = "counter_declined"


def propose(
    invitation_id: int,
    span: Span,
    comment: str,
    *,
    sequence: int,
    door: Door,
    by: Account | None = None,
    is_offered: bool = False,
) -> Proposal:
    """Lay an invited person's wish for another time before the host; nothing else changes.

    `sequence` is that of the meeting the person was looking at. Who looks at a page is told that the meeting was moved
    since; what a calendar sends about an older time or place is kept and waits for nobody. The same wish twice is one;
    a new one takes the place of the old one.
    Raises AnswerRefused (StaleAnswer among them), ProposalRefused.
    """
    meeting = lock(Meeting, get(Invitation, invitation_id).meeting_id)
    invitation = lock(Invitation, invitation_id)
    now = clock.now()
    refusal = answers.refusal(
        meeting.state, meeting.ends_at, is_withdrawn=invitation.withdrawn_at is not None, now=now
    )
    if refusal is not None:
        raise refusal
    if door != Door.CALENDAR:
        answers.check_order(sequence, meeting.significant_sequence)
    rules.check_span(span, (meeting.starts_at, meeting.ends_at), now)
    comment = clean_text(comment).strip()[: rules.LONGEST_COMMENT]
    waiting = [one for one in queries.list_of_invitation(invitation_id) if one.state == ProposalState.OPEN]
    for one in waiting:
        if (one.starts_at, one.ends_at, one.comment or "") == (*span, comment):
            return one
        _close(one, ProposalState.LAPSED, None)
    # No invitation has two open ones, and the database holds us to it.
    db.session.flush()
    is_current = sequence >= meeting.significant_sequence
    proposal = Proposal(
        meeting_id=meeting.id,
        invitation_id=invitation.id,
        state=ProposalState.OPEN if is_current else ProposalState.LAPSED,
        starts_at=span[0],
        ends_at=span[1],
        comment=comment or None,
        door=door,
        sequence=sequence,
        is_offered=is_offered,
        made_at=now,
    )
    db.session.add(proposal)
    # Its number is what the caller knows it by.
    db.session.flush()
    sentence = f"{invitation.name} {show_span(*span)}（{DOOR_NAMES[door]}）"
    audit.record("proposals:proposal:make", meeting, by=by, who=audit.ONESELF, sentence=sentence)
    return proposal


def take_offer(invitation_id: int, start: str, *, sequence: int, door: Door) -> Proposal:
    """Let an invited person choose one of the times that went with the refusal; the host still decides.

    `start` is its beginning in ISO 8601. Raises OfferGone, and what `propose` raises.
    """
    for span in queries.list_offers(invitation_id, clock.now()):
        if span[0].isoformat() == start:
            return propose(invitation_id, span, "", sequence=sequence, door=door, is_offered=True)
    raise OfferGone


def accept(proposal_id: int, *, version: int, by: Account | None) -> Meeting:
    """Move the meeting to the wished time, on the conditions that the card names: everybody is asked anew.

    Raises AlreadySettled, Stale where the meeting changed since the card was shown, TimeOver, NotPossible, and what
    scheduling's `revise` raises.
    """
    proposal = _open(proposal_id)
    meeting = proposal.meeting
    if meeting.version != version:
        raise Stale
    verdict = queries.judge(proposal)
    if verdict.is_over:
        raise TimeOver
    if verdict.grade == Grade.NOT:
        raise NotPossible("、".join(dict.fromkeys(one.who for one in verdict.blockers)))
    _close(proposal, ProposalState.ACCEPTED, by)
    # Before the move, which by one statement lets all that still wait lapse.
    db.session.flush()
    plan = replace(scheduling.as_plan(meeting), starts_at=proposal.starts_at, ends_at=proposal.ends_at)
    if verdict.room is not None:
        plan = replace(plan, room_id=verdict.room.id)
    if Condition.SIGNUP_ENDS in verdict.conditions:
        plan = replace(plan, signup_closes_at=proposal.starts_at)
        if plan.signup_opens_at is not None and plan.signup_opens_at >= proposal.starts_at:
            plan = replace(plan, signup_opens_at=None)
    asked_leave = proposal.invitation.answer == AnswerState.DECLINED
    scheduling.revise(meeting.id, plan, version=version, by=by)
    if asked_leave:
        # Who could not come then asked to come now.
        scheduling.rejoin(proposal.invitation.participant_id)
    sentence = f"{proposal.name} {show_span(proposal.starts_at, proposal.ends_at)}"
    audit.record("proposals:proposal:accept", meeting, by=by, sentence=sentence)
    return meeting


def decline(proposal_id: int, offers: Sequence[Span], reply: str, *, by: Account | None) -> Message:
    """Tell the person that the meeting stays as it is, with up to three other times to choose from.

    Times that are not free any more are left out. Raises AlreadySettled.
    """
    proposal = _open(proposal_id)
    feasible = queries.list_feasible(proposal)
    kept = [span for span in offers if span in feasible][: rules.MOST_OFFERS]
    proposal.offers = [[start.isoformat(), end.isoformat()] for start, end in kept]
    proposal.reply = clean_text(reply).strip()[: rules.LONGEST_COMMENT] or None
    _close(proposal, ProposalState.DECLINED, by)
    message = _tell_declined(proposal)
    sentence = f"{proposal.name} {show_span(proposal.starts_at, proposal.ends_at)}"
    audit.record("proposals:proposal:decline", proposal.meeting, by=by, sentence=sentence)
    return message


def lapse(meeting_id: int) -> None:
    """Let what waits come to nothing: the meeting has another time or place, or is off, and all are asked anew."""
    waiting = (Proposal.meeting_id == meeting_id, Proposal.state == ProposalState.OPEN)
    db.session.execute(
        update(Proposal).where(*waiting).values(state=ProposalState.LAPSED, settled_at=clock.now())
    )


def _open(proposal_id: int) -> Proposal:
    lock(Meeting, get(Proposal, proposal_id).meeting_id)
    # Read again: it may have been settled while we waited for the meeting.
    proposal = lock(Proposal, proposal_id)
    if proposal.state != ProposalState.OPEN:
        raise AlreadySettled
    return proposal


def _close(proposal: Proposal, state: ProposalState, by: Account | None) -> None:
    proposal.state, proposal.settled_at = state, clock.now()
    proposal.settled_by = by.name if by else ""


def _tell_declined(proposal: Proposal) -> Message:
    """Write the refusal to who proposed: words, and a DECLINECOUNTER under the SEQUENCE that the person knows."""
    invitation, meeting = proposal.invitation, proposal.meeting
    offers = [show_span(*span) for span in proposal.offered_spans]
    link = f"{letters.answer_url(invitation)}/propose"
    letter = render_letter(
        "proposals/declined",
        **letters.values_of(invitation),
        wished_text=show_span(proposal.starts_at, proposal.ends_at),
        reply=proposal.reply or "",
        offers=offers,
        propose_url=link,
        reply_by_text="",
    )
    facts = replace(letters.facts_of(meeting), sequence=invitation.sent_sequence or meeting.sequence)
    calendar = itip.build_decline_counter(facts, stamped_at=clock.now(), comment=_comment(proposal, offers))
    return invitations.send_beside(
        invitation,
        LETTER,
        letter,
        key=f"proposal-{proposal.id}",
        calendar=calendar,
        method="DECLINECOUNTER",
        link=link,
    )


def _comment(proposal: Proposal, offers: Sequence[str]) -> str:
    """Return the words that a calendar shows beside the refusal; always Chinese, as all that leaves the building."""
    words = [proposal.reply or "", f"可以改到：{'；'.join(offers)}" if offers else ""]
    return "\n".join(filter(None, words))
