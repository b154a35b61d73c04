"""What we send, byte by byte and as calendars read it; and answers as real clients write them."""

import base64
import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import icalendar
import pytest
import recurring_ical_events
import vobject
from hypothesis import given
from hypothesis import strategies as st

from liaison_app.invitations.errors import NotAReply
from liaison_app.invitations.itip import (
    LARGEST_REPLY,
    Answer,
    Attendee,
    build_cancel,
    build_request,
    is_significant,
    is_stale,
    next_sequence,
    parse_reply,
    parse_reply_mail,
)
from liaison_app.messages import mime
from tests.parts.calendars import HOSTILE, facts, lines_of_file, names_of

NOW = datetime(2026, 11, 3, 2, 0, 0, tzinfo=UTC)
WANG = Attendee(name="王素梅", email="wang.sumei@example.test")
UID = facts().uid


def only_event(raw):
    (event,) = icalendar.Calendar.from_ical(raw).walk("VEVENT")
    return event


# --- REQUEST -----------------------------------------------------------------


def test_a_request_asks_one_person_to_answer():
    lines = lines_of_file(build_request(facts(), replace(WANG, email="a@b.cn"), stamped_at=NOW))
    assert names_of(lines).count("ATTENDEE") == 1
    for line in (
        "METHOD:REQUEST",
        f"UID:{UID}",
        "SEQUENCE:2",
        "DTSTAMP:20261103T020000Z",
        "LAST-MODIFIED:20261102T010203Z",
        "STATUS:CONFIRMED",
        "ORGANIZER;CN=代表工作委员会:mailto:liaison@example.test",
        "ATTENDEE;CN=王素梅;CUTYPE=INDIVIDUAL;PARTSTAT=NEEDS-ACTION;ROLE=REQ-PARTICIPANT;RSVP=TRUE:mailto:a@b.cn",
        "TRIGGER:-PT1H",
    ):
        assert line in lines


@pytest.mark.parametrize(
    ("attendee", "expected", "transp"),
    [
        (Attendee(name="", email="a@b.cn", role="CHAIR"), {"ROLE": "CHAIR", "RSVP": "TRUE"}, "OPAQUE"),
        (
            Attendee(name="a", email="a@b.cn", role="OPT-PARTICIPANT", partstat="ACCEPTED"),
            {"ROLE": "OPT-PARTICIPANT", "RSVP": "TRUE", "PARTSTAT": "ACCEPTED"},
            "OPAQUE",
        ),
        (
            Attendee(name="a", email="a@b.cn", role="NON-PARTICIPANT"),
            {"ROLE": "NON-PARTICIPANT", "RSVP": "FALSE"},
            "TRANSPARENT",
        ),
        (
            Attendee(name="a", email="a@b.cn", partstat="DELEGATED", delegated_to="c@d.cn"),
            {"PARTSTAT": "DELEGATED", "DELEGATED-TO": "mailto:c@d.cn", "RSVP": "FALSE"},
            "OPAQUE",
        ),
        (
            Attendee(name="c", email="c@d.cn", delegated_from="a@b.cn"),
            {"PARTSTAT": "NEEDS-ACTION", "DELEGATED-FROM": "mailto:a@b.cn", "RSVP": "TRUE"},
            "OPAQUE",
        ),
        (Attendee(name="二楼接待室", email="r@b.cn", cutype="ROOM"), {"CUTYPE": "ROOM"}, "OPAQUE"),
    ],
)
def test_role_and_delegation_are_told(attendee, expected, transp):
    event = only_event(build_request(facts(), attendee, stamped_at=NOW))
    assert str(event["attendee"]) == f"mailto:{attendee.email}"
    assert {name: event["attendee"].params[name] for name in expected} == expected
    assert event["transp"] == transp


@pytest.mark.parametrize(("minutes", "trigger"), [(0, "P0D"), (15, "-PT15M"), (1440, "-P1D"), (None, None)])
def test_there_is_one_reminder_or_none(minutes, trigger):
    raw = build_request(facts(), WANG, stamped_at=NOW, remind_minutes=minutes)
    alarms = icalendar.Calendar.from_ical(raw).walk("VALARM")
    assert [alarm["trigger"].to_ical().decode() for alarm in alarms] == ([trigger] if trigger else [])


def test_a_cancelled_meeting_is_never_requested():
    with pytest.raises(ValueError, match="cancelled"):
        build_request(facts(state="cancelled"), WANG, stamped_at=NOW)


def test_the_same_message_is_the_same_bytes():
    assert build_request(facts(), WANG, stamped_at=NOW) == build_request(facts(), WANG, stamped_at=NOW)


def test_independent_readers_understand_the_request():
    raw = build_request(facts(), WANG, stamped_at=NOW)
    event = vobject.readOne(raw.decode()).vevent
    assert event.attendee.value == "mailto:wang.sumei@example.test"
    assert event.dtstart.value.astimezone(UTC) == facts().starts_at
    (found,) = recurring_ical_events.of(icalendar.Calendar.from_ical(raw)).at(date(2026, 11, 20))
    assert found["uid"] == UID


# --- CANCEL ------------------------------------------------------------------


def test_a_cancel_keeps_uid_time_and_title():
    lines = lines_of_file(build_cancel(facts(sequence=3), WANG, stamped_at=NOW, reason="停电，\n改日再约"))
    for line in (
        "METHOD:CANCEL",
        f"UID:{UID}",
        "SEQUENCE:3",
        "STATUS:CANCELLED",
        "TRANSP:TRANSPARENT",
        "SUMMARY:【已取消】供暖专场",
        "DTSTART;TZID=Asia/Shanghai:20261120T143000",
        r"COMMENT:停电，\n改日再约",
        "ORGANIZER;CN=代表工作委员会:mailto:liaison@example.test",
        "ATTENDEE;CN=王素梅;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT:mailto:wang.sumei@example.test",
    ):
        assert line in lines
    assert not {"RECURRENCE-ID", "ACTION", "RRULE"} & set(names_of(lines))


def test_a_cancel_does_not_depend_on_the_state_given():
    given_states = ("confirmed", "tentative", "cancelled")
    assert len({build_cancel(facts(state=state), WANG, stamped_at=NOW) for state in given_states}) == 1


def test_taking_one_person_off_leaves_the_meeting_alone():
    lines = lines_of_file(build_cancel(facts(sequence=3), WANG, stamped_at=NOW, whole_meeting=False))
    assert "METHOD:CANCEL" in lines
    assert "SUMMARY:供暖专场" in lines
    assert not {"STATUS", "COMMENT"} & set(names_of(lines))
    assert names_of(lines).count("ATTENDEE") == 1


# --- injection ---------------------------------------------------------------

any_text = st.text(max_size=100) | st.sampled_from(HOSTILE)


@given(name=any_text, email=any_text, summary=any_text, reason=any_text, other=any_text)
def test_whatever_is_typed_the_message_stays_one_person_and_one_event(name, email, summary, reason, other):
    attendee = Attendee(name=name, email=email, delegated_from=other)
    typed = facts(summary=summary, organizer_name=other)
    for raw, plain in (
        (build_request(typed, attendee, stamped_at=NOW), build_request(facts(), WANG, stamped_at=NOW)),
        (
            build_cancel(typed, attendee, stamped_at=NOW, reason=reason),
            build_cancel(facts(), WANG, stamped_at=NOW, reason="停电"),
        ),
    ):
        assert set(names_of(lines_of_file(raw))) <= set(names_of(lines_of_file(plain)))
        assert names_of(lines_of_file(raw)).count("ATTENDEE") == 1
        assert not {'"', "^"} & set(only_event(raw)["attendee"].params.get("CN", ""))


# --- sequence ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "significant"),
    [
        ({}, False),
        ({"starts_at": facts().starts_at - timedelta(minutes=30)}, True),
        ({"ends_at": facts().ends_at + timedelta(minutes=30)}, True),
        ({"location": "曙光小学"}, True),
        ({"state": "tentative"}, True),
        ({"state": "cancelled"}, True),
        ({"location": " 中安街人大代表联络站 二楼接待室 "}, False),
        ({"starts_at": facts().starts_at.astimezone()}, False),
        ({"summary": "供暖与物业专场"}, False),
        ({"description": "议程有变"}, False),
        ({"url": "https://other.example/m/x"}, False),
        ({"organizer_name": "办公室"}, False),
    ],
)
def test_time_place_and_state_are_significant_words_are_not(change, significant):
    after = replace(facts(), **change)
    assert is_significant(facts(), after) is significant
    assert next_sequence(facts(), after) == (3 if significant else 2)


# --- REPLY, as clients write it ----------------------------------------------


def reply(*lines, method="REPLY", zone=(), eol="\r\n"):
    head = ("BEGIN:VCALENDAR", "PRODID:-//X//Y//EN", "VERSION:2.0", f"METHOD:{method}")
    return eol.join([*head, *zone, "BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR", ""])


PLAIN = (
    f"UID:{UID}",
    "SEQUENCE:2",
    "DTSTAMP:20261104T081500Z",
    "ORGANIZER:mailto:liaison@example.test",
    "ATTENDEE;PARTSTAT=ACCEPTED:mailto:wang.sumei@example.test",
)
EXPECTED = Answer(
    uid=UID,
    attendee="wang.sumei@example.test",
    partstat="ACCEPTED",
    sequence=2,
    stamped_at=datetime(2026, 11, 4, 8, 15, tzinfo=UTC),
    organizer="liaison@example.test",
)
STARTS = facts().starts_at
ZONE_WITHOUT_START = (
    "BEGIN:VTIMEZONE",
    "TZID:+8",
    "BEGIN:STANDARD",
    "TZOFFSETFROM: +0800",
    "TZOFFSETTO: +0800",
    "END:STANDARD",
    "END:VTIMEZONE",
)
TOKYO_ZONE = (
    "BEGIN:VTIMEZONE",
    "TZID:Customized Time Zone",
    "BEGIN:STANDARD",
    "DTSTART:16010101T000000",
    "TZOFFSETFROM:+0900",
    "TZOFFSETTO:+0900",
    "END:STANDARD",
    "END:VTIMEZONE",
)
GOOGLE = reply(
    "DTSTART:20261120T063000Z",
    "DTEND:20261120T083000Z",
    "DTSTAMP:20261104T081500Z",
    "ORGANIZER;CN=代表工作委员会:mailto:liaison@example.test",
    f"UID:{UID}",
    "ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=DECLINED;CN=王素",
    ' 梅;X-NUM-GUESTS=0;X-RESPONSE-COMMENT="下午要开会：去不了":mailto:wang.sumei@e',
    " xample.test",
    "SEQUENCE:2",
    "SUMMARY:供暖专场",
)
OUTLOOK = reply(
    "ATTENDEE;PARTSTAT=TENTATIVE;CN=Wang Sumei:MAILTO:Wang.Sumei@Example.Test",
    r"COMMENT;LANGUAGE=zh-CN:可能晚到\n十分钟\, 请先开始",
    f"UID:{UID}",
    "SUMMARY;LANGUAGE=zh-CN:暂定: 供暖专场",
    "DTSTART;TZID=China Standard Time:20261120T143000",
    "DTSTAMP:20261104T081500Z",
    "SEQUENCE:2",
    "X-MICROSOFT-CDO-APPT-SEQUENCE:2",
    "BEGIN:VALARM",
    "UID:alarm",
    "ATTENDEE:mailto:other@example.test",
    "END:VALARM",
)
BIZMAIL = reply(
    f"UID:{UID}",
    "DTSTAMP:20261104T161500",
    "DTSTART;TZID=+8:20261120T143000",
    "SEQUENCE:2",
    "ATTENDEE;CN=王素梅;PARTSTAT=NEED-REQUEST:mailto:wang.sumei@example.test",
    zone=ZONE_WITHOUT_START,
)


@pytest.mark.parametrize(
    ("written", "differs"),
    [
        (reply(*PLAIN), {}),
        (reply(*PLAIN, method="reply"), {}),
        (reply(*PLAIN, eol="\n"), {}),
        (reply(*PLAIN, eol="\r"), {}),
        ("\ufeff" + reply(*PLAIN), {}),
        ("\r\n\r\n" + reply(*PLAIN).replace("\r\n", "\r\n\r\n"), {}),
        (reply(*(line.lower() for line in PLAIN)).replace("uid:", "Uid:"), {}),
        (reply(*PLAIN, "ATTENDEE;PARTSTAT=DECLINED:mailto:chen@example.test"), {}),
        (reply(*PLAIN[:4], "ATTENDEE;PARTSTAT=ACCEPTED:wang.sumei@example.test"), {}),
        (reply(*PLAIN[:4], "ATTENDEE;PARTSTAT=ACCEPTED;EMAIL=wang.sumei@example.test:urn:uuid:1"), {}),
        (reply(*PLAIN[:4], "ATTENDEE ; PARTSTAT = ACCEPTED : mailto:wang.sumei@example.test"), {}),
        (
            reply(*PLAIN[:4], 'ATTENDEE;CN="王;PARTSTAT=ACCEPTED:mailto:wang.sumei@example.test'),
            {"name": "王"},
        ),
        (
            reply(*PLAIN[:4], 'ATTENDEE;CN=王 "小" 梅;PARTSTAT=ACCEPTED:mailto:wang.sumei@example.test'),
            {"name": '王 "小" 梅'},
        ),
        (
            reply(*PLAIN[:4], "ATTENDEE;CN=王,素梅;PARTSTAT=ACCEPTED:mailto:wang.sumei@example.test"),
            {"name": "王,素梅"},
        ),
        (
            reply(*PLAIN[:4], "ATTENDEE;PARTSTAT=COMPLETED:mailto:wang.sumei@example.test"),
            {"partstat": "NEEDS-ACTION"},
        ),
        (reply(*PLAIN[:4], "ATTENDEE:mailto:wang.sumei@example.test"), {"partstat": "NEEDS-ACTION"}),
        (reply(PLAIN[0], *PLAIN[2:]), {"sequence": 0}),
        (reply(PLAIN[0], "SEQUENCE:-1", *PLAIN[2:]), {"sequence": 0}),
        (reply(PLAIN[0], "SEQUENCE:二", *PLAIN[2:]), {"sequence": 0}),
        (reply(PLAIN[0], "SEQUENCE:" + "9" * 5000, *PLAIN[2:]), {"sequence": 2**31 - 1}),
        (reply(*PLAIN[:2], *PLAIN[3:]), {"stamped_at": None}),
        (reply(*PLAIN[:2], "DTSTAMP:20261304T081500Z", *PLAIN[3:]), {"stamped_at": None}),
        (reply(*PLAIN[:2], "DTSTAMP:00010101T000000", *PLAIN[3:]), {"stamped_at": None}),
        (reply(*PLAIN[:2], "DTSTAMP:99991231T235959Z", *PLAIN[3:]), {"stamped_at": None}),
        (
            reply(*PLAIN[:2], "DTSTAMP:20261104", *PLAIN[3:]),
            {"stamped_at": datetime(2026, 11, 3, 16, tzinfo=UTC)},
        ),
        (
            reply(*PLAIN, "DTSTART;TZID=Customized Time Zone:20261120T153000", zone=TOKYO_ZONE),
            {"starts_at": STARTS},
        ),
        (reply(*PLAIN, "DTSTART;TZID=Unknown:20261120T143000"), {"starts_at": STARTS}),
        (reply(*PLAIN, "DTSTART;TZID=/etc/passwd:20261120T143000"), {"starts_at": STARTS}),
        (reply(*PLAIN, "DTSTART;TZID=Asia:20261120T143000"), {"starts_at": STARTS}),
        (reply(*PLAIN, "DTSTART;TZID=PRC:20261120T143000"), {"starts_at": STARTS}),
        (reply(*PLAIN, "RECURRENCE-ID;TZID=UTC+08:00:20261120T143000"), {"recurrence": STARTS}),
        (
            reply(
                *PLAIN[:4],
                'ATTENDEE;PARTSTAT=ACCEPTED;SENT-BY="mailto:Bai@example.test":mailto:wang.sumei@example.test',
            ),
            {"sent_by": "bai@example.test"},
        ),
        (
            reply(
                *PLAIN[:4],
                'ATTENDEE;PARTSTAT=DELEGATED;DELEGATED-TO="mailto:chen@example.test":mailto:wang.sumei@example.test',
                'ATTENDEE;PARTSTAT=NEEDS-ACTION;DELEGATED-FROM="mailto:wang.sumei@example.test":mailto:chen@example.test',
            ),
            {"partstat": "DELEGATED", "delegated_to": "chen@example.test"},
        ),
        (reply(*PLAIN) + reply(*PLAIN).replace("ACCEPTED", "DECLINED"), {}),
        (
            reply(
                *PLAIN[:4], PLAIN[4], "END:VEVENT", "BEGIN:VEVENT", "RECURRENCE-ID:20261120T063000Z", *PLAIN
            ),
            {},
        ),
        (
            GOOGLE,
            {"partstat": "DECLINED", "name": "王素梅", "comment": "下午要开会：去不了", "starts_at": STARTS},
        ),
        (
            OUTLOOK,
            {
                "partstat": "TENTATIVE",
                "name": "Wang Sumei",
                "comment": "可能晚到\n十分钟, 请先开始",
                "organizer": "",
                "starts_at": STARTS,
            },
        ),
        (BIZMAIL, {"partstat": "NEEDS-ACTION", "name": "王素梅", "organizer": "", "starts_at": STARTS}),
    ],
)
def test_answers_are_read_as_real_clients_write_them(written, differs):
    assert parse_reply(written.encode()) == replace(EXPECTED, **differs)


@pytest.mark.parametrize(
    "charset", ["gb2312", "GBK", "gb18030", "utf-8", "us-ascii", None, "x-unknown", "punycode"]
)
def test_chinese_survives_a_charset_that_is_missing_or_wrong(charset):
    written = reply(*PLAIN, "COMMENT:程局长请假，由𠮷副局长代会")
    for encoding in ("utf-8", "gb18030"):
        assert parse_reply(written.encode(encoding), charset=charset).comment == "程局长请假，由𠮷副局长代会"


def test_big5_is_read_where_it_is_declared():
    written = reply(*PLAIN, "COMMENT:準時參加")
    assert parse_reply(written.encode("big5"), charset="Big5").comment == "準時參加"


def test_an_answer_to_an_instance_yields_to_the_meeting_itself():
    instance = [*PLAIN[:4], "RECURRENCE-ID:20261120T063000Z", PLAIN[4].replace("ACCEPTED", "DECLINED")]
    assert parse_reply(reply(*instance, "END:VEVENT", "BEGIN:VEVENT", *PLAIN).encode()).partstat == "ACCEPTED"
    assert parse_reply(reply(*instance).encode()).partstat == "DECLINED"


def test_only_the_senders_own_line_counts():
    written = reply(*PLAIN, "ATTENDEE;PARTSTAT=DECLINED:mailto:chen@example.test").encode()
    assert parse_reply(written, sender="Chen@example.test").partstat == "DECLINED"
    assert parse_reply(written, sender="nobody@example.test").attendee == "wang.sumei@example.test"


EXCHANGE = "040000008200E00074C5B7101A82E008"
OURS = b"vCal-Uid\x01\x00\x00\x00".hex() + UID.encode().hex()


@pytest.mark.parametrize(
    ("wrapped", "found"),
    [
        (EXCHANGE + "00" * 16 + "30000000" + OURS + "00", UID),
        ((EXCHANGE + "00" * 16 + OURS).lower(), UID),
        (EXCHANGE + "00" * 40, EXCHANGE + "00" * 40),
        (EXCHANGE + "xyz", EXCHANGE + "xyz"),
    ],
)
def test_a_uid_wrapped_by_exchange_is_unwrapped(wrapped, found):
    assert parse_reply(reply(f"UID:{wrapped}", *PLAIN[1:]).encode()).uid == found


@pytest.mark.parametrize(
    ("written", "why", "method"),
    [
        ("", "no method", ""),
        ("<html><body>请登录</body></html>", "no method", ""),
        (reply(*PLAIN, method="REQUEST"), "another method", "REQUEST"),
        (reply(*PLAIN, method="COUNTER"), "another method", "COUNTER"),
        (reply(*PLAIN, method="CANCEL"), "another method", "CANCEL"),
        (reply(*PLAIN, method=""), "no method", ""),
        (reply(*PLAIN).replace("VEVENT", "VTODO"), "no event", "REPLY"),
        (reply(*PLAIN[:4]), "no attendee", "REPLY"),
        (reply(*PLAIN[:4], "ATTENDEE;PARTSTAT=ACCEPTED:mailto:"), "no attendee", "REPLY"),
        (reply(*PLAIN[1:]), "no uid", "REPLY"),
        (reply(*PLAIN[1:], "UID: "), "no uid", "REPLY"),
        ("X" * (LARGEST_REPLY + 1), "too large", ""),
    ],
)
def test_what_answers_nothing_says_why(written, why, method):
    with pytest.raises(NotAReply, match="不是对邀请的答复") as refusal:
        parse_reply(written.encode())
    assert (refusal.value.why, refusal.value.method) == (why, method)


def test_foreign_text_comes_in_clean_and_short():
    answer = parse_reply(reply(*PLAIN, "COMMENT:a\u202eb\\nc" + "长" * 5000).encode())
    assert answer.comment.startswith("ab\nc长")
    assert len(answer.comment) == 2000


# --- the mail around it ------------------------------------------------------


def mail(*parts, subtype="mixed", headers=""):
    head = f'{headers}Content-Type: multipart/{subtype}; boundary="b"\r\n\r\n'
    return (head + "".join(f"--b\r\n{part}\r\n" for part in parts) + "--b--\r\n").encode()


TEXT = "Content-Type: text/plain; charset=gb2312\r\n\r\nhao"
INLINE = "Content-Type: text/calendar; method=REPLY; charset=UTF-8\r\n\r\n" + reply(*PLAIN)
ENCODED = (
    "Content-Type: TEXT/Calendar; METHOD=reply\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + base64.encodebytes(reply(*PLAIN).encode()).decode()
)
ATTACHED = (
    'Content-Type: text/calendar; name="iCal-1.ics"\r\nContent-Disposition: attachment; filename="iCal-1.ics"\r\n\r\n'
    + reply(*PLAIN)
)
AS_FILE = 'Content-Type: application/ics; name="invite.ics"\r\n\r\n' + reply(*PLAIN)
QUOTED_MAIL = f"Content-Type: message/rfc822\r\n\r\nSubject: x\r\n{INLINE}"


@pytest.mark.parametrize(
    "raw",
    [
        INLINE.encode(),
        ENCODED.encode(),
        mail(TEXT, INLINE, subtype="alternative"),
        mail(TEXT, ATTACHED),
        mail(TEXT, AS_FILE),
        mail(INLINE, AS_FILE.replace("ACCEPTED", "DECLINED")),
        mail(AS_FILE.replace("ACCEPTED", "DECLINED"), INLINE),
        mail(
            TEXT,
            mail(TEXT, INLINE, subtype="alternative").decode().replace("--b", "--c").replace('"b"', '"c"'),
        ),
        mail(TEXT, INLINE)[:-7],
        ("Content-Type: text/calendar; charset=gb2312\r\n\r\n" + reply(*PLAIN, "X-A:接受")).encode("gb18030"),
        ("Subject: 接受\r\n" + INLINE).encode("gb18030"),
    ],
)
def test_the_reply_is_found_wherever_it_stands(raw):
    assert parse_reply_mail(raw) == EXPECTED


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n",
        b"\xff\xfe\x00",
        TEXT.encode(),
        mail(TEXT, QUOTED_MAIL),
        mail(TEXT, INLINE, subtype="report; report-type=delivery-status"),
        mail(TEXT, INLINE.replace("METHOD:REPLY", "METHOD:REQUEST")),
        b"Content-Type: text/calendar\r\n\r\n",
        b"Content-Type: text/plain; charset=a\x00b\r\n\r\n\xe4",
        b"Content-Type: multipart/mixed\r\n\r\n" + INLINE.encode(),
        "".join(
            f'Content-Type: multipart/mixed; boundary="{n}"\r\n\r\n--{n}\r\n' for n in range(3000)
        ).encode(),
    ],
)
def test_a_mail_without_a_reply_of_its_own_is_none(raw):
    with pytest.raises(NotAReply):
        parse_reply_mail(raw)


def test_an_answer_to_our_own_mail_comes_back_through_our_own_builder():
    request = build_request(facts(), WANG, stamped_at=NOW)
    answer = request.replace(b"METHOD:REQUEST", b"METHOD:REPLY").replace(b"NEEDS-ACTION", b"ACCEPTED")
    raw = mime.build(
        sender_name="王素梅", sender_address="wang.sumei@example.test", to_name="", to_address="liaison@example.test",
        subject="接受: 供暖专场", text="", calendar=answer, method="REPLY", message_id="<1@example.test>", date=NOW,
    )  # fmt: skip
    found = parse_reply_mail(raw, sender="wang.sumei@example.test")
    assert (found.uid, found.partstat, found.starts_at, found.stamped_at) == (
        UID,
        "ACCEPTED",
        facts().starts_at,
        NOW,
    )


# --- order -------------------------------------------------------------------

ARRIVED = datetime(2026, 11, 4, 9, 0, tzinfo=UTC)


def stale(answer, *, kept=None, current=2, significant=2):
    return is_stale(
        answer, current_sequence=current, significant_sequence=significant, kept=kept, arrived_at=ARRIVED
    )


@pytest.mark.parametrize(
    ("sequence", "minutes_before_arrival", "kept", "expected"),
    [
        (2, 45, None, False),
        (1, 45, None, True),  # an older time or place was answered
        (2, 45, (1, ARRIVED), False),
        (2, 45, (2, ARRIVED - timedelta(minutes=46)), False),
        (2, 45, (2, ARRIVED - timedelta(minutes=44)), True),  # answered by web in between
        (2, 45, (2, ARRIVED - timedelta(minutes=45)), False),  # the same second: the later arrival wins
        (2, 45, (2, ARRIVED - timedelta(minutes=45) + timedelta(milliseconds=900)), False),
        (9, 45, (2, ARRIVED - timedelta(minutes=44)), True),  # a sequence we never had is ours, no more
        (2, -480, (2, ARRIVED - timedelta(minutes=1)), False),  # local clock with a Z, eight hours ahead
    ],
)
def test_the_latest_decision_on_the_current_meeting_counts(sequence, minutes_before_arrival, kept, expected):
    answer = replace(
        EXPECTED, sequence=sequence, stamped_at=ARRIVED - timedelta(minutes=minutes_before_arrival)
    )
    assert stale(answer, kept=kept) is expected


def test_a_change_of_words_alone_makes_no_answer_stale():
    assert not stale(replace(EXPECTED, sequence=2), current=3, significant=2)


def test_a_clock_ahead_does_not_block_later_answers():
    ahead = replace(EXPECTED, sequence=7, stamped_at=ARRIVED + timedelta(days=300))
    assert ahead.order(current_sequence=2, arrived_at=ARRIVED) == (2, ARRIVED)
    assert replace(ahead, stamped_at=None).order(current_sequence=2, arrived_at=ARRIVED) == (2, ARRIVED)


@pytest.mark.parametrize(
    ("partstat", "decides"),
    [
        ("ACCEPTED", True),
        ("DECLINED", True),
        ("TENTATIVE", True),
        ("DELEGATED", True),
        ("NEEDS-ACTION", False),
    ],
)
def test_needs_action_decides_nothing(partstat, decides):
    assert replace(EXPECTED, partstat=partstat).decides is decides


# --- damage ------------------------------------------------------------------

SEEDS = [text.encode() for text in (reply(*PLAIN), GOOGLE, OUTLOOK, BIZMAIL)]
SPICE = [
    b"\r\n",
    b"\n ",
    b":",
    b";",
    b'"',
    b"\\",
    b"=",
    b"BEGIN:VEVENT\r\n",
    b"END:VEVENT\r\n",
    b"\x00",
    b"\xff",
    b"\x81\x30",
]


def damaged(raw, dice):
    for _ in range(dice.randint(1, 6)):
        at, length = dice.randrange(len(raw)), dice.randint(0, 20)
        piece = dice.choice(
            [b"", dice.randbytes(length), dice.choice(SPICE) * dice.randint(1, 3), raw[at : at + 60]]
        )
        raw = raw[:at] + piece + raw[at + length :]
        if not raw:
            return b"\r\n"
    return raw


def test_no_damage_lets_anything_but_not_a_reply_escape():
    dice = random.Random(20261120)
    kept = 0
    for round_number in range(4000):
        raw = damaged(SEEDS[round_number % len(SEEDS)], dice)
        try:
            answer = parse_reply(raw, charset=dice.choice([None, "gb2312", "utf-16", "big5"]))
        except NotAReply:
            continue
        assert answer.uid
        assert "@" in answer.attendee
        kept += 1
    assert kept > 2000  # the reader is liberal, or the test would show nothing


def test_no_damage_to_a_whole_mail_lets_anything_else_escape():
    dice = random.Random(20261121)
    seeds = [mail(TEXT, INLINE, subtype="alternative"), mail(TEXT, ENCODED), ENCODED.encode()]
    kept = 0
    for round_number in range(1500):
        try:
            parse_reply_mail(damaged(seeds[round_number % len(seeds)], dice))
            kept += 1
        except NotAReply:
            pass
    assert kept > 200


@pytest.mark.parametrize(
    "unit",
    [":", ";", '"', "\\", "a@", "BEGIN:X\n", "END:X\n", "\n ", "BEGIN:VEVENT\n", "mailto:", "A;B=", "="],
)
def test_the_largest_nonsense_is_read_to_its_end(unit):
    with pytest.raises(NotAReply):
        parse_reply(
            ("METHOD:REPLY\nBEGIN:VEVENT\n" + unit * ((LARGEST_REPLY - 100) // len(unit)))[
                :LARGEST_REPLY
            ].encode()
        )
