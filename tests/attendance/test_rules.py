from datetime import UTC, datetime, timedelta

import pytest

from liaison_app.attendance import rules
from liaison_app.attendance.errors import Unreadable
from liaison_app.attendance.kinds import Way
from liaison_app.attendance.rules import Query
from liaison_app.scheduling.kinds import MeetingState

START = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
END = START + timedelta(hours=2)
TOKEN = "Abc-_" * 5 + "xy"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("123456", Query(Way.CODE, "123456")),
        (" 123 456 ", Query(Way.CODE, "123456")),
        ("１２３４５６", Query(Way.CODE, "123456")),
        ("123-456", Query(Way.CODE, "123456")),
        ("0003", Query(Way.DIGITS, "0003")),
        (f"https://mdm.example.gov.cn/t/{TOKEN}", Query(Way.SCAN, TOKEN)),
        (f"http://127.0.0.1:8000/t/{TOKEN}?display=elder-1", Query(Way.SCAN, TOKEN)),
    ],
)
def test_a_code_four_digits_and_a_scanned_ticket_are_told_apart(typed, meant):
    assert rules.read_query(typed) == meant


@pytest.mark.parametrize("typed", ["12345", "1234567", "13900000003", "王桂枝", "12a456", "/t/short", "١٢٣٤"])
def test_anything_else_is_asked_for_again(typed):
    with pytest.raises(Unreadable):
        rules.read_query(typed)


@pytest.mark.parametrize(
    ("minutes", "is_open"),
    [(-121, False), (-120, True), (0, True), (240, True), (241, False), (24 * 60, False)],
)
def test_the_door_answers_from_two_hours_before_to_two_hours_after(minutes, is_open):
    now = START + timedelta(minutes=minutes)
    assert rules.is_door_open(MeetingState.PUBLISHED, START, END, now) is is_open


@pytest.mark.parametrize("state", [MeetingState.DRAFT, MeetingState.POSTPONED, MeetingState.CANCELLED])
def test_a_meeting_that_does_not_take_place_has_no_door(state):
    assert not rules.is_door_open(state, START, END, START)
    assert not rules.may_note(state, START, START)


def test_the_staff_key_the_sheet_in_days_later():
    assert rules.may_note(MeetingState.CLOSED, START, START + timedelta(days=9))
    assert not rules.may_note(MeetingState.PUBLISHED, START, START - timedelta(days=1))
