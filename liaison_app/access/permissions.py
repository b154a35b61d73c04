"""Who may do what: the only list of permissions and of what each role grants."""

from enum import StrEnum

from liaison_app.core.errors import N_


class Permission(StrEnum):
    """What an account may do, as area:thing:action. Alphabetical; the only list there is."""

    ACCOUNT_MANAGE = "accounts:account:manage"
    ATTENDANCE_MANAGE = "attendance:check_in:manage"
    AUDIT_READ = "audit:trail:read"
    BUSY_MANAGE = "calendars:source:manage"
    DESK_READ = "dashboards:desk:read"
    FEED_ISSUE = "people:feed:issue"
    IMPORT_RUN = "imports:run:create"
    INVITATION_ANSWER = "invitations:invitation:answer"
    INVITATION_OWN = "invitations:invitation:own"
    INVITATION_READ = "invitations:invitation:read"
    MEETING_MANAGE = "scheduling:meeting:manage"
    MEETING_PUBLISH = "scheduling:meeting:publish"
    MEETING_READ = "scheduling:meeting:read"
    MESSAGE_MANAGE = "messages:message:manage"
    MESSAGE_READ = "messages:message:read"
    PERSON_READ = "people:person:read"
    PHONE_REVEAL = "people:phone:reveal"
    PRIVACY_PERSON = "privacy:person:handle"
    PRIVACY_READ = "privacy:holding:read"
    PRIVACY_REQUEST = "privacy:request:handle"
    SIGNUP_MANAGE = "signups:signup:manage"
    SIGNUP_READ = "signups:signup:read"
    SYSTEM_READ = "operations:system:read"
    WORKDAYS_MANAGE = "workdays:year:manage"


PERMISSION_NAMES = {
    Permission.ACCOUNT_MANAGE: N_("管账号和授权"),
    Permission.ATTENDANCE_MANAGE: N_("签到，管门口"),
    Permission.AUDIT_READ: N_("看操作记录"),
    Permission.BUSY_MANAGE: N_("管别人的外部日历（只看忙闲）"),
    Permission.DESK_READ: N_("看工作台"),
    Permission.FEED_ISSUE: N_("发日历链接"),
    Permission.IMPORT_RUN: N_("导入名册"),
    Permission.INVITATION_ANSWER: N_("替本单位的人答复邀请"),
    Permission.INVITATION_OWN: N_("看自己的邀请并答复"),
    Permission.INVITATION_READ: N_("看邀请和答复"),
    Permission.MEETING_MANAGE: N_("安排、修改、延期、取消场次"),
    Permission.MEETING_PUBLISH: N_("发布场次"),
    Permission.MEETING_READ: N_("看场次"),
    Permission.MESSAGE_MANAGE: N_("处理消息"),
    Permission.MESSAGE_READ: N_("看消息"),
    Permission.PERSON_READ: N_("看代表名册"),
    Permission.PHONE_REVEAL: N_("看电话全号"),
    Permission.PRIVACY_PERSON: N_("办代表、负责人的个人信息请求"),
    Permission.PRIVACY_READ: N_("看还留着哪些个人信息"),
    Permission.PRIVACY_REQUEST: N_("办群众的个人信息请求"),
    Permission.SIGNUP_MANAGE: N_("登记和退出报名"),
    Permission.SIGNUP_READ: N_("看报名名单"),
    Permission.SYSTEM_READ: N_("看系统运行情况"),
    Permission.WORKDAYS_MANAGE: N_("录入放假和调休"),
}


class Role(StrEnum):
    """A role that is held on a unit and reaches down its subtree.

    The public needs no account. Nor does a volunteer at the door: a PIN of one meeting, for its day.
    """

    ADMIN = "admin"
    AUDITOR = "auditor"
    BUREAU_CONTACT = "bureau_contact"
    BUREAU_HEAD = "bureau_head"
    DEPUTY = "deputy"
    LIAISON = "liaison"
    OFFICE = "office"
    RECORDER = "recorder"
    REVIEWER = "reviewer"
    SECURITY_ADMIN = "security_admin"
    STATION_HEAD = "station_head"
    STREET = "street"


ROLE_NAMES = {
    Role.ADMIN: N_("管理员"),
    Role.AUDITOR: N_("审计员"),
    Role.BUREAU_CONTACT: N_("局联络员"),
    Role.BUREAU_HEAD: N_("部门负责人"),
    Role.DEPUTY: N_("代表"),
    Role.LIAISON: N_("联络员"),
    Role.OFFICE: N_("代表工委"),
    Role.RECORDER: N_("记录员"),
    Role.REVIEWER: N_("发布审核员"),
    Role.SECURITY_ADMIN: N_("安全管理员"),
    Role.STATION_HEAD: N_("站长"),
    Role.STREET: N_("街道人大工委"),
}

# System, security and audit administrators (三员). With LIAISON_THREE_ADMINS nobody is two of them.
THREE_ADMINS = frozenset({Role.ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR})

_ORGANIZER = frozenset(
    {
        Permission.ATTENDANCE_MANAGE,
        Permission.BUSY_MANAGE,
        Permission.DESK_READ,
        Permission.FEED_ISSUE,
        Permission.INVITATION_ANSWER,
        Permission.INVITATION_OWN,
        Permission.INVITATION_READ,
        Permission.MEETING_MANAGE,
        Permission.MEETING_PUBLISH,
        Permission.MEETING_READ,
        Permission.MESSAGE_MANAGE,
        Permission.MESSAGE_READ,
        Permission.PERSON_READ,
        Permission.PHONE_REVEAL,
        Permission.PRIVACY_REQUEST,
        Permission.SIGNUP_MANAGE,
        Permission.SIGNUP_READ,
    }
)

GRANTS: dict[Role, frozenset[Permission]] = {
    Role.ADMIN: frozenset(
        {
            Permission.ACCOUNT_MANAGE,
            Permission.DESK_READ,
            Permission.IMPORT_RUN,
            Permission.PRIVACY_READ,
            Permission.SYSTEM_READ,
            Permission.WORKDAYS_MANAGE,
        }
    ),
    Role.AUDITOR: frozenset(
        {
            Permission.AUDIT_READ,
            Permission.DESK_READ,
            Permission.INVITATION_READ,
            Permission.MEETING_READ,
            Permission.MESSAGE_READ,
            Permission.PRIVACY_READ,
            Permission.SIGNUP_READ,
        }
    ),
    # A bureau's clerk sees and answers the invitations of the own bureau's people; the desk shows just those.
    Role.BUREAU_CONTACT: frozenset(
        {Permission.BUSY_MANAGE, Permission.DESK_READ, Permission.INVITATION_ANSWER}
    ),
    Role.BUREAU_HEAD: frozenset(
        {Permission.DESK_READ, Permission.INVITATION_ANSWER, Permission.INVITATION_OWN}
    ),
    Role.DEPUTY: frozenset({Permission.DESK_READ, Permission.INVITATION_OWN}),
    Role.LIAISON: _ORGANIZER,
    Role.OFFICE: _ORGANIZER
    | {
        Permission.ACCOUNT_MANAGE,
        Permission.IMPORT_RUN,
        Permission.PRIVACY_PERSON,
        Permission.PRIVACY_READ,
        Permission.WORKDAYS_MANAGE,
    },
    # Takes the minutes and notes who came: knows who sits at the table, and no telephone number.
    Role.RECORDER: frozenset(
        {
            Permission.ATTENDANCE_MANAGE,
            Permission.DESK_READ,
            Permission.INVITATION_READ,
            Permission.MEETING_READ,
            Permission.SIGNUP_READ,
        }
    ),
    # Reads a draft and lets it become public; changes nothing in it.
    Role.REVIEWER: frozenset({Permission.DESK_READ, Permission.MEETING_PUBLISH, Permission.MEETING_READ}),
    Role.SECURITY_ADMIN: frozenset(
        {Permission.ACCOUNT_MANAGE, Permission.DESK_READ, Permission.PRIVACY_READ}
    ),
    Role.STATION_HEAD: _ORGANIZER,
    Role.STREET: _ORGANIZER,
}


def granted(role: Role, *, three_admins: bool = False) -> frozenset[Permission]:
    """Return what a role grants. With `three_admins`, accounts are the security administrator's alone."""
    if three_admins and role is not Role.SECURITY_ADMIN:
        return GRANTS[role] - {Permission.ACCOUNT_MANAGE}
    return GRANTS[role]


def roles_with(permission: Permission, *, three_admins: bool = False) -> set[Role]:
    """Return the roles that grant `permission`."""
    return {role for role in Role if permission in granted(role, three_admins=three_admins)}
