"""What the registers hold of deputies and officials."""

from flask_babel import gettext
from sqlalchemy import or_, select

from liaison_app.core.errors import N_
from liaison_app.core.personal import Field, Holding, Subject, Whose, declare, excuse, of_person

from .models import Mandate, Person, PersonAddress, Post, PublicationConsent


def _gender(row: Person, subject: Subject) -> str:
    """Male or female in the reader's language."""
    return gettext(row.gender) if row.gender else ""


DUTY = N_("代表和部门负责人履职需要（代表法、地方组织法），由任免、选举机关提供")

CONTACTS = Holding(
    name="contacts",
    model=Person,
    title=N_("联系方式"),
    whose=Whose.OFFICIAL,
    basis=DUTY,
    event=N_("离任（没有代表资格，也不担任职务）"),
    period="contact",
    since=Person.left_at,
    holds=or_(Person.mobile.is_not(None), Person.email != "", Person.feed_hash.is_not(None)),
    of=of_person(Person.id),
    fields=(
        Field(Person.mobile, N_("手机号"), N_("请您参加活动，告诉变更"), masks=True),
        Field(Person.email, N_("邮箱"), N_("发邀请和变更"), "", masks=True),
        Field(
            Person.feed_hash,
            N_("本人日历的链接"),
            N_("本人订阅自己的场次"),
            tells=lambda row, _: bool(row.feed_hash),
        ),
    ),
    also={Person.mobile_key: None},
)
REGISTER = Holding(
    name="person",
    model=Person,
    title=N_("名册"),
    whose=Whose.OFFICIAL,
    basis=DUTY,
    event=N_("届满后作为履职档案留存，由代表工作机构按档案规定处理"),
    holds=Person.name != "",
    of=of_person(Person.id),
    fields=(
        Field(Person.name, N_("姓名"), N_("公布谁来接待、谁来答复")),
        Field(Person.pinyin, N_("姓名拼音"), N_("名册排序")),
        Field(Person.gender, N_("性别"), N_("代表名册"), tells=_gender),
        Field(Person.born_on, N_("出生日期"), N_("代表名册")),
        Field(Person.ethnicity, N_("民族"), N_("代表名册")),
        Field(Person.party, N_("党派"), N_("代表名册")),
        Field(Person.education, N_("学历"), N_("代表名册")),
        Field(Person.employer, N_("工作单位"), N_("代表名册")),
        Field(Person.job_title, N_("职务"), N_("代表名册")),
        Field(Person.expertise, N_("特长"), N_("按议题请代表")),
    ),
    also={Person.name_key: None},
)
MANDATES = Holding(
    name="mandate",
    model=Mandate,
    title=N_("代表资格"),
    whose=Whose.OFFICIAL,
    basis=DUTY,
    event=N_("届满后作为履职档案留存，由代表工作机构按档案规定处理"),
    holds=Mandate.card_no != "",
    of=of_person(Mandate.person_id),
    headline=lambda row: row.term,
    fields=(
        Field(Mandate.card_no, N_("代表证号"), N_("核对代表身份")),
        Field(Mandate.constituency, N_("选区"), N_("代表名册")),
    ),
)

ADDRESSES = Holding(
    name="person_address",
    model=PersonAddress,
    title=N_("也认的邮箱"),
    whose=Whose.OFFICIAL,
    basis=DUTY,
    event=N_("离任（没有代表资格，也不担任职务）"),
    period="contact",
    since=select(Person.left_at).where(Person.id == PersonAddress.person_id).scalar_subquery(),
    holds=PersonAddress.address != "",
    of=of_person(PersonAddress.person_id),
    fields=(Field(PersonAddress.address, N_("邮箱"), N_("认得出是您的答复"), "", masks=True),),
)

declare(CONTACTS, ADDRESSES, REGISTER, MANDATES)
excuse(
    "which clerks wrote a consent or an address down",
    PublicationConsent.recorded_by, PublicationConsent.withdrawn_by, PersonAddress.added_by, PersonAddress.ended_by,
)  # fmt: skip
excuse("the name of a post in a body", Post.title)
