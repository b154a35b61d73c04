"""What was called off takes place after all; what changes twice before the first mail has left is told once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from liaison_app.core.db import db, transaction
from liaison_app.invitations import rules, services
from liaison_app.invitations.kinds import AnswerState, Door
from liaison_app.invitations.rules import Given
from liaison_app.messages.models import Message, MessageState
from liaison_app.scheduling import services as scheduling
from liaison_app.scheduling.errors import Conflict, NotAllowedNow, PlanRefused
from liaison_app.scheduling.kinds import MeetingState
from liaison_app.scheduling.models import CalendarEntry
from liaison_app.scheduling.rules import MeetingPlan
from tests.invitations.conftest import STARTS
from tests.invitations.test_services import event_of, spoken


def let_everything_leave() -> None:
    with transaction():
        db.session.execute(
            update(Message).where(Message.state == MessageState.QUEUED).values(state=MessageState.SENT)
        )


# --- reinstating -----------------------------------------------------------------


def test_a_reinstated_meeting_is_requested_under_its_uid_and_a_higher_sequence_and_asks_anew(published):
    let_everything_leave()
    with transaction():
        services.take_answer(
            published.invitation(published.head).id, Given(AnswerState.ACCEPTED), sequence=0, door=Door.LINK
        )
    published.step("cancel", reason="暴雪")
    let_everything_leave()
    first, cancel = published.messages(published.head)
    published.step("reinstate")
    last = published.messages(published.head)[-1]
    assert [spoken(one)[1:] for one in (first, cancel, last)] == [
        ("REQUEST", 0, "NEEDS-ACTION"), ("CANCEL", 1, ""), ("REQUEST", 2, "NEEDS-ACTION"),
    ]  # fmt: skip
    assert event_of(first)["UID"] == event_of(last)["UID"]
    assert event_of(last)["STATUS"] == "CONFIRMED"
    assert "已取消" in last.body
    assert published.invitation(published.head).answer == AnswerState.WAITING
    assert published.meeting.state_reason == ""
    assert b"STATUS:CONFIRMED" in db.session.get_one(CalendarEntry, published.meeting_id).body


def test_who_never_heard_of_the_cancellation_gets_one_mail_and_nothing_older(published):
    let_everything_leave()
    published.step("cancel", reason="暴雪")
    published.step("reinstate")
    states = [one.state for one in published.messages(published.head)]
    assert states == [MessageState.SENT, MessageState.DROPPED, MessageState.QUEUED]


def test_a_room_that_was_taken_since_is_not_taken_back(published):
    published.step("cancel", reason="暴雪")
    with transaction():
        plan = MeetingPlan(
            kind="forum", title="座谈会", starts_at=STARTS, ends_at=STARTS + timedelta(hours=1), room_id=published.room.id
        )  # fmt: skip
        scheduling.create_meeting(plan, unit_id=published.host.id, by=None)
    with pytest.raises(Conflict):
        published.step("reinstate")
    db.session.rollback()
    assert (published.meeting.state, published.meeting.sequence) == (MeetingState.CANCELLED, 1)


def test_neither_a_draft_that_was_given_up_nor_a_time_that_is_over_comes_back(scene):
    scene.step("cancel")
    with pytest.raises(NotAllowedNow):
        scene.step("reinstate")


def test_a_time_that_is_over_does_not_come_back(published):
    published.step("cancel", reason="暴雪")
    with transaction():
        published.meeting.starts_at -= timedelta(days=30)
        published.meeting.ends_at -= timedelta(days=30)
    with pytest.raises(PlanRefused):
        published.step("reinstate")


# --- several changes, one mail ------------------------------------------------------


def queued(published) -> list[Message]:
    return [one for one in published.messages(published.head) if one.state == MessageState.QUEUED]


def test_a_move_and_new_words_before_it_has_left_go_out_as_one_and_ask_anew(published):
    let_everything_leave()
    published.move(days=1)
    published.revise(title="供暖专场（二）")
    (message,) = queued(published)
    assert spoken(message) == ("update", "REQUEST", 1, "NEEDS-ACTION")
    for words in ("11月20日", "11月21日", "供暖专场（二）", "请重新答复"):
        assert words in message.body
    assert [change[0] for change in published.invitation(published.head).changes] == ["time", "title"]


def test_a_meeting_that_was_moved_twice_is_told_from_where_people_knew_it(published):
    let_everything_leave()
    published.move(days=1)
    published.move(days=6)
    (message,) = queued(published)
    assert spoken(message)[2] == 2
    assert "11月20日" in message.body
    assert "11月27日" in message.body
    assert "11月21日" not in message.body


def test_after_the_first_has_left_the_second_tells_its_own_change_alone(published):
    let_everything_leave()
    published.move(days=1)
    let_everything_leave()
    published.revise(title="供暖专场（二）")
    (message,) = queued(published)
    assert spoken(message) == ("update", "REQUEST", 1, "NEEDS-ACTION")
    assert "11月20日" not in message.body
    assert "您原来的答复不变" in message.body


def test_who_has_answered_the_new_time_on_the_page_is_not_asked_again_by_new_words(published):
    let_everything_leave()
    published.move(days=1)
    with transaction():
        services.take_answer(
            published.invitation(published.head).id, Given(AnswerState.ACCEPTED), sequence=1, door=Door.LINK
        )
    published.revise(title="供暖专场（二）")
    (message,) = queued(published)
    assert spoken(message)[1:] == ("REQUEST", 1, "ACCEPTED")
    assert "您原来的答复不变" in message.body


@pytest.mark.parametrize(
    ("earlier", "later", "expected"),
    [
        ([], [], ()),
        ([("time", "a", "b")], [], (("time", "a", "b"),)),
        ([("time", "a", "b")], [("time", "b", "c")], (("time", "a", "c"),)),
        ([("time", "a", "b")], [("time", "b", "a")], ()),
        ([("time", "a", "b")], [("title", "x", "y")], (("time", "a", "b"), ("title", "x", "y"))),
        ([("time", "a", "b"), ("place", "p", "q")], [("place", "q", "p")], (("time", "a", "b"),)),
    ],
)
def test_two_lists_of_changes_are_one(earlier, later, expected):
    assert rules.merged(earlier, later) == expected
