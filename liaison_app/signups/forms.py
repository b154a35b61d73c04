"""The sign-up form, for citizens on the public page and for the clerk who fills it in for somebody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, RadioField, SelectMultipleField, StringField
from wtforms.validators import DataRequired, InputRequired, ValidationError

from liaison_app.core import tokens
from liaison_app.core.fields import Form, LineField, MobileField, NameField, TextField
from liaison_app.core.text import clean_line
from liaison_app.scheduling.kinds import ROLE_NAMES

from .kinds import FIRM_ROLES, NEEDS
from .rules import PRIVACY_VERSION, Applicant, PoolSeats


def seats_left(pool: PoolSeats) -> str:
    """Return in words how many seats of a pool a newcomer can have."""
    if pool.free:
        return _("还有 %(n)d 席", n=pool.free)
    if not pool.can_wait:
        return _("满了")
    return _("满了，%(n)d 人候补", n=pool.waiting) if pool.waiting else _("满了，可候补")


class SignUpForm(Form):
    """Who comes, in which role, with what question. `form_token` is good for one person at one meeting."""

    class Meta(Form.Meta):
        def get_translations(self, form: Any) -> None:
            """Every sentence is our own: do not read the library's from the disk at each request."""

    name = NameField(
        _l("姓名"),
        longest=50,
        validators=[DataRequired(_l("请填写姓名。"))],
        render_kw={"autocomplete": "name"},
    )
    mobile = MobileField(
        _l("手机号"),
        validators=[DataRequired(_l("请填写手机号。"))],
        description=_l("只用来告诉您报名结果，不公开。"),
        render_kw={"inputmode": "tel", "autocomplete": "tel"},
    )
    role = RadioField(
        _l("以什么身份来"), validate_choice=False, validators=[InputRequired(_l("请选一个身份。"))]
    )
    organisation = LineField(
        _l("单位"),
        longest=60,
        description=_l("物业和企业请写，群众不用填。"),
        render_kw={"autocomplete": "organization"},
    )
    question = TextField(
        _l("想问的事"), longest=500, description=_l("照平常说话写就行，不要写门牌号和身份证号。")
    )
    needs = SelectMultipleField(_l("需要帮忙"), validate_choice=False)
    consent = BooleanField(
        _l("个人信息"),
        validators=[InputRequired(_l("请先看“个人信息怎么用”，同意再打勾。"))],
    )
    # For machines that fill in whatever they find; people never see it.
    homepage = StringField(_l("请留空"), render_kw={"autocomplete": "off", "tabindex": "-1"})
    form_token = HiddenField(render_kw={"autocomplete": "off"})

    def offer(self, pools: Sequence[PoolSeats], code: str) -> None:
        """Offer the roles that take sign-ups, and give the form of the meeting `code` its token."""
        self.purpose = f"signup:{code}"
        self.seats = pools
        self.pools = {str(pool.role): pool for pool in pools if pool.takes_signups}
        self.role.choices = [(role, _(ROLE_NAMES[pool.role])) for role, pool in self.pools.items()]
        self.needs.choices = [(need, _(need)) for need in NEEDS]
        if not self.is_submitted():
            self.renew()
            if len(self.pools) == 1:
                self.role.data = next(iter(self.pools))
        if not any(pool.role in FIRM_ROLES for pool in self.pools.values()):
            del self.organisation

    def renew(self) -> None:
        """Give the form a fresh token."""
        self.form_token.data = tokens.stamp(self.purpose)

    def validate_role(self, field: RadioField) -> None:
        if field.data not in self.pools:
            raise ValidationError(_("请从这几个身份里选一个。"))

    def validate_organisation(self, field: LineField) -> None:
        pool = self.pools.get(self.role.data or "")
        if pool is not None and pool.role in FIRM_ROLES and not field.data and not field.process_errors:
            raise ValidationError(_("请写单位名称。"))

    def validate(self, extra_validators: Mapping[str, Sequence[Any]] | None = None) -> bool:
        is_fit = super().validate(extra_validators)
        if tokens.is_stamp(self.purpose, self.form_token.data or ""):
            return bool(is_fit)
        self.renew()
        self.form_errors.append(_("这一页放得太久了，请再交一次。"))
        return False

    def is_machine(self) -> bool:
        """Return whether the field that people never see was filled in."""
        return bool(clean_line(self.homepage.data or ""))

    def pool_id(self) -> int:
        """Return the pool of the chosen role; the form is valid."""
        return self.pools[self.role.data].pool_id

    def applicant(self) -> Applicant:
        return Applicant(
            name=self.name.data,
            mobile=self.mobile.data,
            organisation=self.organisation.data if self.organisation else "",
            question=self.question.data,
            needs=tuple(need for need in NEEDS if need in (self.needs.data or ())),
            privacy_version=PRIVACY_VERSION,
        )


class EntryForm(SignUpForm):
    """The same, filled in by a clerk for somebody who called or came by (代填)."""

    consent = BooleanField(
        _l("个人信息"),
        validators=[InputRequired(_l("请先念给本人听，同意再打勾。"))],
    )


class PutBackForm(Form):
    """The office's reason for letting somebody wait who had a seat; that person is told it."""

    reason = LineField(
        _l("原因"),
        longest=60,
        validators=[DataRequired(_l("请写明原因，会告诉本人。"))],
        description=_l("会告诉本人，例如“换了小房间”。不要写病情和家事。"),
    )


class WithdrawalForm(Form):
    """The clerk's reason for taking somebody off the list."""

    reason = LineField(
        _l("原因"),
        longest=100,
        validators=[DataRequired(_l("请写明原因，以后查得到。"))],
        description=_l("例如“本人来电说不来了”。不要写病情和家事。"),
    )
