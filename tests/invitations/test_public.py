"""The page behind a personal link."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from icalendar import Calendar
from sqlalchemy import text

from liaison_app.core.db import db, transaction
from liaison_app.invitations.kinds import AnswerState, Door
from liaison_app.scheduling import services as scheduling
from liaison_app.scheduling.kinds import PlaceKind, RoleCode
from liaison_app.scheduling.rules import PlannedPerson
from tests.parts.calendars import lines_of_file

ACCEPT = {"answer": "accepted", "sequence": "0"}


def everything(table: str) -> list:
    return list(db.session.execute(text(f"SELECT * FROM {table} ORDER BY id")))


@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize("query", ["", "?choice=accepted", "?choice=declined&answer=declined&reason=x"])
def test_looking_changes_nothing(published, client, method, query):
    tables = ("invitation", "participant", "meeting", "message", "audit_entry", "occupancy")
    before = {table: everything(table) for table in tables}
    for person in (published.deputy, published.head):
        reply = getattr(client, method)(published.link(person) + query)
        assert reply.status_code == 200
        assert getattr(client, method)(published.link(person) + "/invite.ics").status_code == 200
    assert {table: everything(table) for table in tables} == before


def test_the_page_says_who_is_asked_to_what_and_is_kept_nowhere(published, client):
    reply = client.get(published.link(published.head))
    for words in (
        "程试一",
        "局长",
        "请您出席供暖专场",
        "2026年11月20日（星期五）",
        "14:30–16:30",
        "接待室",
        "11月18日（星期三）18:00",
        "不是您，请不要答复",
    ):
        assert words in reply.text
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.headers["Referrer-Policy"] == "no-referrer"
    assert 'name="robots" content="noindex"' in reply.text
    assert "0371-0000 0011" in reply.text


def test_a_choice_in_the_address_is_only_preselected(published, client):
    reply = client.get(published.link(published.head) + "?choice=declined")
    assert re.search(r'value="declined" checked', reply.text)
    assert published.invitation(published.head).answer == AnswerState.WAITING
    assert "checked" not in client.get(published.link(published.head) + "?choice=evil").text


def test_coming_is_one_post_and_the_page_then_says_so(published, client):
    link = published.link(published.deputy)
    reply = client.post(link, data=ACCEPT)
    assert (reply.status_code, reply.headers["Location"]) == (303, link)
    invitation = published.invitation(published.deputy)
    assert (invitation.answer, invitation.door, invitation.answered_by) == (
        AnswerState.ACCEPTED,
        Door.LINK,
        "",
    )
    page = client.get(link).text
    assert "记下了：您参加" in page
    assert "改主意了" in page


def test_leave_without_a_reason_comes_back_beside_the_field_with_what_was_typed(published, client):
    link = published.link(published.head)
    reply = client.post(link, data={"answer": "declined", "sequence": "0", "stand_in_text": "李主任"})
    assert reply.status_code == 422
    assert "请写一句原因" in reply.text
    assert 'value="李主任"' in reply.text
    assert re.search(r'value="declined" checked', reply.text)
    assert published.invitation(published.head).answer == AnswerState.WAITING


def test_no_choice_is_refused(published, client):
    reply = client.post(published.link(published.head), data={"sequence": "0"})
    assert reply.status_code == 422
    assert "请选一项" in reply.text


def test_the_reason_is_not_shown_to_whoever_gets_the_link(published, client):
    link = published.link(published.deputy)
    client.post(link, data={"answer": "declined", "reason": "当天住院复查", "sequence": "0"})
    assert "住院" not in client.get(link).text


def test_only_people_of_a_unit_can_send_somebody(published, client):
    assert "何试二" in client.get(published.link(published.head)).text
    page = client.get(published.link(published.deputy)).text
    assert "委托" not in page
    data = {"answer": "delegated", "reason": "出差", "stand_in_text": "别人", "sequence": "0"}
    assert client.post(published.link(published.deputy), data=data).status_code == 422
    assert published.invitation(published.deputy).answer == AnswerState.WAITING


def test_the_head_names_the_deputy_head(published, client):
    link = published.link(published.head)
    data = {
        "answer": "delegated",
        "reason": "出差",
        "stand_in": str(published.deputy_head.id),
        "sequence": "0",
    }
    assert client.post(link, data=data).status_code == 303
    assert "由何试二代您参加" in client.get(link).text
    assert "代谁来" in client.get(published.link(published.deputy_head)).text


def test_a_stand_in_of_another_unit_is_refused(published, client):
    published.revise()
    data = {"answer": "delegated", "reason": "出差", "stand_in": str(published.deputy.id), "sequence": "0"}
    reply = client.post(published.link(published.head), data=data)
    assert reply.status_code == 422
    assert "同一单位" in reply.text


def test_a_link_tells_that_a_stand_in_is_busy_and_not_with_what(published, client):
    with transaction():
        plan = replace(
            scheduling.as_plan(published.meeting),
            kind="research",
            title="内部通气会",
            place_kind=PlaceKind.OUTSIDE,
            place_text="三号楼",
            people=(PlannedPerson(published.deputy_head.id, RoleCode.BUREAU_STAFF, published.bureau.id),),
        )
        scheduling.create_meeting(plan, unit_id=published.host.id, by=None)
    data = {
        "answer": "delegated",
        "reason": "出差",
        "stand_in": str(published.deputy_head.id),
        "sequence": "0",
    }
    reply = client.post(published.link(published.head), data=data)
    assert reply.status_code == 422
    assert "何试二 在 2026年11月20日（星期五）14:30–16:30 已经有别的安排" in reply.text
    assert "内部通气会" not in reply.text
    assert "三号楼" not in reply.text


def test_a_form_opened_before_a_move_answers_nothing_and_asks_anew(published, client):
    link = published.link(published.deputy)
    published.move(days=1)
    reply = client.post(link, data=ACCEPT)
    assert reply.status_code == 422
    for words in ("您答的是原来的安排", "安排改过了", "11月20日", "11月21日"):
        assert words in reply.text
    assert published.invitation(published.deputy).answer == AnswerState.WAITING
    (sequence,) = re.findall(r'name="sequence"[^>]*value="(\d+)"', reply.text)
    assert client.post(link, data={"answer": "accepted", "sequence": sequence}).status_code == 303
    assert published.invitation(published.deputy).answer == AnswerState.ACCEPTED


def test_a_dead_link_shows_the_state_and_takes_no_answer(published, client):
    published.step("postpone", reason="防汛会议")
    link = published.link(published.deputy)
    page = client.get(link)
    assert page.status_code == 200
    assert "延期" in page.text
    assert "防汛会议" in page.text
    assert "<form" not in page.text.split("<main")[1].split("</main")[0]
    assert client.post(link, data=ACCEPT).status_code == 422
    assert published.invitation(published.deputy).answer == AnswerState.WAITING


def test_all_misses_look_the_same(published, client):
    good = published.link(published.deputy)
    wrong = [good[:-1] + ("A" if good[-1] != "A" else "B"), "/a/x", "/a/" + "x" * 500, "/a/%00"]
    pages = [client.get(path) for path in wrong] + [client.get(path + "/invite.ics") for path in wrong]
    pages += [client.post(path, data=ACCEPT) for path in wrong]
    assert {page.status_code for page in pages} == {404}
    assert len({re.sub(r'(next=|href="[^"]*display=)[^"]*', "", page.text) for page in pages}) == 1


def test_the_file_for_the_own_calendar_is_whole_and_names_nobody(published, client):
    reply = client.get(published.link(published.deputy) + "/invite.ics")
    assert reply.content_type == "text/calendar; charset=utf-8"
    assert "attachment" in reply.headers["Content-Disposition"]
    lines = lines_of_file(reply.data)
    assert "METHOD:PUBLISH" in lines
    assert not any(line.startswith("ATTENDEE") for line in lines)
    (event,) = Calendar.from_ical(reply.data).walk("VEVENT")
    assert str(event["UID"]) == published.meeting.uid


def test_who_is_no_longer_asked_gets_no_file_for_the_calendar(published, client):
    link = published.link(published.deputy)
    published.revise(people=lambda people: [one for one in people if one.person_id != published.deputy.id])
    assert client.get(link).status_code == 200
    assert client.get(f"{link}/invite.ics").status_code == 404


def test_the_file_of_a_meeting_that_is_off_takes_it_out_of_the_calendar(published, client):
    published.step("cancel", reason="防汛会议")
    (event,) = Calendar.from_ical(client.get(published.link(published.deputy) + "/invite.ics").data).walk(
        "VEVENT"
    )
    assert event["STATUS"] == "CANCELLED"
