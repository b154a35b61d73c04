"""Add a calendar: an address or a file."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms.widgets import URLInput

from liaison_app.core.fetch import LONGEST_ADDRESS
from liaison_app.core.fields import Form, LineField
from liaison_app.core.time_fields import complain


class AddressField(LineField):
    """The address of a calendar; it is a secret, so a page that comes back does not show it again."""

    widget = URLInput()

    def _value(self) -> str:
        return ""


class SourceForm(Form):
    address = AddressField(_l("日历链接"), longest=LONGEST_ADDRESS)
    file = FileField(_l("或者上传文件"))
    label = LineField(_l("叫什么"), longest=30)

    def validate(self, extra_validators: Any = None) -> bool:
        if not super().validate(extra_validators):
            return False
        if bool(self.address.data) == bool(self.file.data):
            complain(
                self.address,
                gettext("链接和文件只要一样。")
                if self.address.data
                else gettext("请填一个链接，或者选一个文件。"),
            )
            return False
        return True
