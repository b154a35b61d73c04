import pytest
from werkzeug.datastructures import MultiDict
from wtforms import Form
from wtforms.validators import DataRequired

from liaison_app.core.fields import LineField, MobileField, NameField, TextField


class Sheet(Form):
    name = NameField("姓名", longest=50, validators=[DataRequired("请填写姓名。")])
    mobile = MobileField("手机号", validators=[DataRequired("请填写手机号。")])
    unit = LineField("单位", longest=10)
    question = TextField("想问的事", longest=20)


@pytest.fixture
def fill(app):
    """Return the form, checked, as somebody filled it in."""

    def fill(**typed: str) -> Sheet:
        sheet = Sheet(MultiDict({"name": "王桂枝", "mobile": "13900000003", **typed}))
        sheet.validate()
        return sheet

    with app.test_request_context():
        yield fill


def test_what_is_typed_comes_out_clean(fill):
    sheet = fill(
        name=" 买买提•艾力 ", mobile="+86 139-0000-0003", unit="康居\r\n物业", question=" 不热\r\n三天了 "
    )
    assert sheet.data == {
        "name": "买买提·艾力",
        "mobile": "13900000003",
        "unit": "康居 物业",
        "question": "不热\n三天了",
    }
    assert sheet.errors == {}


def test_what_is_refused_stays_as_it_was_typed_with_one_reason(fill):
    sheet = fill(mobile="139 0000 000", question="热" * 21, unit=" 单 位 单 位 单 位 单 位 单 位 单 位 ")
    assert sheet.errors == {
        "mobile": ["现在是 10 位，手机号应为 11 位。"],
        "question": ["最多 20 个字，现在是 21 个。"],
        "unit": ["最多 10 个字，现在是 23 个。"],
    }
    assert 'value="139 0000 000"' in sheet.mobile()
    assert "热" * 21 in sheet.question()


@pytest.mark.parametrize("nothing", ["", "   ", "\u200b", "\x00", "\u3164"])
def test_what_prints_nothing_is_nothing(fill, nothing):
    assert fill(name=nothing).errors == {"name": ["请填写姓名。"]}


@pytest.mark.parametrize("name", ["123", "。。", "①②", "- -"])
def test_a_name_has_a_letter_in_it(fill, name):
    assert "姓名里要有字" in fill(name=name).errors["name"][0]


def test_a_field_that_was_not_sent_is_missing(fill):
    sheet = Sheet(MultiDict())
    assert not sheet.validate()
    assert sheet.errors == {"name": ["请填写姓名。"], "mobile": ["请填写手机号。"]}


def test_a_value_given_by_the_program_is_shown(app):
    with app.test_request_context():
        assert 'value="13900000003"' in Sheet(mobile="13900000003").mobile()
