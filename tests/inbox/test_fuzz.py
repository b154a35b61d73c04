"""Damaged mails by the thousand: nothing escapes but a decision, and nobody is believed who should not be."""

# ruff: noqa: E501
from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from liaison_app.inbox import mime
from liaison_app.inbox.rules import Asked, Decision, State, Verdict, incoming
from tests.inbox.letters import HEAD, OFFICE, bounce, encoded, mail, raw_mail, reply_object

UID = "3f0c0f3e-8d0f-4c0e-9a4e-5f3f6c1f2a10"
NOW = datetime(2026, 11, 10, 4, 0, tzinfo=UTC)
ASKED = Asked(
    invitation_id=7,
    address=HEAD,
    others=frozenset({"bai@example.test"}),
    sequence=2,
    significant_sequence=1,
    starts_at=NOW + timedelta(days=10),
    kept=(2, NOW - timedelta(days=1)),
    colleagues={"second@example.test": 9},
)
STATE = State(own_address=OFFICE, asked=(ASKED,), answered_id=7)
TOKENS = [
    b"\r\n", b"\n\n", b"\r\n\r\n", b"\0", b"\xff\xfe", b"\xc4\xe3", b"=?utf-8?b?", b"?=", b"<", b">", b"@", b'"', b";", b":", b",",
    b"BEGIN:VEVENT\r\n", b"END:VEVENT\r\n", b"BEGIN:VCALENDAR\r\n", b"END:VCALENDAR\r\n", b"BEGIN:VTIMEZONE\r\n", b"METHOD:REPLY\r\n",
    b"ATTENDEE;PARTSTAT=DECLINED:mailto:head@example.test\r\n", b"From: stranger@evil.example\r\n", b"Content-Type: message/rfc822\r\n",
    b"Content-Type: multipart/mixed; boundary=b\r\n", b"--b\r\n", b"--b--\r\n", b"charset=x-unknown", b"charset*=utf-8''%", b"SEQUENCE:99999999999\r\n",
    b"DTSTAMP:20401301T250000Z\r\n", b"Content-Transfer-Encoding: base64\r\n", b"Content-Transfer-Encoding: x-uuencode\r\n", b"filename*0*=", b"=\r\n",
    b"Content-Type: text/calendar; charset*0=\"u\"; charset*1=\"tf-8\"\r\n", b"Authentication-Results: mx; dmarc=", "供暖".encode(), b"begin 644 x\r\n",
]  # fmt: skip
SUITE, STORM = 1_500, 30_000


def samples() -> list[bytes]:
    said = reply_object(
        UID, "DECLINED", sequence=2, more=("COMMENT:住院", "DTSTART;TZID=China Standard Time:20261120T120000")
    )
    return [
        mail(said),
        mail(reply_object(UID, method="COUNTER"), text="能不能改到下午"),
        mail(text="我参加"),
        raw_mail(said.encode("gb18030"), "Content-Type: text/calendar; method=REPLY; charset=gb2312"),
        raw_mail(
            encoded(said), "Content-Type: application/ics; name=x.ics", "Content-Transfer-Encoding: base64"
        ),
        raw_mail(b"<p>hello</p><script>x</script>", "Content-Type: text/html; charset=gbk"),
        bounce("<0123456789abcdef0123456789abcdef@example.test>", HEAD),
    ]


def damaged(raw: bytes, chance: random.Random) -> bytes:
    """Return a mail with some damage: signs changed, cut, doubled, put elsewhere, or words that mean something put in."""
    data = bytearray(raw)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(data) + 1)
        end = min(len(data), at + chance.randint(0, 60))
        match chance.randrange(6):
            case 0:
                data[at:end] = bytes(chance.randrange(256) for _ in range(end - at))
            case 1:
                del data[at:end]
            case 2:
                data[at:at] = data[at:end]
            case 3:
                data[at:at] = chance.choice(TOKENS)
            case 4:
                data[at:at] = raw[chance.randrange(len(raw)) :][:200]
            case _:
                del data[at:]
    return bytes(data)


def read_all(count: int, seed: int) -> list[tuple[mime.Mail, Decision]]:
    chance, plain = random.Random(seed), samples()
    found = []
    for number in range(count):
        read = mime.read(
            damaged(plain[number % len(plain)], chance), authserv=chance.choice(("", "mx.example.test"))
        )
        found.append((read, incoming(STATE, read, NOW)))
    return found


def check(found: list[tuple[mime.Mail, Decision]]) -> None:
    """Whoever counted was the person or one whose address is known, and said so for that person."""
    counted = [(read, decision) for read, decision in found if decision.verdict is Verdict.COUNT]
    assert counted, "some survive their damage"
    for read, decision in counted:
        assert read.sender in ASKED.addresses
        assert read.spoken.answer.attendee in ASKED.addresses
        assert decision.invitation_id == 7
        assert decision.given_at <= NOW
    assert len({decision.reason for _, decision in found}) >= 8, "and they end in many ways"


def test_damaged_mails_end_in_a_decision():
    check(read_all(SUITE, seed=1))


@pytest.mark.storm
def test_thirty_thousand_damaged_mails_end_in_a_decision():
    check(read_all(STORM, seed=2))


@pytest.mark.parametrize(
    "data", [b"", b"\0", b"\xff" * 1000, b":", b"From:", b"\r\n" * 5000, b"a: b\n" * 20000, b"=?" * 50_000]
)
def test_nonsense_is_a_mail_too(data):
    assert incoming(STATE, mime.read(data), NOW).verdict is Verdict.REVIEW
