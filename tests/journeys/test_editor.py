"""The organizer's form while it is being filled in, and what two organizers do to each other."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Route, expect

from liaison_app.scheduling.models import Meeting
from tests.journeys.engines import both_ways, on_one_engine
from tests.journeys.people import Organizer, beginning
from tests.journeys.town import BIG_ROOM, FRIDAY_HALF_PAST_TWO, Town

pytestmark = pytest.mark.browser


@pytest.fixture
def clerk(town: Town, visit, script: bool) -> Organizer:
    clerk = Organizer(visit(java_script_enabled=script), town.url)
    clerk.sign_in("street-clerk")
    return clerk


@on_one_engine
@pytest.mark.parametrize("script", [True])
def test_the_form_says_at_once_whether_time_and_room_are_free(town: Town, clerk: Organizer):
    town.add_meeting("接待选民日", FRIDAY_HALF_PAST_TWO, people=())
    clerk.open("/meetings/new")
    clerk.fill(主题="供暖专场", 日期="2026-11-20", 开始="15:00", 结束="17:00", 群众="2", 物业公司="0")
    clerk.choose("房间", BIG_ROOM)
    card = clerk.page.get_by_role("group", name="冲突")
    expect(card).to_contain_text("接待选民日")
    assert not clerk.page.locator("[data-errors]").count()
    clerk.press("换房间", within=card)
    expect(card).to_have_count(0)
    assert clerk.field("主题").input_value() == "供暖专场"
    clerk.field("开始").fill("15：30")
    clerk.field("开始").blur()
    clerk.sees("房间和选中的人这个时间都有空。")


@on_one_engine
@pytest.mark.parametrize("script", [True])
def test_on_a_slow_net_the_last_word_is_about_what_stands_in_the_form(town: Town, clerk: Organizer):
    town.add_meeting("接待选民日", FRIDAY_HALF_PAST_TWO, people=())
    clerk.open("/meetings/new")
    under_way: list[Route] = []
    clerk.page.route("**/meetings/check*", lambda route: under_way.append(route))
    clerk.fill(日期="2026-11-20", 开始="15:00", 结束="17:00")
    clerk.choose("房间", BIG_ROOM)
    clerk.field("房间").blur()
    card = clerk.page.get_by_role("group", name="冲突")
    for _ in range(30):
        if under_way:
            under_way.pop(0).continue_()
        clerk.page.wait_for_timeout(50)
    expect(card).to_contain_text("接待选民日")


@on_one_engine
@pytest.mark.parametrize("script", [True])
def test_choosing_a_room_offers_the_deputies_of_its_station(town: Town, clerk: Organizer):
    clerk.open("/meetings/new")
    offers = clerk.page.locator("#deputies-offered").get_by_role("checkbox")
    expect(offers).to_have_count(0)
    clerk.choose("房间", BIG_ROOM)
    expect(offers).to_have_count(2)
    clerk.tick("checkbox", "王试三")
    clerk.choose("房间", "会客室")
    expect(clerk.page.get_by_role("checkbox", name=beginning("李试七"))).to_be_visible()
    expect(clerk.page.get_by_role("checkbox", name=beginning("王试三"))).to_be_checked()


@both_ways
def test_two_organizers_who_change_the_same_meeting_are_told_of_each_other(
    town: Town, clerk: Organizer, visit, script
):
    town.add_meeting("供暖专场", FRIDAY_HALF_PAST_TWO)
    id = town.meeting("供暖专场").id
    other = Organizer(visit(java_script_enabled=script), town.url)
    other.sign_in("office")
    for one, title in ((clerk, "供热专场"), (other, "暖气专场")):
        one.open(f"/meetings/{id}/edit")
        one.fill(主题=title)
    clerk.save()
    clerk.sees("已存")
    other.save()
    other.sees("别人存的和您写的不一样")
    assert town.meeting("供热专场").id == id
    other.save()
    other.sees("已存")
    assert town.meeting("暖气专场").id == id


@both_ways
def test_a_shaky_hand_on_the_button_makes_one_meeting(town: Town, clerk: Organizer):
    clerk.open("/meetings/new")
    clerk.fill(主题="供暖专场", 日期="2026-11-20", 开始="14:30", 结束="16:30")
    clerk.choose("房间", BIG_ROOM)
    clerk.page.get_by_role("button", name="存草稿").dblclick(no_wait_after=True)
    clerk.sees("发布并发邀请")
    town.meeting("供暖专场")


@on_one_engine
def test_another_meeting_like_this_one_keeps_its_host_its_people_and_its_seats(town: Town, scriptless):
    clerk = Organizer(scriptless, town.url)
    clerk.sign_in("office")
    town.add_meeting("供暖专场", FRIDAY_HALF_PAST_TWO, published=True)
    pattern = town.meeting("供暖专场")
    clerk.open(f"/meetings/{pattern.id}")
    clerk.press("照这一场再办一场")
    clerk.fill(主题="供暖专场（二）", 日期="2026-11-27")
    clerk.save()
    clerk.sees("草稿已存")
    copy, pattern = town.meeting("供暖专场（二）"), town.meeting("供暖专场")
    assert copy.unit_id == pattern.unit_id
    assert copy.starts_at == FRIDAY_HALF_PAST_TWO + timedelta(days=7)
    assert [one.person.name for one in copy.participants] == [one.person.name for one in pattern.participants]
    assert _seats(copy) == _seats(pattern)


def _seats(meeting: Meeting) -> dict[str, int]:
    return {pool.role: pool.seats for pool in meeting.pools if pool.seats}
