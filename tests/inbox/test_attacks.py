"""Mails of people who mean no good, and of programs that mean nothing: none changes an answer (SECURITY F)."""

# ruff: noqa: E501
from __future__ import annotations

import base64
import quopri
from email.message import EmailMessage

import pytest
from sqlalchemy import func, select

from liaison_app.core.db import db, transaction
from liaison_app.inbox import mime, rules, services
from liaison_app.inbox.kinds import MailState, Reason
from liaison_app.inbox.models import ReceivedMail
from liaison_app.invitations import itip
from liaison_app.invitations.kinds import AnswerState, Door
from liaison_app.invitations.models import AnswerRecord
from liaison_app.messages.models import Message, MessageState
from tests.inbox.conftest import arrive
from tests.inbox.letters import HEAD, OFFICE, bounce, encoded, mail, raw_mail, reply_object

STRANGER = "stranger@evil.example"


def standing(scene):
    invitation = scene.invitation(scene.head)
    return invitation.answer, invitation.door


def with_from(scene, *froms: str, more: tuple[str, ...] = ()) -> bytes:
    """Return an acceptance in the head's name with these From lines."""
    head = [f"From: {one}" for one in froms]
    lines = [
        *head,
        f"To: {OFFICE}",
        "Message-ID: <x@evil.example>",
        *more,
        "Content-Type: text/calendar; method=REPLY",
    ]
    body = reply_object(scene.meeting.uid, "DECLINED").encode()
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


FORGED = {
    "stranger_for_victim": (STRANGER,),
    "display_name": (f'"{HEAD}" <{STRANGER}>',),
    "display_name_bare": (f"{HEAD} <{STRANGER}>",),
    "two_angle": (f"<{HEAD}> <{STRANGER}>",),
    "two_angle_turned": (f"<{STRANGER}> <{HEAD}>",),
    "bracket_trick": (f"{STRANGER}<{HEAD}>",),
    "quote_left_open": (f'"{HEAD} <{STRANGER}>',),
    "comment": (f"({HEAD}) {STRANGER}",),
    "encoded_name": (f"=?utf-8?q?=3C{HEAD.replace('@', '=40')}=3E?= <{STRANGER}>",),
    "two_from": (f"{HEAD}, {STRANGER}",),
    "two_from_turned": (f"{STRANGER}, {HEAD}",),
    "two_from_headers": (HEAD, STRANGER),
    "two_from_headers_turned": (STRANGER, HEAD),
    "group": (f"x: {HEAD};",),
    "no_from": (),
    "null_byte": (f"{HEAD}\0 <{STRANGER}>",),
}


@pytest.mark.parametrize("froms", FORGED.values(), ids=FORGED)
def test_a_sender_who_is_not_the_person_beyond_doubt_changes_nothing(published, froms):
    kept = arrive(with_from(published, *froms))
    assert kept.state == MailState.REVIEW
    assert kept.reason in {Reason.NOT_SENDER, Reason.UNCLEAR_SENDER}
    assert standing(published) == (AnswerState.WAITING, None)


@pytest.mark.parametrize("froms", [(HEAD,), (f"程试一 <{HEAD}>",), (f'"程, 试一 (局长)" <{HEAD.upper()}>',)])
def test_the_persons_own_address_is_known_in_every_honest_spelling(published, froms):
    assert arrive(with_from(published, *froms)).reason is Reason.COUNTED


def test_an_address_to_answer_to_proves_nothing(published):
    arrive(with_from(published, STRANGER, more=(f"Reply-To: {HEAD}", f"Sender: {HEAD}")))
    assert standing(published) == (AnswerState.WAITING, None)


@pytest.mark.parametrize("froms", [(STRANGER,), (f"{STRANGER}, {HEAD}",), (STRANGER, HEAD)])
def test_without_the_look_at_the_sender_every_one_of_them_would_have_counted(published, froms, monkeypatch):
    monkeypatch.setattr(rules, "_who_says_so", lambda *_: None)
    arrive(with_from(published, *froms))
    assert standing(published) == (AnswerState.DECLINED, Door.CALENDAR)


# --- what our own mail server says -------------------------------------------------

OURS = "mx.example.test"
PASSED = f"Authentication-Results: {OURS}; dmarc=pass header.from=example.test; spf=pass smtp.mailfrom={HEAD}"
FAILED = (
    f"Authentication-Results: {OURS}; dmarc=fail header.from=example.test; spf=pass smtp.mailfrom={STRANGER}"
)


@pytest.mark.parametrize(
    ("lines", "trust"),
    [
        ((PASSED,), "genuine"),
        ((FAILED,), "doubtful"),
        ((FAILED, PASSED), "doubtful"),  # the second was in the mail before it came to us
        ((PASSED.replace(OURS, "mx.evil.example"),), "doubtful"),
        ((PASSED.replace(OURS, "mx.evil.example"), PASSED), "doubtful"),
        ((), "doubtful"),
        ((f"Authentication-Results: {OURS}; dkim=pass header.d=example.test",), "genuine"),
        ((f"Authentication-Results: {OURS}; dkim=pass header.d=evil.example",), "doubtful"),
        ((f"Authentication-Results: {OURS}; spf=pass smtp.mailfrom=x@evil.example; dmarc=none",), "doubtful"),
        (
            (
                f"Authentication-Results: {OURS}; dkim=fail header.d=example.test; spf=pass smtp.mailfrom={HEAD}",
            ),
            "genuine",
        ),
        ((f"Authentication-Results: {OURS} 1; (dmarc=pass) dmarc=fail",), "doubtful"),
    ],
)
def test_only_the_own_servers_topmost_word_counts(published, lines, trust):
    assert mime.read(with_from(published, HEAD, more=lines), authserv=OURS).trust == trust


def test_a_sender_whom_the_own_server_does_not_vouch_for_is_held(published, make_app):
    forged, genuine = (with_from(published, HEAD, more=(line, f"X-N: {line}")) for line in (FAILED, PASSED))
    with make_app(mail_authserv=OURS).app_context():
        assert arrive(forged).reason is Reason.DOUBTFUL
        assert standing(published) == (AnswerState.WAITING, None)
    # Without the setting nobody is asked, and the forged one would have been believed: the control.
    with make_app(mail_authserv="").app_context():
        assert arrive(genuine.replace(b"<x@evil.example>", b"<y@evil.example>")).reason is Reason.COUNTED
    db.session.rollback()
    assert standing(published) == (AnswerState.DECLINED, Door.CALENDAR)


# --- machines ----------------------------------------------------------------------

MACHINES = {
    "auto_replied": ("Auto-Submitted: auto-replied",),
    "auto_generated": ("Auto-Submitted: auto-generated; owner=x",),
    "autoreply": ("X-Autoreply: yes",),
    "bulk": ("Precedence: bulk",),
    "null_path": ("Return-Path: <>",),
    "auto_zh": ("Subject: =?utf-8?b?6Ieq5Yqo5Zue5aSNOiDpgoDor7c=?=",),
    "auto_gbk": (b"Subject: \xd7\xd4\xb6\xaf\xbb\xd8\xb8\xb4: x".decode("utf-8", "surrogateescape"),),
    "auto_en": ("Subject: Automatic reply: Invitation",),
}


@pytest.mark.parametrize("lines", MACHINES.values(), ids=MACHINES)
def test_what_a_machine_wrote_is_no_answer_and_gets_none(published, lines):
    body = reply_object(published.meeting.uid, "DECLINED").encode()
    before = db.session.scalar(select(func.count()).select_from(Message))
    kept = arrive(raw_mail(body, *lines, "Content-Type: text/calendar; method=REPLY"))
    assert (kept.state, kept.reason) == (MailState.REVIEW, Reason.AUTOMATIC)
    assert standing(published) == (AnswerState.WAITING, None)
    assert db.session.scalar(select(func.count()).select_from(Message)) == before


def test_free_words_never_decide(published):
    for words in ("我参加", "不来了", "请假"):
        assert arrive(mail(text=words, sender=HEAD)).reason is Reason.NO_CALENDAR
    assert standing(published) == (AnswerState.WAITING, None)


def test_a_read_receipt_is_no_yes(published):
    body = (
        b"--b\r\nContent-Type: text/plain\r\n\r\nread\r\n--b\r\nContent-Type: message/disposition-notification\r\n\r\n"
        b"Disposition: manual-action/MDN-sent-manually; displayed\r\n--b--\r\n"
    )
    kept = arrive(
        raw_mail(body, 'Content-Type: multipart/report; report-type=disposition-notification; boundary="b"')
    )
    assert kept.reason is Reason.RECEIPT
    assert standing(published) == (AnswerState.WAITING, None)


def test_the_request_inside_a_bounce_or_a_forwarded_mail_answers_nothing(published):
    inside = mail(reply_object(published.meeting.uid, "DECLINED"), sender=HEAD)
    outer = b"--b\r\nContent-Type: message/rfc822\r\n\r\n" + inside + b"\r\n--b--\r\n"
    kept = arrive(raw_mail(outer, 'Content-Type: multipart/mixed; boundary="b"'))
    assert kept.reason is not Reason.COUNTED
    assert standing(published) == (AnswerState.WAITING, None)


def test_a_bounce_in_chinese_words_alone_is_seen(published):
    with transaction():
        published.messages(published.head)[0].state = MessageState.SENT
    text = f"系统退信：收件人 {HEAD} 不存在。原邮件 {published.messages(published.head)[0].message_id}"
    body = text.encode("gb18030")
    lines = (
        b"Subject: \xcf\xb5\xcd\xb3\xcd\xcb\xd0\xc5".decode("utf-8", "surrogateescape"),
        "Content-Type: text/plain; charset=gb2312",
    )
    raw = raw_mail(body, *lines).replace(f"From: {HEAD}".encode(), b"From: postmaster@mx.example.test")
    assert arrive(raw).reason is Reason.BOUNCED
    assert published.messages(published.head)[0].state == MessageState.FAILED


def test_without_the_look_at_the_recipient_a_forged_bounce_would_have_silenced_an_address(
    published, monkeypatch
):
    with transaction():
        published.messages(published.head)[0].state = MessageState.SENT
    message_id = published.messages(published.head)[0].message_id
    arrive(bounce(message_id, "somebody.else@example.test"))
    assert published.messages(published.head)[0].state == MessageState.SENT
    monkeypatch.setattr(
        services, "_returned", lambda read: services.queries.list_sent(read.bounce.message_ids)[0]
    )
    arrive(bounce(message_id, "somebody.else@example.test", sender="x <mailer-daemon@evil.example>"))
    assert published.messages(published.head)[0].state == MessageState.FAILED


# --- honest mails in odd clothes, and poison ------------------------------------------


def test_answers_in_odd_clothes_are_read(published):
    said = reply_object(published.meeting.uid, "DECLINED", more=("COMMENT:程局长请假，由何副局长代会",))
    gbk = said.encode("gb18030")
    zone = (
        "BEGIN:VTIMEZONE",
        "TZID:+8",
        "BEGIN:STANDARD",
        "TZOFFSETFROM: +0800",
        "TZOFFSETTO: +0800",
        "END:STANDARD",
        "END:VTIMEZONE",
    )
    hexed = said.replace(
        published.meeting.uid,
        (
            bytes.fromhex("040000008200E00074C5B7101A82E008")
            + bytes(20)
            + b"vCal-Uid\x01\x00\x00\x00"
            + published.meeting.uid.encode()
            + b"\0"
        )
        .hex()
        .upper(),
    )
    clothes = {
        "GBK without charset": raw_mail(gbk, "Content-Type: text/calendar; method=REPLY"),
        "base64 inside quoted-printable": raw_mail(
            quopri.encodestring(base64.encodebytes(said.encode())),
            "Content-Type: text/calendar; method=REPLY", "Content-Transfer-Encoding: quoted-printable",
        ),
        "a zone without a start": raw_mail(
            reply_object(published.meeting.uid, "DECLINED", before=zone, more=("DTSTART;TZID=+8:20261120T143000",)).encode(),
            "Content-Type: text/calendar",
        ),
        "two calendars": raw_mail(
            (said + said.replace("DECLINED", "ACCEPTED")).encode(), "Content-Type: text/calendar"
        ),
        "an endless RRULE": raw_mail(
            reply_object(published.meeting.uid, "DECLINED", more=("RRULE:FREQ=SECONDLY",)).encode(), "Content-Type: text/calendar"
        ),
        "SEQUENCE 2^31": raw_mail(
            reply_object(published.meeting.uid, "DECLINED", sequence=2**31).encode(), "Content-Type: text/calendar"
        ),
        "DTSTAMP in 2040": raw_mail(
            reply_object(published.meeting.uid, "DECLINED", stamped_at="20400101T000000Z").encode(), "Content-Type: text/calendar"
        ),
        "hex GlobalObjectId": raw_mail(hexed.encode(), "Content-Type: text/calendar"),
        "an attachment, as Apple sends it": _attached(said),
        "no METHOD but in the mail's head": raw_mail(said.replace("METHOD:REPLY\r\n", "").encode(), "Content-Type: text/calendar; method=reply"),
        "octet-stream named .ics": raw_mail(encoded(said), 'Content-Type: application/octet-stream; name="invite.ics"', "Content-Transfer-Encoding: base64"),
    }  # fmt: skip
    # The same answer each time: each is read, and only the first is news.
    found = {name: (arrive(raw).reason, standing(published)[0]) for name, raw in clothes.items()}
    assert found == dict.fromkeys(clothes, (Reason.COUNTED, AnswerState.DECLINED))
    assert db.session.scalar(select(func.count()).select_from(AnswerRecord)) >= 1
    later = reply_object(published.meeting.uid, "ACCEPTED", stamped_at="20261110T040000Z")
    assert arrive(mail(later, sender=HEAD)).reason is Reason.COUNTED, "2040 blocks no later answer"


def _attached(said: str) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Message-ID"] = HEAD, OFFICE, "<apple@client.example.test>"
    message.set_content("x")
    message.add_attachment(
        said.encode(), maintype="text", subtype="calendar", filename="mail.ics", params={"method": "REPLY"}
    )
    return message.as_bytes()


def test_what_cannot_be_an_answer_says_why(published):
    uid = published.meeting.uid
    large = reply_object(uid, more=("DESCRIPTION:" + "x" * 5_000_000,))
    deep = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(1500)
    )
    bad = {
        "5 MB of DESCRIPTION": (raw_mail(large.encode(), "Content-Type: text/calendar"), Reason.TOO_LARGE),
        "300 kB of DESCRIPTION": (
            raw_mail(large[:300_000].encode(), "Content-Type: text/calendar"), Reason.TOO_LARGE,
        ),
        "wrong UID": (mail(reply_object("nobody-knows-this"), sender=HEAD), Reason.UNKNOWN_MEETING),
        "winmail.dat": (_winmail(), Reason.ATTACHMENT),
        "a zip": (_attachment("answer.zip", "zip"), Reason.ATTACHMENT),
        "nested too deeply": (b"From: x@y.cn\r\nMessage-ID: <deep@y.cn>\r\n" + deep, Reason.UNREADABLE),
        "many parts": (_many_parts(), Reason.NO_CALENDAR),
        "one long line": (raw_mail(b"x" * 900_000), Reason.NO_CALENDAR),
        "nothing at all": (b"\r\n", Reason.NO_CALENDAR),
        "another method": (mail(reply_object(uid, method="CANCEL"), sender=HEAD), Reason.OTHER_METHOD),
        "a stranger's own name": (
            mail(reply_object(uid, attendee=STRANGER), sender=STRANGER), Reason.NOT_INVITED,
        ),
    }  # fmt: skip
    found = {name: arrive(raw).reason for name, (raw, _) in bad.items()}
    assert found == {name: reason for name, (_, reason) in bad.items()}
    assert standing(published) == (AnswerState.WAITING, None)
    assert db.session.scalar(select(func.count()).select_from(AnswerRecord)) == 0
    # The last one is read as if nothing had been.
    assert arrive(mail(reply_object(uid), sender=HEAD)).reason is Reason.COUNTED
    assert db.session.scalar(select(func.count()).select_from(ReceivedMail)) == len(bad) + 1


def _winmail() -> bytes:
    return _attachment("winmail.dat", "ms-tnef")


def _attachment(name: str, subtype: str) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Message-ID"] = HEAD, OFFICE, f"<{name}@client.example.test>"
    message.set_content("x")
    message.add_attachment(b"\x78\x9f\x3e\x22\x00", maintype="application", subtype=subtype, filename=name)
    return message.as_bytes()


def _many_parts() -> bytes:
    body = b"".join(b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n" for _ in range(20_000)) + b"--b--\r\n"
    return raw_mail(body, 'Content-Type: multipart/mixed; boundary="b"')


def test_two_who_answer_at_once_and_a_line_for_all(published):
    """One answer that names several people counts for its sender alone (SECURITY F2)."""
    said = reply_object(
        published.meeting.uid, "ACCEPTED", attendee="deputy@example.test",
        more=(f"ATTENDEE;PARTSTAT=DECLINED:mailto:{HEAD}",),
    )  # fmt: skip
    arrive(mail(said, sender="deputy@example.test"))
    assert standing(published) == (AnswerState.WAITING, None)
    assert published.invitation(published.deputy).answer == AnswerState.ACCEPTED
    assert itip.LARGEST_REPLY < mime.LARGEST_MAIL
