"""What may be sent about personal data."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField
from wtforms.validators import DataRequired, InputRequired

from liaison_app.core.fields import Form, MobileField, TextField

from .kinds import DOORS, REFUSALS


class LookForm(Form):
    """A clerk looks for somebody who asks: the whole number, and how the request came."""

    mobile = MobileField(
        _l("本人的手机号"),
        validators=[DataRequired(_l("请填写手机号。"))],
        description=_l("要整个号码。查了会记在操作记录里，号码不记。"),
        render_kw={"inputmode": "tel", "autocomplete": "off"},
    )
    door = RadioField(
        _l("怎么来的"), validate_choice=True, validators=[InputRequired(_l("请选请求是怎么来的。"))]
    )

    def offer(self) -> None:
        self.door.choices = [(code, _(words)) for code, words in DOORS.items()]


class RefusalForm(Form):
    """Why a request is not granted."""

    why = RadioField(_l("为什么"), validate_choice=True, validators=[InputRequired(_l("请选一个原因。"))])

    def offer(self) -> None:
        self.why.choices = [(code, _(words)) for code, words in REFUSALS.items()]


class QuestionForm(Form):
    """What somebody who is signed up wants to ask, put right."""

    question = TextField(
        _l("想问的事"), longest=500, description=_l("照平常说话写就行，不要写门牌号和身份证号。")
    )
