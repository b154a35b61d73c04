"""What every calendar file must be, byte by byte, and texts that try to break one."""

from datetime import UTC, datetime
from typing import Any

from liaison_app.scheduling.ics import VTIMEZONE, MeetingFacts

HOSTILE = [
    "供暖专场\rX-EVIL:1",
    "供暖专场\nATTENDEE:mailto:x@evil.example",
    "供暖专场\r\nEND:VEVENT\r\nBEGIN:VEVENT",
    "从文档粘贴\v的一行",
    "换页\f与\x85与\u2028与\u2029",
    "退格\x08响铃\x07空\x00转义\x1b[31m",
    "=?UTF-8?Q?=0D=0A=0D=0A<b>body</b>?=",
    "半个 =?UTF-8?Q?=0D=0ABcc:_x@evil.example",
    '引号 "双" \'单\' “弯” ‘弯’ ^n ^^ ^\'',
    "a;b,c\\d:e\\n\\;",
    "从右到左\u202e覆盖\u2066隔离\u200b零宽\ufeff",
    "📞" * 40,
    "𠮷𡈽𠀋" * 30,
    "半个字符\ud800与\udfff",
    "供" * 1000,
    "  两端  和  中间  ",
    "X" * 300,
    "",
]


def facts(**given: Any) -> MeetingFacts:
    usual: dict[str, Any] = {
        "uid": "3f0c0f3e-8d0f-4c0e-9a4e-5f3f6c1f2a10",
        "sequence": 2,
        "revised_at": datetime(2026, 11, 2, 1, 2, 3, tzinfo=UTC),
        "starts_at": datetime(2026, 11, 20, 6, 30, tzinfo=UTC),
        "ends_at": datetime(2026, 11, 20, 8, 30, tzinfo=UTC),
        "summary": "供暖专场",
        "description": "一、区城管局通报\n二、提问; 答复, \\ 完",
        "location": "中安街人大代表联络站　二楼接待室",
        "url": "https://mdm.example.gov.cn/m/gn4x8k2p",
        "organizer_name": "代表工作委员会",
        "organizer_email": "liaison@example.test",
    }
    return MeetingFacts(**{**usual, **given})


def lines_of(raw: bytes) -> list[str]:
    """Return the unfolded lines, after checking the rules of RFC 5545 3.1 on the raw bytes."""
    assert raw.endswith(b"\r\n")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    folded = raw.removesuffix(b"\r\n").split(b"\r\n")
    for line in folded:
        assert 0 < len(line) <= 75
        text = line.decode("utf-8")  # fails where a fold splits a character
        assert not any(ord(char) < 0x20 or char in "\x7f\x85\u2028\u2029" for char in text)
    return raw.replace(b"\r\n ", b"").decode("utf-8").split("\r\n")[:-1]


def lines_of_file(raw: bytes) -> list[str]:
    """Return the lines of a whole file: one calendar, with our zone exactly as it must stand."""
    lines = lines_of(raw)
    assert lines[0] == "BEGIN:VCALENDAR"
    assert lines[-1] == "END:VCALENDAR"
    assert raw.count(b"BEGIN:VCALENDAR\r\n") == raw.count(b"END:VCALENDAR\r\n") == 1
    assert raw.count(VTIMEZONE) == raw.count(b"BEGIN:VTIMEZONE\r\n") == 1
    return lines


def names_of(lines: list[str]) -> list[str]:
    """Return the property names in order, without values and parameters."""
    return [line.partition(":")[0].partition(";")[0] for line in lines]
