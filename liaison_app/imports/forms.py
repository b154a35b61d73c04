"""The upload of a list."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import Field, HiddenField, RadioField, SelectField
from wtforms.validators import ValidationError

from liaison_app.core import tokens
from liaison_app.core.fields import Form, row_number
from liaison_app.orgs.models import OrgUnit

from .kinds import LIST_NAMES, ListKind

STAMP = "import"


def _kind(text: str) -> ListKind | None:
    return ListKind(text) if text in set(ListKind) else None


class UploadForm(Form):
    kind = RadioField(_l("哪一种名册"), coerce=_kind, validate_choice=False)
    unit_id = SelectField(_l("归哪个单位"), coerce=row_number, validate_choice=False)
    file = FileField(_l("文件"), validators=[FileRequired(_l("请选一个文件。"))])
    form_token = HiddenField()

    def offer(self, units: Sequence[OrgUnit]) -> None:
        """Fill the choices, and give a form that is opened anew its token; `units` are those that a list may change."""
        self.kind.choices = [(kind, gettext(name)) for kind, name in LIST_NAMES.items()]
        self.unit_id.choices = [(unit.id, unit.name) for unit in units]
        if len(units) == 1:
            self.unit_id.data = units[0].id
        if not tokens.is_stamp(STAMP, self.form_token.data or ""):
            self.form_token.data = tokens.stamp(STAMP)

    def validate_kind(self, field: Field) -> None:
        if field.data is None:
            raise ValidationError(gettext("请选一种名册。"))

    def validate_unit_id(self, field: Field) -> None:
        if field.data not in {unit_id for unit_id, _name in field.choices}:
            raise ValidationError(gettext("请选一个单位。"))
