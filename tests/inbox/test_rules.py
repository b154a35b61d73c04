"""What each mail does, in each state of the invitation it is about: one table."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from liaison_app.inbox.kinds import REASON_HINTS, REASON_NAMES, Reason
from liaison_app.inbox.mime import Bounce, Mail, Trust
from liaison_app.inbox.rules import NO_REASON, Asked, State, Verdict, incoming
from liaison_app.invitations.itip import Answer, Spoken
from liaison_app.invitations.kinds import AnswerState, Weight
from liaison_app.invitations.rules import Given

NOW = datetime(2026, 11, 10, 4, 0, tzinfo=UTC)
STARTS = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)
HEAD, OFFICE, SECRETARY, SECOND = "head@x.cn", "office@x.cn", "bai@x.cn", "second@x.cn"

ANSWER = Answer(
    uid="u",
    attendee=HEAD,
    partstat="ACCEPTED",
    sequence=2,
    stamped_at=NOW,
    organizer=OFFICE,
    starts_at=STARTS,
)
ASKED = Asked(
    invitation_id=7,
    address=HEAD,
    others=frozenset({SECRETARY}),
    sequence=2,
    significant_sequence=1,
    starts_at=STARTS,
    colleagues={SECOND: 9},
)
STATE = State(own_address=OFFICE, asked=(ASKED,))
OTHER = replace(ASKED, invitation_id=8, address="other@x.cn", others=frozenset())


def written(answer=ANSWER, method="REPLY", **facts):
    return Mail(**{"sender": HEAD, "spoken": Spoken(method=method, answer=answer), **facts})


def said(**changes):
    return written(replace(ANSWER, **changes))


def state(**changes):
    return replace(STATE, asked=(replace(ASKED, **changes),))


SECOND_AGO, HOUR_AGO = NOW - timedelta(seconds=1), NOW - timedelta(hours=1)
RETURNED = Bounce(message_ids=("<1@x.cn>",), recipients=(HEAD,))

# ruff: noqa: E501
TABLE = [
    # what it is, in which state, the verdict and the reason
    ("an answer to what stands", STATE, written(), Verdict.COUNT, Reason.COUNTED),
    ("tentative", STATE, said(partstat="TENTATIVE"), Verdict.COUNT, Reason.COUNTED),
    ("declined", STATE, said(partstat="DECLINED"), Verdict.COUNT, Reason.COUNTED),
    ("to a colleague", STATE, said(partstat="DELEGATED", delegated_to=SECOND), Verdict.COUNT, Reason.COUNTED),
    ("to a stranger", STATE, said(partstat="DELEGATED", delegated_to="z@x.cn"), Verdict.REVIEW, Reason.DELEGATE_UNKNOWN),
    ("to nobody", STATE, said(partstat="DELEGATED"), Verdict.REVIEW, Reason.DELEGATE_UNKNOWN),
    ("no decision", STATE, said(partstat="NEEDS-ACTION"), Verdict.REVIEW, Reason.UNDECIDED),
    # who
    ("from the secretary", STATE, written(sender=SECRETARY), Verdict.COUNT, Reason.COUNTED),
    ("for the alias itself", STATE, written(replace(ANSWER, attendee=SECRETARY), sender=SECRETARY), Verdict.COUNT, Reason.COUNTED),
    ("from a stranger", STATE, written(sender="z@x.cn"), Verdict.REVIEW, Reason.NOT_SENDER),
    ("from another invited", replace(STATE, asked=(ASKED, OTHER)), written(sender="other@x.cn"), Verdict.REVIEW, Reason.NOT_SENDER),
    ("sent by a stranger", STATE, written(replace(ANSWER, sent_by="z@x.cn"), sender="z@x.cn"), Verdict.REVIEW, Reason.NOT_SENDER),
    ("from two at once", STATE, written(sender=""), Verdict.REVIEW, Reason.UNCLEAR_SENDER),
    ("only Reply-To fits", STATE, written(sender="z@x.cn", reply_to=HEAD), Verdict.REVIEW, Reason.NOT_SENDER),
    ("a doubtful sender", STATE, written(trust=Trust.DOUBTFUL), Verdict.REVIEW, Reason.DOUBTFUL),
    ("a genuine sender", STATE, written(trust=Trust.GENUINE), Verdict.COUNT, Reason.COUNTED),
    ("Apple's relay, vouched for", STATE, written(sender="noreply@email.apple.com", reply_to=HEAD, trust=Trust.GENUINE), Verdict.COUNT, Reason.COUNTED),
    ("Apple's relay, not vouched for", STATE, written(sender="noreply@email.apple.com", reply_to=HEAD), Verdict.REVIEW, Reason.NOT_SENDER),
    ("a guest nobody asked", STATE, written(replace(ANSWER, attendee="z@x.cn"), sender="z@x.cn"), Verdict.REVIEW, Reason.NOT_INVITED),
    ("an unknown address that answers our mail", replace(STATE, answered_id=7), written(replace(ANSWER, attendee="z@x.cn"), sender="z@x.cn"), Verdict.REVIEW, Reason.UNKNOWN_ALIAS),
    ("a stranger who answers our mail for another", replace(STATE, answered_id=7), written(replace(ANSWER, attendee="y@x.cn"), sender="z@x.cn"), Verdict.REVIEW, Reason.NOT_INVITED),
    ("two at one address", replace(STATE, asked=(ASKED, replace(ASKED, invitation_id=8))), written(), Verdict.REVIEW, Reason.AMBIGUOUS),
    ("two at one address, one of whom is answered", replace(STATE, answered_id=7, asked=(ASKED, replace(ASKED, invitation_id=8))), written(), Verdict.COUNT, Reason.COUNTED),
    # to what
    ("an unknown meeting", State(own_address=OFFICE), written(), Verdict.REVIEW, Reason.UNKNOWN_MEETING),
    ("another organizer", STATE, said(organizer="z@x.cn"), Verdict.REVIEW, Reason.FOREIGN_ORGANIZER),
    ("no organizer, as Exchange writes", STATE, said(organizer=""), Verdict.COUNT, Reason.COUNTED),
    ("no time", STATE, said(starts_at=None), Verdict.COUNT, Reason.COUNTED),
    ("another time", STATE, said(starts_at=STARTS + timedelta(days=1)), Verdict.REVIEW, Reason.OTHER_TIME),
    ("local time that claims to be UTC", STATE, said(starts_at=STARTS + timedelta(hours=8)), Verdict.COUNT, Reason.COUNTED),
    ("an instance of another time", STATE, said(recurrence=STARTS + timedelta(days=7)), Verdict.REVIEW, Reason.OTHER_TIME),
    ("the instance that it is", STATE, said(recurrence=STARTS), Verdict.COUNT, Reason.COUNTED),
    ("a meeting that is off", state(is_closed=True), written(), Verdict.REVIEW, Reason.CLOSED),
    # in which order: SEQUENCE, then DTSTAMP, then arrival
    ("before the last significant change", STATE, said(sequence=0), Verdict.REVIEW, Reason.STALE),
    ("after it", STATE, said(sequence=1), Verdict.COUNT, Reason.COUNTED),
    ("a lower sequence than the one in force", state(kept=(2, HOUR_AGO)), said(sequence=1), Verdict.KEEP, Reason.OLDER),
    ("a sequence above ours", state(kept=(2, HOUR_AGO)), said(sequence=2**31), Verdict.COUNT, Reason.COUNTED),
    ("an older stamp", state(kept=(2, NOW)), said(stamped_at=SECOND_AGO), Verdict.KEEP, Reason.OLDER),
    ("the same second: the later arrival", state(kept=(2, NOW.replace(microsecond=9))), written(), Verdict.COUNT, Reason.COUNTED),
    ("a newer stamp", state(kept=(2, SECOND_AGO)), written(), Verdict.COUNT, Reason.COUNTED),
    ("a stamp in 2040 counts as now", state(kept=(2, NOW)), said(stamped_at=datetime(2040, 1, 1, tzinfo=UTC)), Verdict.COUNT, Reason.COUNTED),
    ("no stamp counts as now", state(kept=(2, NOW)), said(stamped_at=None), Verdict.COUNT, Reason.COUNTED),
    # what it is
    ("COUNTER with a time", STATE, Mail(sender=HEAD, spoken=Spoken(method="COUNTER", answer=ANSWER, ends_at=STARTS)), Verdict.PROPOSE, Reason.PROPOSED),
    ("COUNTER without one", STATE, written(method="COUNTER"), Verdict.REVIEW, Reason.COUNTER),
    ("COUNTER of a stranger", STATE, written(method="COUNTER", sender="z@x.cn"), Verdict.REVIEW, Reason.NOT_SENDER),
    ("REFRESH", STATE, written(method="REFRESH"), Verdict.RESEND, Reason.REFRESHED),
    ("REFRESH of what is off", state(is_closed=True), written(method="REFRESH"), Verdict.RESEND, Reason.REFRESHED),
    ("REFRESH of a stranger", STATE, written(method="REFRESH", sender="z@x.cn"), Verdict.REVIEW, Reason.NOT_SENDER),
    ("CANCEL", STATE, written(method="CANCEL"), Verdict.REVIEW, Reason.OTHER_METHOD),
    ("REQUEST", STATE, written(method="REQUEST"), Verdict.REVIEW, Reason.OTHER_METHOD),
    ("PUBLISH", STATE, written(method="PUBLISH"), Verdict.REVIEW, Reason.OTHER_METHOD),
    ("ADD", STATE, written(method="ADD"), Verdict.REVIEW, Reason.OTHER_METHOD),
    ("plain words", STATE, Mail(sender=HEAD, text="我参加"), Verdict.REVIEW, Reason.NO_CALENDAR),
    ("an attachment", STATE, Mail(sender=HEAD, attachments=("winmail.dat",)), Verdict.REVIEW, Reason.ATTACHMENT),
    ("a damaged object", STATE, Mail(sender=HEAD, flaw="no event"), Verdict.REVIEW, Reason.UNREADABLE),
    ("too large", STATE, Mail(sender=HEAD, flaw="too large"), Verdict.REVIEW, Reason.TOO_LARGE),
    # machines
    ("a vacation answer", STATE, written(automatic="Auto-Submitted"), Verdict.REVIEW, Reason.AUTOMATIC),
    ("a read receipt", STATE, written(is_receipt=True), Verdict.REVIEW, Reason.RECEIPT),
    ("our own address", STATE, written(sender=OFFICE), Verdict.REVIEW, Reason.LOOP),
    ("our own mail", replace(STATE, is_ours=True), written(), Verdict.REVIEW, Reason.LOOP),
    ("a bounce of ours", replace(STATE, returned_id=3), Mail(bounce=RETURNED), Verdict.RETURN, Reason.BOUNCED),
    ("a bounce of nothing", STATE, Mail(bounce=RETURNED), Verdict.REVIEW, Reason.UNKNOWN_BOUNCE),
    ("a bounce with an answer in it", STATE, written(bounce=RETURNED), Verdict.REVIEW, Reason.UNKNOWN_BOUNCE),
]  # fmt: skip


@pytest.mark.parametrize(
    ("state", "mail", "verdict", "reason"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_what_a_mail_does(state, mail, verdict, reason):
    decision = incoming(state, mail, NOW)
    assert (decision.verdict, decision.reason) == (verdict, reason)


def test_only_one_verdict_changes_an_answer_and_only_for_the_person_it_is_about():
    counted = [incoming(state, mail, NOW) for _, state, mail, verdict, _ in TABLE if verdict is Verdict.COUNT]
    assert {one.invitation_id for one in counted} == {7}
    assert all(one.weight is None for one in counted)


@pytest.mark.parametrize(
    ("changes", "given"),
    [
        ({"comment": "晚到十分钟"}, Given(AnswerState.ACCEPTED, "晚到十分钟")),
        ({"partstat": "DECLINED", "comment": "住院"}, Given(AnswerState.DECLINED, "住院")),
        ({"partstat": "DECLINED"}, Given(AnswerState.DECLINED, NO_REASON)),
        ({"partstat": "TENTATIVE"}, Given(AnswerState.TENTATIVE)),
        ({"partstat": "DELEGATED", "delegated_to": SECOND}, Given(AnswerState.DELEGATED, NO_REASON, 9)),
    ],
)
def test_what_is_said_is_taken_over(changes, given):
    assert incoming(STATE, said(**changes), NOW).given == given


def test_the_place_of_an_answer_goes_with_it():
    decision = incoming(STATE, said(sequence=9, stamped_at=NOW + timedelta(days=1)), NOW)
    assert (decision.sequence, decision.given_at) == (2, NOW)


@pytest.mark.parametrize(
    ("state", "mail", "weight"),
    [
        (STATE, said(sequence=0), Weight.STALE),
        (state(kept=(2, NOW)), said(stamped_at=HOUR_AGO), Weight.OLDER),
        (state(is_closed=True), written(), Weight.LATE),
        (STATE, written(sender="z@x.cn"), None),
    ],
)
def test_what_loses_is_kept_with_the_reason_but_not_what_was_forged(state, mail, weight):
    assert incoming(state, mail, NOW).weight == weight


def test_every_reason_has_its_words():
    assert set(REASON_NAMES) == set(Reason)
    assert set(Reason) - set(REASON_HINTS) <= {
        Reason.COUNTED,
        Reason.PROPOSED,
        Reason.OLDER,
        Reason.BOUNCED,
        Reason.REFRESHED,
        Reason.FOREIGN_ORGANIZER,
        Reason.OTHER_METHOD,
        Reason.REFUSED,
    }
