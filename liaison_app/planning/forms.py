"""A series' rule as it stands in the address, and what is decided of its dates."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from liaison_app.core.errors import N_
from liaison_app.core.fields import Form, VersionForm, row_number
from liaison_app.core.text import BadDate, clean_line, parse_date
from liaison_app.core.time_fields import DayField
from liaison_app.core.web import translated

from .kinds import (
    FACET_NAMES,
    MONTHS_NAMES,
    NTH_NAMES,
    POLICY_NAMES,
    REPEAT_NAMES,
    WEEKDAYS,
    DateState,
    HolidayPolicy,
    Months,
    Repeat,
)
from .rules import MOST_DATES, Choice, Rule
from .solver import Part

LONGEST_LIST = 4000
STATES = {"keep": DateState.PLANNED, "skip": DateState.SKIPPED, "shift": DateState.SHIFTED}


def _line(text: str | None) -> str:
    return clean_line(text or "")


class RuleForm(Form):
    """The rule; it writes nothing and stands in the address, so it has no token of its own."""

    class Meta(Form.Meta):
        csrf = False

    repeat = RadioField(
        _l("怎么重复"), choices=[(one, _l(name)) for one, name in REPEAT_NAMES.items()], default=Repeat.WEEKLY
    )
    weekdays = SelectMultipleField(
        _l("星期几"), choices=[(str(n), _l(name)) for n, name in enumerate(WEEKDAYS)], default=()
    )
    weeks_apart = IntegerField(_l("每几周一次"), default=1, validators=[Optional()])
    month_days = StringField(
        _l("几号"),
        filters=[_line],
        validators=[Length(max=60)],
        description=_l("例如 15，或者 9、19。没有这一天的月份取月末。"),
    )
    nth = SelectField(
        _l("第几个"), choices=[(str(n), _l(name)) for n, name in NTH_NAMES.items()], default="1"
    )
    months = SelectField(
        _l("哪些月份"), choices=[(one, _l(name)) for one, name in MONTHS_NAMES.items()], default=Months.EVERY
    )
    dates = TextAreaField(
        _l("日期"),
        validators=[Length(max=LONGEST_LIST)],
        description=_l("一行一个，例如 2027-03-15。"),
        render_kw={"rows": 6},
    )
    last_day = DayField(_l("排到哪一天为止"), validators=[InputRequired(_l("请填最后一天。"))])
    policy = SelectField(
        _l("遇上放假"),
        choices=[(one, _l(name)) for one, name in POLICY_NAMES.items()],
        default=HolidayPolicy.NEXT_WORKDAY,
    )

    def rule(self) -> Rule | None:
        """Return the rule that was filled in, or None with the reason beside the field."""
        month_days = self._numbers()
        dates = self._dates()
        if self.errors or self.month_days.errors or self.dates.errors:
            return None
        return Rule(
            repeat=Repeat(self.repeat.data),
            weekdays=tuple(int(one) for one in self.weekdays.data or ()),
            weeks_apart=self.weeks_apart.data or 1,
            month_days=month_days,
            nth=int(self.nth.data),
            months=Months(self.months.data),
            dates=dates,
        )

    def _numbers(self) -> tuple[int, ...]:
        if self.repeat.data != Repeat.MONTH_DAYS:
            return ()
        words = (self.month_days.data or "").replace("号", " ").replace("日", " ")
        parts = [one for one in words.replace("、", " ").replace("，", " ").replace(",", " ").split() if one]
        if not all(one.isascii() and one.isdigit() and len(one) < 3 for one in parts):
            self.month_days.errors = [gettext("只写数字，例如 9、19。")]
            return ()
        return tuple(sorted({int(one) for one in parts}))

    def _dates(self) -> tuple[date, ...]:
        if self.repeat.data != Repeat.DATES:
            return ()
        found: list[date] = []
        lines = [line for line in (self.dates.data or "").splitlines() if line.strip()]
        if len(lines) > MOST_DATES:
            self.dates.errors = [gettext("一次最多排 %(n)d 场，请少列几个。", n=MOST_DATES)]
            return ()
        for line in lines:
            try:
                found.append(parse_date(line))
            except BadDate as error:
                self.dates.errors = [translated(error)]
                return ()
        return tuple(sorted(set(found)))


class SaveForm(VersionForm):
    """What writes a series: the version of the meeting, and the dates that were looked at."""

    looked = HiddenField(filters=[_line])


class WhyForm(Form):
    """Leaving dates out: everybody who was told of one is told why."""

    reason = StringField(
        _l("原因"),
        filters=[_line],
        validators=[Length(max=200)],
        description=_l("会写进通知，例如“暴雪红色预警”。不要写个人的病情和家事。"),
    )


class PutBackForm(Form):
    day = DayField(_l("放到哪一天"), validators=[InputRequired(_l("请填日期。"))])


class CarryForm(Form):
    """Which sides of one meeting go to which others."""

    facets = SelectMultipleField(
        _l("照着改什么"), choices=[(one, _l(name)) for one, name in FACET_NAMES.items()]
    )
    targets = SelectMultipleField(_l("改哪几场"), coerce=row_number, validate_choice=False)


def read_choices(
    posted: Mapping[str, str], days: Sequence[date], rooms: Collection[int]
) -> dict[date, Choice]:
    """Return what was decided of each date: fields “do-2026-11-30” (keep, skip, shift), “day-…” and “room-…”.

    What cannot be read, and a room that is not one of `rooms`, decides nothing.
    """
    found: dict[date, Choice] = {}
    for rule_day in days:
        mark = rule_day.isoformat()
        room_id = row_number(posted.get(f"room-{mark}"))
        state = STATES.get(posted.get(f"do-{mark}", ""))
        choice = Choice(state, _other_day(posted, mark, rule_day), room_id if room_id in rooms else None)
        if choice.state or choice.room_id:
            found[rule_day] = choice
    return found


def _other_day(posted: Mapping[str, str], mark: str, near: date) -> date | None:
    try:
        return parse_date(posted.get(f"day-{mark}", ""), near=near)
    except BadDate:
        return None


PART_NAMES = {
    Part.OFFICE: N_("上班时间"),
    Part.MORNING: N_("上午"),
    Part.AFTERNOON: N_("下午"),
    Part.EVENING: N_("晚上"),
    Part.WHOLE: N_("8 点到 21 点都行"),
}
LENGTHS = (60, 90, 120, 180, 240)


class WishForm(Form):
    """What a time is looked for; it writes nothing and stands in the address."""

    class Meta(Form.Meta):
        csrf = False

    bureaus = SelectMultipleField(_l("请哪些部门"), coerce=row_number, validate_choice=False)
    with_seconds = BooleanField(_l("局长没空时，副局长代也行"))
    station = SelectField(_l("在哪个站"), coerce=row_number)
    group = SelectField(_l("请哪个站的代表"), coerce=row_number)
    needed = IntegerField(
        _l("至少几位代表"),
        default=4,
        validators=[Optional(), NumberRange(0, 60, _l("0 到 60 位。"))],
    )
    minutes = SelectField(_l("开多久"), coerce=row_number, default=120)
    part = SelectField(_l("什么时候"), choices=[(one, _l(name)) for one, name in PART_NAMES.items()])
    first_day = DayField(_l("从哪一天"), validators=[InputRequired(_l("请填日期。"))])
    last_day = DayField(_l("到哪一天"), validators=[InputRequired(_l("请填日期。"))])
    weekends = BooleanField(_l("周末也行"))
