"""The kinds of meeting and the roles at its table, as data: a new kind is one entry here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from liaison_app.core.errors import N_


class MeetingState(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    HELD = "held"
    CLOSED = "closed"
    POSTPONED = "postponed"
    CANCELLED = "cancelled"


STATE_NAMES = {
    MeetingState.DRAFT: N_("草稿"),
    MeetingState.PUBLISHED: N_("已发布"),
    MeetingState.HELD: N_("已举行"),
    MeetingState.CLOSED: N_("已办结"),
    MeetingState.POSTPONED: N_("延期待定"),
    MeetingState.CANCELLED: N_("已取消"),
}


class PlaceKind(StrEnum):
    ROOM = "room"
    OUTSIDE = "outside"
    ONLINE = "online"


class RoleCode(StrEnum):
    """Who sits at the table (DOMAIN 4.5)."""

    CHAIR = "chair"
    SC_LEADER = "sc_leader"
    DEPUTY = "deputy"
    BUREAU_HEAD = "bureau_head"
    BUREAU_STAFF = "bureau_staff"
    UTILITY = "utility"
    CITIZEN = "citizen"
    PROPERTY_REP = "property_rep"
    ENTERPRISE_REP = "enterprise_rep"
    COUNCIL_CITIZEN = "council_citizen"
    LEGAL_OFFICER = "legal_officer"
    SCHOOL = "school"
    COMMUNITY_STAFF = "community_staff"
    RECORDER = "recorder"


ROLE_NAMES = {
    RoleCode.CHAIR: N_("主持"),
    RoleCode.SC_LEADER: N_("人大常委会领导"),
    RoleCode.DEPUTY: N_("人大代表"),
    RoleCode.BUREAU_HEAD: N_("局长"),
    RoleCode.BUREAU_STAFF: N_("随同业务科室"),
    RoleCode.UTILITY: N_("公用企业"),
    RoleCode.CITIZEN: N_("群众"),
    RoleCode.PROPERTY_REP: N_("物业公司"),
    RoleCode.ENTERPRISE_REP: N_("企业"),
    RoleCode.COUNCIL_CITIZEN: N_("议事代表"),
    RoleCode.LEGAL_OFFICER: N_("法官、检察官、警官"),
    RoleCode.SCHOOL: N_("师生"),
    RoleCode.COMMUNITY_STAFF: N_("社区干部"),
    RoleCode.RECORDER: N_("记录员"),
}

# Roles whose seats people take by themselves, on the public page.
SIGNUP_ROLES = (
    RoleCode.CITIZEN,
    RoleCode.PROPERTY_REP,
    RoleCode.ENTERPRISE_REP,
    RoleCode.COUNCIL_CITIZEN,
)
# Roles that answer questions at the table.
ANSWERING_ROLES = (RoleCode.BUREAU_HEAD, RoleCode.BUREAU_STAFF, RoleCode.UTILITY, RoleCode.LEGAL_OFFICER)


@dataclass(frozen=True)
class MeetingKind:
    """What is usual for one kind; every number is only what the form starts with.

    `notice_days`: calendar days of public notice before the meeting (station rules print 3).
    `pools`: seats per role that a new meeting of this kind opens with.
    `walk_in`: where it has no seats to sign up for, people just come.
    """

    code: str
    name: str
    needs_bureau: bool = False
    notice_days: int = 3
    minutes: int = 120
    pools: tuple[tuple[RoleCode, int], ...] = ((RoleCode.DEPUTY, 6), (RoleCode.CITIZEN, 4))
    is_public: bool = True
    walk_in: bool = False


_DEPUTIES = ((RoleCode.DEPUTY, 6),)

KINDS: dict[str, MeetingKind] = {
    kind.code: kind
    for kind in (
        MeetingKind(
            "face_bureau",
            N_("代表·局长面对面"),
            needs_bureau=True,
            pools=((RoleCode.DEPUTY, 6), (RoleCode.CITIZEN, 4), (RoleCode.PROPERTY_REP, 2)),
        ),
        MeetingKind(
            "reception",
            N_("接待选民日"),
            pools=((RoleCode.DEPUTY, 2), (RoleCode.CITIZEN, 8)),
            walk_in=True,
        ),
        MeetingKind(
            "inspection",
            N_("专项视察"),
            pools=((RoleCode.DEPUTY, 5), (RoleCode.COUNCIL_CITIZEN, 4)),
        ),
        MeetingKind("research", N_("专题调研"), pools=_DEPUTIES),
        MeetingKind("law_check", N_("执法检查"), pools=_DEPUTIES),
        MeetingKind("group_activity", N_("代表小组活动"), pools=_DEPUTIES, is_public=False),
        MeetingKind("forum", N_("座谈会")),
        MeetingKind(
            "stool_talk",
            N_("小板凳恳谈会"),
            pools=((RoleCode.DEPUTY, 3), (RoleCode.CITIZEN, 12)),
            walk_in=True,
        ),
        MeetingKind(
            "residents_council",
            N_("居民议事会"),
            pools=((RoleCode.DEPUTY, 3), (RoleCode.COUNCIL_CITIZEN, 12)),
        ),
        MeetingKind("street_stall", N_("代表“摆摊”赶集"), pools=_DEPUTIES, walk_in=True),
        MeetingKind("legal_visit", N_("三官一员进站"), walk_in=True),
        MeetingKind("lecture", N_("普法课堂、代表大讲堂"), pools=((RoleCode.CITIZEN, 30),), walk_in=True),
        MeetingKind("training", N_("学习培训"), pools=((RoleCode.DEPUTY, 20),), is_public=False),
        MeetingKind(
            "suggestion_consult", N_("建议面商"), needs_bureau=True, pools=_DEPUTIES, is_public=False
        ),
        MeetingKind("report", N_("述职评议"), pools=((RoleCode.DEPUTY, 4), (RoleCode.CITIZEN, 40))),
        MeetingKind("visit", N_("走访"), pools=((RoleCode.DEPUTY, 3),), is_public=False),
        MeetingKind(
            "enterprise",
            N_("企业家座谈会"),
            pools=((RoleCode.DEPUTY, 4), (RoleCode.ENTERPRISE_REP, 8)),
        ),
        MeetingKind("appointment", N_("约见"), needs_bureau=True, pools=_DEPUTIES),
        MeetingKind("livelihood_check", N_("民生实事督查"), pools=_DEPUTIES),
    )
}


def kind_name(code: str) -> str:
    """Return the Chinese name of a kind, or the code itself where the table no longer has it."""
    return KINDS[code].name if code in KINDS else code
