"""Sign-in and first password."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import EqualTo, InputRequired, Length


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
