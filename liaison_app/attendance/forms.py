"""What the door and the clerk may send."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import HiddenField, RadioField
from wtforms.validators import DataRequired, InputRequired, ValidationError

from liaison_app.core import tokens
from liaison_app.core.fields import Form, LineField, NameField
from liaison_app.scheduling.kinds import ROLE_NAMES, RoleCode

from .kinds import UNDO_REASON_NAMES, UndoReason


class PinForm(Form):
    """What a volunteer types once, on the own telephone."""

    keeper = NameField(
        _l("您的姓名"), longest=50, validators=[DataRequired(_l("请填写姓名，站里看得到谁在门口。"))]
    )
    pin = LineField(
        _l("口令"),
        longest=20,
        description=_l("六位数，工作人员给您。"),
        validators=[DataRequired(_l("请输口令。"))],
        render_kw={"inputmode": "numeric", "autocomplete": "one-time-code"},
    )


class FindForm(Form):
    """Whom to look for."""

    query = LineField(
        _l("六位入场号，或者手机后四位"),
        longest=300,
        validators=[DataRequired(_l("请输入场号，或者手机号的后四位。"))],
        render_kw={"inputmode": "numeric", "autocomplete": "off", "enterkeyhint": "search"},
    )


class WalkInForm(Form):
    """Somebody whom nobody expected."""

    name = NameField(_l("姓名"), longest=50, validators=[DataRequired(_l("请填写姓名。"))])
    role = RadioField(
        _l("以什么身份来"), validate_choice=False, validators=[InputRequired(_l("请选一个身份。"))]
    )
    organisation = LineField(_l("单位或社区"), longest=60)
    form_token = HiddenField(render_kw={"autocomplete": "off"})

    def offer(self, roles: Sequence[RoleCode], meeting_id: int) -> None:
        """Offer the roles of a meeting, and give the form its token."""
        self.purpose = f"walk-in:{meeting_id}"
        self.role.choices = [(str(role), _(ROLE_NAMES[role])) for role in roles]
        if not self.form_token.data:
            self.form_token.data = tokens.stamp(self.purpose)
            self.role.data = str(RoleCode.CITIZEN)

    def given(self) -> dict[str, Any]:
        """Return who came, as `services.note_walk_in` takes it; the form is valid."""
        return {
            "name": self.name.data,
            "role": RoleCode(self.role.data),
            "organisation": self.organisation.data,
            "form_token": self.form_token.data or "",
        }

    def validate_role(self, field: RadioField) -> None:
        if field.data not in {value for value, _label in field.choices}:
            raise ValidationError(_("请从这几个身份里选一个。"))

    def validate_form_token(self, field: HiddenField) -> None:
        if not tokens.is_stamp(self.purpose, field.data or ""):
            field.data = tokens.stamp(self.purpose)
            raise ValidationError(_("这一页放得太久了，请再交一次。"))


class PhotoForm(Form):
    """A photograph of the signed paper."""

    photo = FileField(_l("照片"), validators=[FileRequired(_l("请选一张照片。"))])
    form_token = HiddenField(render_kw={"autocomplete": "off"})

    def offer(self, meeting_id: int) -> None:
        """Give a form that is opened anew its token."""
        self.purpose = f"sheet-photo:{meeting_id}"
        if not tokens.is_stamp(self.purpose, self.form_token.data or ""):
            self.form_token.data = tokens.stamp(self.purpose)


class UndoForm(Form):
    """Why a note is taken back."""

    reason = RadioField(
        _l("为什么撤销"), coerce=str, validators=[InputRequired(_l("请选一个原因，以后查得到。"))]
    )

    def offer(self) -> None:
        self.reason.choices = [(str(one), _(UNDO_REASON_NAMES[one])) for one in UndoReason]
