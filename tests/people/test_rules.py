"""Levels, states, genders and addresses as lists of people write them."""

import pytest

from liaison_app.people.rules import (
    LEVEL_NAMES,
    MANDATE_STATE_NAMES,
    BadEntry,
    MandateState,
    email_normal,
    highest,
    parse_gender,
    parse_levels,
    parse_mandate_state,
    show_levels,
)


@pytest.mark.parametrize(
    ("typed", "levels"),
    [
        ("市", (3,)),
        ("区、市", (3, 4)),
        ("全国，省; 市/区 镇", (1, 2, 3, 4, 5)),
        ("市区", (3, 4)),
        ("省级人大代表", (2,)),
        ("县级", (4,)),
        ("乡镇", (5,)),
        ("镇和区", (4, 5)),
        ("４", (4,)),
        ("区、区", (4,)),
    ],
)
def test_levels_are_read_highest_first(typed, levels):
    assert parse_levels(typed) == levels


@pytest.mark.parametrize("typed", ["", "县里的", "6", "、", "上街区"])
def test_what_is_no_level_is_refused(typed):
    with pytest.raises(BadEntry, match="请从全国、省、市、区、镇里选"):
        parse_levels(typed)


def test_levels_are_shown_as_they_are_read():
    assert [parse_levels(name) for name in LEVEL_NAMES.values()] == [(level,) for level in LEVEL_NAMES]
    assert show_levels((4, 3)) == "市、区"
    assert highest((4, 3)) == 3


def test_every_state_is_read_by_its_name_and_by_usual_words():
    assert [parse_mandate_state(name) for name in MANDATE_STATE_NAMES.values()] == list(MandateState)
    assert parse_mandate_state(" 履职 ") is MandateState.ACTIVE
    assert parse_mandate_state("罢免") is MandateState.ENDED
    with pytest.raises(BadEntry, match="看不懂状态“休假”，请写在任、暂停或终止。"):
        parse_mandate_state("休假")


def test_a_gender_is_one_of_two_words():
    assert [parse_gender(typed) for typed in ("男", "女性", "Ｆ")] == ["男", "女", "女"]
    with pytest.raises(BadEntry, match="性别请写男或女，现在是“未知”"):
        parse_gender("未知")


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        (" clerk@example.test\n", "clerk@example.test"),
        ("Clerk@Example.TEST", "Clerk@example.test"),
        ("ｃｌｅｒｋ＠ｅｘａｍｐｌｅ．ｔｅｓｔ", "clerk@example.test"),
        ("clerk@例子.中国", "clerk@xn--fsqu00a.xn--fiqs8s"),
    ],
)
def test_an_address_gets_one_normal_form(typed, address):
    assert email_normal(typed) == address


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "clerk",
        "clerk@localhost",
        "张三@example.test",
        "陈静 <clerk@example.test>",
        "clerk@example.test\r\nBcc: x@example.test",
        "clerk@example.test,other@example.test",
        "clerk@example.test;other@example.test",
        "<clerk@example.test><other@example.test>",
        "clerk@" + "a" * 5000 + ".test",
    ],
)
def test_what_is_not_exactly_one_address_is_refused(typed):
    with pytest.raises(BadEntry, match="邮箱"):
        email_normal(typed)
