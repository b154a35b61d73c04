"""Mails by their raw bytes: structure, headers, and what typed text must never do to them."""

from datetime import UTC, datetime
from email import policy
from email.header import decode_header, make_header
from email.parser import BytesParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liaison_app.core.text import clean_line
from liaison_app.messages import mime
from liaison_app.messages.errors import BadMessage
from tests.parts.calendars import HOSTILE

CALENDAR = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nSUMMARY:\xe4\xbe\x9b\xe6\x9a\x96\r\nEND:VCALENDAR\r\n"
HEADERS = [
    "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress",
    "MIME-Version", "Content-Type",
]  # fmt: skip
any_text = st.text(max_size=150) | st.sampled_from(HOSTILE)


def build(**given_values):
    usual = {
        "sender_name": "上街区人大常委会代表工作委员会",
        "sender_address": "liaison@example.test",
        "to_name": "王素梅",
        "to_address": "wang.sumei@example.test",
        "subject": "邀请：供暖专场，2026年11月20日（星期五），中安街人大代表联络站",
        "text": "王素梅代表：\n请您出席。\n",
        "html": "<!doctype html><p>请您出席。</p>",
        "calendar": CALENDAR,
        "method": "REQUEST",
        "message_id": "<invitation.7.2@example.test>",
        "date": datetime(2026, 11, 2, 1, 2, 3, tzinfo=UTC),
    }
    return mime.build(**{**usual, **given_values})


def read(raw):
    """Read a mail as a mail program does, after checking the rules for raw bytes."""
    assert raw.isascii()
    assert not {b"\r"[0], b"\n"[0]} & set(raw.replace(b"\r\n", b""))
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    return BytesParser(policy=policy.default).parsebytes(raw)


def decoded(raw, name):
    """Return a header with its encoded words read by RFC 2047; the newer parser leaves spaces between two of them."""
    header = BytesParser(policy=policy.compat32).parsebytes(raw)[name]
    return str(make_header(decode_header(header.replace("\r\n", ""))))


def mailbox(name, address):
    shown = mime.header_text(name)
    return f"{shown} <{address}>" if shown else address


def raw_names(raw):
    head = raw.partition(b"\r\n\r\n")[0].replace(b"\r\n ", b" ").decode("ascii")
    return [line.partition(":")[0] for line in head.split("\r\n")]


def test_an_invitation_has_the_structure_that_calendars_want():
    mail = read(build())
    assert mail.get_content_type() == "multipart/mixed"
    alternative, file = mail.iter_parts()
    assert alternative.get_content_type() == "multipart/alternative"
    text, html, calendar = alternative.iter_parts()
    assert [part.get_content_type() for part in (text, html, calendar, file)] == [
        "text/plain",
        "text/html",
        "text/calendar",
        "application/ics",
    ]
    assert calendar["Content-Disposition"] is None
    assert (file.get_content_disposition(), file.get_filename()) == ("attachment", "invite.ics")
    assert {part["Content-Transfer-Encoding"] for part in (text, html, calendar, file)} == {"base64"}


def test_the_calendar_part_says_method_and_charset_without_quotes():
    assert b"\r\nContent-Type: text/calendar; method=REQUEST; charset=UTF-8\r\n" in build()


def test_both_copies_of_the_calendar_are_the_bytes_given():
    parts = [
        part
        for part in read(build()).walk()
        if part.get_content_type() in ("text/calendar", "application/ics")
    ]
    assert [part.get_payload(decode=True) for part in parts] == [CALENDAR, CALENDAR]


def test_the_text_travels_with_the_line_ends_of_mail():
    parts = {part.get_content_type(): part for part in read(build(text="一\n二\r三\r\n四")).walk()}
    assert parts["text/plain"].get_payload(decode=True).decode() == "一\r\n二\r\n三\r\n四"
    assert parts["text/html"].get_content() == "<!doctype html><p>请您出席。</p>"


def test_a_cancellation_carries_a_file_of_its_name():
    cancel = CALENDAR.replace(b"REQUEST", b"CANCEL")
    raw = build(calendar=cancel, method="CANCEL")
    assert b"text/calendar; method=CANCEL;" in raw
    assert [part.get_filename() for part in read(raw).iter_attachments()][-1] == "cancel.ics"


@pytest.mark.parametrize(
    ("html", "expected"),
    [("<p>密码</p>", ["multipart/alternative", "text/plain", "text/html"]), (None, ["text/plain"])],
)
def test_a_mail_without_a_calendar_has_only_words(html, expected):
    raw = build(html=html, calendar=None, method=None)
    assert [part.get_content_type() for part in read(raw).walk()] == expected
    assert raw_names(raw)[:9] == HEADERS


def test_headers_are_exactly_these():
    raw = build()
    mail = read(raw)
    assert raw_names(raw) == HEADERS
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Auto-Response-Suppress"] == "DR, RN, NRN, OOF, AutoReply"
    assert mail["Date"] == "Mon, 02 Nov 2026 09:02:03 +0800"
    assert mail["Message-ID"] == "<invitation.7.2@example.test>"
    assert str(mail["From"]) == "上街区人大常委会代表工作委员会 <liaison@example.test>"
    assert str(mail["To"]) == "王素梅 <wang.sumei@example.test>"
    assert mail["Subject"] == "邀请：供暖专场，2026年11月20日（星期五），中安街人大代表联络站"


def test_later_mails_refer_to_the_first():
    raw = build(references="<invitation.7.0@example.test> <invitation.7.1@example.test>")
    assert "References" in raw_names(raw)
    assert read(raw)["References"] == "<invitation.7.0@example.test> <invitation.7.1@example.test>"


def test_the_same_mail_is_the_same_bytes():
    assert build() == build()


def test_an_english_name_stays_readable_and_no_name_is_no_brackets():
    raw = build(sender_name="Liaison Office", to_name="")
    assert b"\r\nTo: wang.sumei@example.test\r\n" in raw
    assert raw.startswith(b"From: Liaison Office <liaison@example.test>\r\n")


# --- injection ---------------------------------------------------------------


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("field", ["subject", "sender_name", "to_name", "text", "html"])
def test_no_text_adds_or_removes_a_header(field, text):
    raw = build(**{field: text})
    mail = read(raw)
    assert raw_names(raw) == HEADERS
    assert mail.keys() == HEADERS
    assert [to.addr_spec for to in mail["To"].addresses] == ["wang.sumei@example.test"]
    assert [sender.addr_spec for sender in mail["From"].addresses] == ["liaison@example.test"]
    assert len(list(mail.walk())) == 6


@pytest.mark.parametrize(
    "name",
    [
        '"district@gov.cn" <x@evil.example>',
        "district@gov.cn",
        "a, b; c: (d) <e> [f] \\",
        "boss@gov.cn>, <x@evil.example",
    ],
)
def test_a_name_never_turns_into_an_address(name):
    mail = read(build(to_name=name))
    (address,) = mail["To"].addresses
    assert (address.display_name, address.addr_spec) == (name, "wang.sumei@example.test")


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("供暖专场", "供暖专场"),
        ("A =?UTF-8?Q?=0D=0A=0D=0A<b>body</b>?= B", "A B"),
        ("=?utf-8?B?DQo=?=邀请", "邀请"),
        ("=?=?utf-8?Q?a?==?utf-8?Q?=0D=0A?=", "?"),
        ("=?utf-8?Q?=0ABcc: x", "?utf-8?Q?=0ABcc: x"),
        ("==??q?=?=", "="),
        ("====???", "???"),
        ("1=1? 真的吗?", "1=1? 真的吗?"),
        ("一\r\n二\x00\v三\u2028四\u202e五", "一 二 三 四五"),
        ("供" * 500, "供" * 200),
    ],
)
def test_header_text_holds_no_encoded_word(typed, shown):
    assert mime.header_text(typed) == shown


@given(text=st.text(alphabet="=?utf-8QqBb_ \r\n供0D", max_size=60) | any_text)
def test_header_text_never_starts_an_encoded_word(text):
    shown = mime.header_text(text)
    assert "=?" not in shown
    assert shown == clean_line(shown)
    assert mime.header_text(shown) == shown


@given(subject=any_text, sender=any_text, to=any_text, text=any_text)
def test_what_is_typed_arrives_as_words(subject, sender, to, text):
    raw = build(subject=subject, sender_name=sender, to_name=to, text=text)
    mail = read(raw)
    assert raw_names(raw) == HEADERS
    assert mail.keys() == HEADERS
    assert decoded(raw, "Subject") == mime.header_text(subject)
    assert decoded(raw, "To") == mailbox(to, "wang.sumei@example.test")
    assert decoded(raw, "From") == mailbox(sender, "liaison@example.test")


# --- one recipient -----------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "a@b.cn",
        "wang.sumei@example.test",
        "x+tag_1@oa.local",
        "zs@xn--fsqu00a.xn--fiqs8s",
        "a@mailhost",
        "a=b@c.cn",
    ],
)
def test_a_plain_address_will_do(address):
    assert mime.is_address(address)
    assert [to.addr_spec for to in read(build(to_address=address))["To"].addresses] == [address]


@pytest.mark.parametrize(
    "address",
    [
        "", "a", "@b.cn", "a@", "a@@b.cn", "a@b.cn,evil@x.cn", "a@b.cn;evil@x.cn", "a@b.cn evil@x.cn",
        " a@b.cn", "a@b.cn ", "a@b.cn\n", "a@b.cn\r\nBcc: x@y.cn", "a@b.cn\u200b", "a%0a@b.cn\x00",
        "<a@b.cn>", "王 <a@b.cn>", "a@b.cn>, <evil@x.cn", "a(comment)@b.cn", '"a b"@b.cn', "a@[127.0.0.1]",
        "a..b@c.cn", ".a@b.cn", "a.@b.cn", "a@-b.cn", "a@b-.cn", "a@b..cn", "a@b.cn.",
        "张三@b.cn", "a@例子.中国", "ａ@b.cn", "a＠b.cn", "=?utf-8?q?x?=@b.cn",
        "a" * 65 + "@b.cn", "a@" + "b" * 64 + ".cn", "a@" + ".".join(["b" * 60] * 5),
    ],
)  # fmt: skip
def test_anything_but_one_plain_address_is_refused(address):
    assert not mime.is_address(address)
    with pytest.raises(BadMessage, match="没有发出") as refusal:
        build(to_address=address)
    assert refusal.value.why == "the recipient is not one plain address"
    with pytest.raises(BadMessage):
        build(sender_address=address)


@pytest.mark.parametrize(
    "wrong",
    [
        {"message_id": "invitation.7@example.test"},
        {"message_id": "<a@b>\r\nBcc: x@y.cn"},
        {"message_id": "<a b@c.cn>"},
        {"references": "<a@b.cn> garbage"},
        {"references": "<a@b.cn>\r\nBcc: x@y.cn"},
        {"date": datetime(2026, 11, 2)},
        {"calendar": None},
        {"method": None},
        {"method": "CANCEL"},
        {"method": "REQUEST; x=y"},
        {"calendar": CALENDAR.replace(b"METHOD:REQUEST\r\n", b"")},
    ],
)
def test_what_does_not_fit_together_is_refused(wrong):
    with pytest.raises(BadMessage):
        build(**wrong)


def test_the_finished_bytes_are_read_again(monkeypatch):
    # The negative control: with the words let through, the last check must still refuse the mail.
    monkeypatch.setattr(mime, "header_text", lambda text: text)
    monkeypatch.setattr(mime, "_encoded", lambda field, text: text)
    for subject in ("a\r\nBcc: x@evil.example", "a\r\n\r\nbody", "供暖", "a\nb", "x" * 1000):
        with pytest.raises(BadMessage):
            build(subject=subject)
