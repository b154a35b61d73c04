"""Sign-in and first password."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import PasswordField, SelectField, StringField
from wtforms.validators import EqualTo, InputRequired, Length, Regexp

from liaison_app.core.text import clean_line


def clean_line_or_empty(text: str | None) -> str:
    return clean_line(text or "")


class LoginForm(FlaskForm):
    login = StringField(
        _l("账号"),
        validators=[InputRequired(_l("请填写账号。")), Length(max=60)],
        render_kw={"autocomplete": "username", "autocapitalize": "none"},
    )
    password = PasswordField(
        _l("密码"),
        validators=[InputRequired(_l("请填写密码。")), Length(max=200)],
        render_kw={"autocomplete": "current-password"},
    )


class SetupForm(FlaskForm):
    password = PasswordField(
        _l("新密码"),
        validators=[InputRequired(_l("请填写新密码。")), Length(max=200)],
        render_kw={"autocomplete": "new-password"},
    )
    again = PasswordField(
        _l("再写一遍"),
        validators=[EqualTo("password", _l("两次写的不一样。"))],
        render_kw={"autocomplete": "new-password"},
    )


class AccountForm(FlaskForm):
    login = StringField(
        _l("账号名"),
        filters=[clean_line_or_empty],
        validators=[
            InputRequired(_l("请填写账号名。")),
            Length(max=40),
            Regexp(
                r"[a-z0-9][a-z0-9._-]{2,39}\Z", message=_l("账号名用 3 到 40 个小写字母、数字、点或横线。")
            ),
        ],
        description=_l("小写字母和数字，例如 zhonganjie-bai。"),
    )
    name = StringField(
        _l("姓名"),
        filters=[clean_line_or_empty],
        validators=[InputRequired(_l("请填写姓名。")), Length(max=50)],
    )
    role = SelectField(_l("角色"))
    unit_id = SelectField(_l("在哪个单位"), coerce=int, description=_l("角色管到这个单位和它下面的单位。"))
