"""The words of the mails: whole by themselves, nothing fetched, nothing typed that becomes markup."""

import re
from types import SimpleNamespace

import jinja2
import pytest

from tests.parts.calendars import HOSTILE

MEETING = {
    "title": "供暖专场",
    "kind_name": "代表·局长面对面",
    "day_text": "2026年11月20日（星期五）",
    "span_text": "2026年11月20日（星期五）14:30–16:30",
    "place_text": "中安街人大代表联络站　二楼接待室",
    "agenda_text": "一、区城管局通报\n二、提问",
    "lead_text": "区城市管理局局长 程建业",
}
USUAL = {
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
}
KINDS = ("invite", "update", "remind", "cancel", "postponed", "withdrawn", "delegated", "noted")
ASKING = ("invite", "update", "remind")


@pytest.fixture(scope="module")
def templates():
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader("templates"),
        extensions=["jinja2.ext.i18n"],
        autoescape=lambda name: not name.endswith(".txt"),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.install_null_translations(newstyle=True)
    environment.globals["gap"] = lambda: ""
    return environment


@pytest.fixture
def write(templates):
    def written(name, meeting=(), **given):
        values = {**USUAL, **given, "meeting": SimpleNamespace(**{**MEETING, **dict(meeting)})}
        return templates.get_template(f"invitations/messages/{name}").render(values)

    return written


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        ("invite", "邀请：供暖专场，2026年11月20日（星期五），中安街人大代表联络站　二楼接待室"),
        ("update", "更新：供暖专场，2026年11月20日（星期五），中安街人大代表联络站　二楼接待室"),
        ("cancel", "已取消：供暖专场，2026年11月20日（星期五），中安街人大代表联络站　二楼接待室"),
        ("postponed", "延期：供暖专场，原定2026年11月20日（星期五），中安街人大代表联络站　二楼接待室"),
        ("withdrawn", "不再邀请：供暖专场，2026年11月20日（星期五），中安街人大代表联络站　二楼接待室"),
    ],
)
def test_the_subject_says_what_when_and_where(write, kind, subject):
    assert write(f"{kind}.subject.txt").strip() == subject
    assert f"<title>{subject}</title>" in write(f"{kind}.html")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", ["txt", "html"])
def test_each_form_stands_alone(write, kind, form):
    text = write(f"{kind}.{form}")
    for needed in (
        "王素梅代表：",
        MEETING["span_text"],
        MEETING["place_text"],
        "人大代表",
        "0371-0000 0011",
        "代表工作委员会",
    ):
        assert needed in text
    assert "_(" not in text
    assert "%(" not in text


@pytest.mark.parametrize("form", ["txt", "html"])
@pytest.mark.parametrize("kind", KINDS)
def test_only_who_is_asked_gets_the_three_ways_to_answer(write, kind, form):
    text = write(f"{kind}.{form}")
    choices = re.findall(r"k7f2Xq3mA9tYb5cZ8wLpQ4rVn1s\?choice=(\w+)", text)
    assert choices == (["accepted", "declined", "delegated"] if kind in ASKING else [])
    assert ("11月18日（星期三）18:00" in text) is (kind in ASKING)
    file = {"delegated": "invite.ics", "noted": "有事请打"}.get(kind, "cancel.ics")
    assert ("invite.ics" if kind in ASKING else file) in text


@pytest.mark.parametrize("form", ["txt", "html"])
def test_who_cannot_send_somebody_else_is_not_offered_it(write, form):
    text = write(f"invite.{form}", may_delegate=False)
    assert re.findall(r"\?choice=(\w+)", text) == ["accepted", "declined"]
    assert "委托" not in text


@pytest.mark.parametrize("form", ["txt", "html"])
def test_an_update_of_words_leaves_the_answer_and_says_where_to_change_it(write, form):
    text = write(f"update.{form}", reply_by_text="")
    assert "您原来的答复不变。" in text
    assert "?choice=" not in text
    assert USUAL["answer_url"] in text
    assert "原来的答复不算了，请重新答复。" in write(f"update.{form}")


def test_an_update_shows_before_and_after(write):
    text = write("update.txt")
    assert (
        "原来的时间：2026年11月19日（星期四）9:00–11:00\n现在的时间：2026年11月20日（星期五）14:30–16:30\n"
        in text
    )
    assert 'line-through;color:#4c473e;">2026年11月19日（星期四）9:00–11:00</span>' in write("update.html")


@pytest.mark.parametrize("kind", ["cancel", "postponed", "withdrawn"])
@pytest.mark.parametrize("form", ["txt", "html"])
def test_a_reason_is_told_where_there_is_one(write, kind, form):
    assert "原因：市里临时召开防汛会议。" in write(f"{kind}.{form}")
    assert "原因" not in write(f"{kind}.{form}", reason="")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", ["txt", "html"])
def test_what_is_not_known_leaves_no_empty_line_of_facts(write, kind, form):
    bare = write(
        f"{kind}.{form}", {"agenda_text": "", "lead_text": ""}, role_name="", meeting_url="", person_title=""
    )
    assert not any(word in bare for word in ("议程", "谁来答", "身份", "网页"))
    assert "王素梅：" in bare
    if form == "txt":
        assert "\n\n\n" not in bare


@pytest.mark.parametrize("kind", KINDS)
def test_a_mail_fetches_nothing_and_runs_nothing(write, kind):
    page = write(f"{kind}.html")
    assert not re.search(r"<(img|script|link|iframe|form|object)\b|url\(|\bon\w+=|@import|src=", page)
    assert {target.split("?")[0] for target in re.findall(r'href="([^"]*)"', page)} <= {
        USUAL["answer_url"],
        USUAL["meeting_url"],
    }
    assert 'width="600"' in page


@pytest.mark.parametrize(
    "typed", ["<script>alert(1)</script>", '"><img src=x onerror=1>', "{{ 7*7 }}", "100%(x)s & 5%", *HOSTILE]
)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_typed_stays_words(write, kind, typed):
    meeting = dict.fromkeys(("title", "kind_name", "place_text", "agenda_text", "lead_text"), typed)
    names = dict.fromkeys(("person_name", "person_title", "role_name", "reason", "office_name"), typed)
    page = write(f"{kind}.html", meeting, **names, changes=[(typed, typed, typed)])
    plain = write(f"{kind}.html")
    assert set(re.findall(r"<(\w+)", page)) <= set(re.findall(r"<(\w+)", plain))
    assert typed in write(f"{kind}.txt", meeting, **names, changes=[(typed, typed, typed)])
