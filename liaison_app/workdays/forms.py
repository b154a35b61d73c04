"""A year's holidays as somebody pastes them."""

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, RadioField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from liaison_app.core.fields import VersionForm
from liaison_app.core.text import clean_line

from .kinds import YEAR_NAMES, YearState

LONGEST_TABLE = 8000


def _line(text: str | None) -> str:
    return clean_line(text or "")


class YearForm(VersionForm):
    state = RadioField(
        _l("这张表是"),
        choices=[(one, _l(YEAR_NAMES[one])) for one in (YearState.PUBLISHED, YearState.ASSUMED)],
        default=YearState.PUBLISHED,
        validators=[InputRequired(_l("请选是已经公布的，还是先假定的。"))],
        description=_l("通知还没出来时，可以先假定；排在这一年的场次会写明。"),
    )
    source = StringField(
        _l("文号"),
        filters=[_line],
        validators=[Length(max=100, message=_l("最多 100 个字。"))],
        description=_l("例如：国办发明电〔2025〕7号"),
    )
    days = TextAreaField(
        _l("放假和调休"),
        validators=[
            InputRequired(_l("请把这一年的放假和调休写进来，一行一段。")),
            Length(max=LONGEST_TABLE, message=_l("太长了，一年的表用不了这么多字。")),
        ],
        description=_l(
            "一行一段，可以从 Excel 复制：日期、休或班、节名。例如“2027-10-01 ~ 2027-10-07 休 国庆节”“2027-09-26 班”。"
        ),
        render_kw={"rows": 14, "spellcheck": "false"},
    )
    looked = HiddenField()
