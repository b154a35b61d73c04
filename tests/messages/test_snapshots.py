"""Every message as it goes out, word for word: subject, text, the short form, HTML and calendar object.

A change of words shows in the diff of `tests/snapshots/`. `make snapshots` writes them anew; look at them then.
The product writes in Chinese; the English of the catalogue stands beside it for the day a recipient may choose.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import jinja2
import pytest

from liaison_app.app import create_app
from liaison_app.core import letters
from liaison_app.invitations import itip
from liaison_app.settings import Settings
from tests.parts.calendars import facts, lines_of_file

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "tests" / "snapshots"
STAMPED_AT = datetime(2026, 11, 16, 1, tzinfo=UTC)
LETTERS = sorted(
    f"{path.parts[-3]}/{path.name.removesuffix('.subject.txt')}"
    for path in (ROOT / "templates").glob("*/messages/*.subject.txt")
)
MEETING = {
    "title": "供暖专场",
    "kind_name": "代表·局长面对面",
    "day_text": "2026年11月20日（星期五）",
    "span_text": "2026年11月20日（星期五）14:30–16:30",
    "short_text": "11月20日（五）14:30",
    "place_text": "中安街人大代表联络站　二楼接待室",
    "agenda_text": "一、区城管局通报\n二、提问",
    "lead_text": "区城市管理局局长 程建业",
}
# What the letters of all domains are filled from; each takes what it needs.
VALUES = {
    "meeting": SimpleNamespace(**MEETING),
    "person_name": "王素梅",
    "person_title": "代表",
    "role_name": "人大代表",
    "answer_url": "https://mdm.example.gov.cn/a/k7f2Xq3mA9tYb5cZ8wLpQ4rVn1s",
    "may_delegate": True,
    "meeting_url": "https://mdm.example.gov.cn/m/gn4x8k2p",
    "office_name": "代表工作委员会",
    "office_phone": "0371-0000 0011",
    "changes": [("时间", "2026年11月19日（星期四）9:00–11:00", "2026年11月20日（星期五）14:30–16:30")],
    "stand_in_name": "何明远",
    "answer_name": "请假",
    "reason": "市里临时召开防汛会议。",
    "reply_by_text": "11月18日（星期三）18:00",
    "wished_text": "11月20日（五）9:00",
    "reply": "那天上午有防汛会议。",
    "offers": ["11月23日（一）9:00", "11月24日（二）14:30"],
    "propose_url": "https://mdm.example.gov.cn/a/k7f2Xq3mA9tYb5cZ8wLpQ4rVn1s/propose",
    "title": "供暖专场",
    "when": "11月20日（五）14:30",
    "place": "中安街人大代表联络站　二楼接待室",
    "is_waiting": False,
    "link": "https://mdm.example.gov.cn/sign-in/k7f2Xq3mA9tYb5cZ8wLpQ4rVn1s",
    "until": "10:15",
}
HEAD = itip.Attendee(name="王素梅", email="wang@example.test")
STAND_IN = itip.Attendee(name="何明远", email="he@example.test", delegated_from="wang@example.test")
CALENDARS = {
    "request": lambda: itip.build_request(facts(), HEAD, stamped_at=STAMPED_AT),
    "request-stand-in": lambda: itip.build_request(facts(), STAND_IN, stamped_at=STAMPED_AT),
    "cancel": lambda: itip.build_cancel(facts(sequence=3), HEAD, stamped_at=STAMPED_AT, reason="防汛。"),
    "cancel-one": lambda: itip.build_cancel(
        facts(sequence=3), HEAD, stamped_at=STAMPED_AT, whole_meeting=False
    ),
}


def compare(name: str, content: bytes) -> None:
    """Compare with what is kept, byte for byte; write it instead where SNAPSHOTS=write."""
    place = KEPT / name
    if os.environ.get("SNAPSHOTS") == "write":
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    assert place.is_file(), f"{name} is new: make snapshots"
    assert content.decode() == place.read_bytes().decode(), f"{name}: look at the change, then make snapshots"


@pytest.fixture(scope="module")
def bare_app(tmp_path_factory):
    """The application put together, without a database."""
    app = create_app(Settings(data=tmp_path_factory.mktemp("data")))
    # A letter that wants something which no value here fills must not be kept with a hole in it.
    app.jinja_env.undefined = jinja2.StrictUndefined
    return app


@pytest.fixture
def in_language(monkeypatch):
    def choose(language: str) -> None:
        monkeypatch.setattr(letters, "CHINESE", language)

    return choose


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", LETTERS)
def test_each_letter_is_the_one_that_was_looked_at(name, language, bare_app, in_language):
    in_language(language)
    with bare_app.test_request_context():
        letter = letters.render_letter(name, **VALUES)
    words = f"{letter.subject}\n\n{letter.text}\n--\n{letter.short}\n"
    compare(f"{name}.{language}.txt", words.encode())
    if letter.html is not None:
        compare(f"{name}.{language}.html", f"{letter.html}\n".encode())


@pytest.mark.parametrize("name", CALENDARS)
def test_each_calendar_object_is_the_one_that_was_looked_at(name):
    raw = CALENDARS[name]()
    lines_of_file(raw)
    compare(f"calendars/{name}.ics", raw)


def test_nothing_is_kept_of_a_letter_that_is_gone():
    kept = {str(path.relative_to(KEPT)).rsplit(".", 2)[0] for path in KEPT.glob("*/*.txt")}
    assert kept == set(LETTERS)
    assert {path.stem for path in KEPT.glob("calendars/*.ics")} == set(CALENDARS)


def test_a_changed_word_is_noticed(tmp_path, monkeypatch):
    """The control."""
    monkeypatch.delenv("SNAPSHOTS", raising=False)
    kept = (KEPT / "calendars/request.ics").read_bytes()
    with pytest.raises(AssertionError, match="look at the change"):
        compare("calendars/request.ics", kept.replace("供暖".encode(), "供水".encode()))
