"""Sign-in, passwords, accounts and what they are granted."""

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, PasswordField, RadioField, SelectField, StringField
from wtforms.validators import DataRequired, EqualTo, InputRequired, Length, Optional, Regexp
from wtforms.widgets import EmailInput

from liaison_app.core.fields import CleanField, Form
from liaison_app.core.text import clean_line
from liaison_app.core.time_fields import DayField
from liaison_app.people.rules import email_normal


def clean_line_or_empty(text: str | None) -> str:
    return clean_line(text or "")


class EmailField(CleanField):
    """A mail address; `data` is its normal form, or nothing."""

    widget = EmailInput()

    def read(self, typed: str) -> str:
        return email_normal(typed)


class LoginForm(Form):
    login = StringField(
        _l("账号"),
        filters=[clean_line_or_empty],
        validators=[InputRequired(_l("请填写账号。")), Length(max=60)],
        render_kw={"autocomplete": "username", "autocapitalize": "none"},
    )
    password = PasswordField(
        _l("密码"),
        validators=[InputRequired(_l("请填写密码。")), Length(max=200)],
        render_kw={"autocomplete": "current-password"},
    )


class SetupForm(Form):
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


class CodeForm(Form):
    code = StringField(
        _l("验证码"),
        filters=[clean_line_or_empty],
        validators=[InputRequired(_l("请填写验证码。")), Length(max=20)],
        render_kw={"autocomplete": "one-time-code", "inputmode": "text", "autocapitalize": "none"},
    )


class ConfirmForm(Form):
    password = PasswordField(
        _l("您的密码"),
        validators=[InputRequired(_l("请填写密码。")), Length(max=200)],
        render_kw={"autocomplete": "current-password"},
    )


class PasskeyForm(Form):
    name = StringField(
        _l("给它起个名"),
        filters=[clean_line_or_empty],
        validators=[DataRequired(_l("请写一个名字，例如“办公室电脑”。")), Length(max=40)],
        description=_l("以后认得出是哪一台，例如“办公室电脑”“我的手机”。"),
    )
    # Filled by the script with what the browser made.
    passkey = HiddenField()


class IdentityForm(Form):
    """A subject stays as it is typed, but for blanks at its ends: it is compared sign by sign."""

    subject = StringField(
        _l("单点登录里的用户标识（sub）"),
        filters=[lambda text: (text or "").strip()],
        validators=[Length(max=255)],
        description=_l("本人用单点登录来一次，页面上会显示，请他报给您。清空就是取消对应。"),
    )


class OwnPasswordForm(SetupForm):
    present = PasswordField(
        _l("现在的密码"),
        validators=[InputRequired(_l("请填写密码。")), Length(max=200)],
        render_kw={"autocomplete": "current-password"},
    )


class LinkForm(Form):
    email = EmailField(
        _l("您的邮箱"),
        longest=254,
        validators=[InputRequired(_l("请填写邮箱。"))],
        render_kw={"autocomplete": "email"},
    )


class AccountForm(Form):
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
        validators=[DataRequired(_l("请填写姓名。")), Length(max=50)],
    )


class SpanForm(Form):
    """From when to when; both days count, an empty one is open."""

    starts_on = DayField(_l("从哪天起"), description=_l("不填就是马上。"))
    ends_on = DayField(_l("到哪天止"), description=_l("含这一天。不填就是一直有效。"))


class GrantForm(SpanForm):
    role = SelectField(_l("角色"))
    unit_id = SelectField(_l("在哪个单位"), coerce=int, description=_l("角色管到这个单位和它下面的单位。"))


class OwnerForm(Form):
    """Where mail reaches an account's owner, and who that is."""

    email = EmailField(
        _l("邮箱"),
        longest=254,
        description=_l("代表和部门负责人用它收登录链接。"),
    )
    find = StringField(
        _l("本人是哪位代表或负责人"),
        filters=[clean_line_or_empty],
        validators=[Length(max=40)],
        description=_l("写姓名，找到以后再选。"),
    )
    person_id = RadioField(_l("是这位"), coerce=int, validators=[Optional()])


class NewAccountForm(AccountForm, GrantForm):
    """An account with its first role."""
