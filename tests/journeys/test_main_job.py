"""The main job from the first draft to the last cancellation: everybody at a browser, mail by a real server."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.journeys.engines import with_and_without_script
from tests.journeys.letters import methods
from tests.journeys.people import Citizen, Clerk, Invited, Organizer, Wish
from tests.journeys.town import BIG_ROOM, CHAIR, FRIDAY_HALF_PAST_TWO, MAILS, Town
from tests.parts.browsers import PHONE

pytestmark = pytest.mark.browser

WISH = Wish(
    title="供暖专场",
    day="2026-11-20",
    starts="14:30",
    ends="16:30",
    room=BIG_ROOM,
    chair=CHAIR,
    lead="局长 程试一",
    others=("局长 周试五", "经理 郑试八"),
    deputies=("王试三", "赵试四"),
    found_deputies=("李试七",),
)


@with_and_without_script
def test_a_meeting_is_drafted_answered_signed_up_for_moved_postponed_and_cancelled(town: Town, visit, script):
    town.add_meeting("接待选民日", FRIDAY_HALF_PAST_TWO - timedelta(hours=1), people=())
    clerk = Organizer(visit(java_script_enabled=script), town.url)
    clerk.sign_in("street-clerk")

    # A draft, past what stands in its way.
    clerk.plan(WISH)
    clerk.save()
    clerk.sees("接待选民日")
    assert clerk.take_first_way_out() == "15:30"
    clerk.save()
    clerk.sees("草稿已存")
    assert clerk.title() == "供暖专场"
    meeting = town.meeting("供暖专场")
    id, code, uid = meeting.id, meeting.code, meeting.uid

    # Publishing asks first; then each one invited gets one mail, or stands on the list of calls.
    clerk.step(id, "发布并发邀请", "发布并发 7 份邀请")
    clerk.sees("已发布")
    assert town.post_office.fetch() == {}
    town.work_off()
    letters = town.post_office.fetch()
    written_to = {CHAIR, "程试一", "周试五", "王试三", "李试七"}
    assert methods(letters) == {MAILS[name]: ("REQUEST", 0) for name in written_to}
    for letter in letters.values():
        assert letter.parts.keys() == {"text/plain", "text/html", "text/calendar", "invite.ics"}
        assert letter.parts["text/calendar"].get_param("method") == "REQUEST"
        assert str(letter.event["uid"]) == uid
        assert str(letter.event["attendee"]) == f"mailto:{letter.to}"
        assert letter.event["dtstart"].dt == FRIDAY_HALF_PAST_TWO + timedelta(hours=1)
    assert clerk.people_to_call() == ["赵试四", "郑试八"]
    clerk.told_by_phone("赵试四")
    assert clerk.people_to_call() == ["郑试八"]

    # Answers by every door but the calendar.
    town.wait(minutes=5)
    bureau = Invited(visit(java_script_enabled=script), town.url)
    bureau.answer(letters[MAILS["程试一"]].link, "参加")
    bureau.answer(letters[MAILS["王试三"]].link, "请假", reason="住院复查")
    bureau.answer(letters[MAILS["周试五"]].link, "委托", stand_in="副局长 吴试六", reason="到市里开会")
    board = clerk.board(id)
    assert board["程试一"] == ("参加", "链接")
    assert board["王试三"] == ("请假", "链接")
    assert board["周试五"] == ("委托", "链接")
    assert board["吴试六"] == ("未答复", "—")
    clerk.sees("住院复查", "由吴试六代会")
    town.work_off()
    assert methods(town.post_office.fetch()) == {MAILS[name]: ("REQUEST", 0) for name in ("周试五", "吴试六")}

    # Citizens on their phones: seats, then a waiting place, then somebody gives a seat back.
    phone = Citizen(visit(**PHONE, java_script_enabled=script), town.url)
    first = phone.sign_up(
        code, "陈试甲", "13900000011", role="物业公司", firm="测试物业", question="为什么不热？"
    )
    assert phone.ticket_number().isdecimal()
    assert len(phone.ticket_number()) == 6
    phone.sees("有您的席位", "为什么不热？")
    assert phone.has_picture()
    assert f"UID:{uid}".encode() in phone.save_to_calendar()
    phone.sign_up(code, "陈试乙", "13900000012", role="物业公司", firm="测试物业")
    waiting = phone.sign_up(code, "陈试丙", "13900000013", role="物业公司", firm="示例物业")
    phone.sees("候补第 1 位")
    phone.give_back(first)
    phone.open(waiting)
    phone.sees("有您的席位")
    assert sorted(clerk.roster(id)) == ["陈试丙", "陈试乙"]

    # Moved: everybody is asked anew. Postponed: out of the calendars. A new time: in again, as the same entry.
    town.wait(minutes=5)
    clerk.reschedule(id, day="2026-11-20", starts="9:00", ends="11:00", save="存改动并通知")
    assert {answer for answer, _ in clerk.board(id).values()} == {"未答复"}
    town.work_off()
    moved = methods(town.post_office.fetch())
    told = written_to | {"吴试六"}
    assert moved == {MAILS[name]: ("REQUEST", 1) for name in told}
    town.wait(minutes=5)
    clerk.step(id, "延期", "延期", reason="暴雪红色预警")
    town.work_off()
    off = town.post_office.fetch()
    assert methods(off) == {MAILS[name]: ("CANCEL", 2) for name in told}
    assert "暴雪红色预警" in off[MAILS["程试一"]].text
    phone.open(waiting)
    phone.sees("延期了，新时间待定", "暴雪红色预警")
    town.wait(minutes=5)
    clerk.reschedule(id, day="2026-11-26", starts="9:00", ends="11:00", save="存")
    assert town.post_office.fetch() == {}
    clerk.step(id, "发布并发邀请", "发布并发")
    town.work_off()
    again = town.post_office.fetch()
    assert methods(again) == {MAILS[name]: ("REQUEST", 3) for name in told}
    assert {str(letter.event["uid"]) for letter in again.values()} == {uid}

    # Called off for good.
    town.wait(minutes=5)
    clerk.step(id, "取消", "取消这场", reason="并入下月一场")
    town.work_off()
    assert methods(town.post_office.fetch()) == {MAILS[name]: ("CANCEL", 4) for name in told}
    phone.open(f"/m/{code}")
    phone.sees("这一场取消了", "并入下月一场")


@with_and_without_script
def test_a_bureaus_clerk_answers_for_the_own_head_and_sees_nothing_else(town: Town, visit, script):
    town.add_meeting("供暖专场", FRIDAY_HALF_PAST_TWO, published=True)
    clerk = Clerk(visit(java_script_enabled=script), town.url)
    clerk.sign_in("chengguan-clerk")
    clerk.open("/invitations")
    clerk.press("答复")
    clerk.tick("radio", "参加")
    clerk.press("交答复")
    clerk.sees("单位联络员")
    office = Organizer(visit(java_script_enabled=script), town.url)
    office.sign_in("street-clerk")
    assert office.board(town.meeting("供暖专场").id)["程试一"] == ("参加", "单位联络员，测试账号代记")
    assert clerk.page.request.get(f"{town.url}/meetings/{town.meeting('供暖专场').id}").status in {403, 404}
