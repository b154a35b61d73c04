"""Who may do what: the only list of permissions and of what each role grants."""

from enum import StrEnum

from liaison_app.core.errors import N_


class Permission(StrEnum):
    """What an account may do, as area:thing:action. Alphabetical; the only list there is."""

    ACCOUNT_MANAGE = "accounts:account:manage"
    AUDIT_READ = "audit:trail:read"
    DESK_READ = "dashboards:desk:read"
    FEED_ISSUE = "people:feed:issue"
    IMPORT_RUN = "imports:run:create"
    INVITATION_ANSWER = "invitations:invitation:answer"
    INVITATION_READ = "invitations:invitation:read"
    MEETING_MANAGE = "scheduling:meeting:manage"
    MEETING_READ = "scheduling:meeting:read"
    MESSAGE_MANAGE = "messages:message:manage"
    MESSAGE_READ = "messages:message:read"
    PERSON_READ = "people:person:read"
    PHONE_REVEAL = "people:phone:reveal"
    SIGNUP_MANAGE = "signups:signup:manage"
    SIGNUP_READ = "signups:signup:read"


class Role(StrEnum):
    """A role that is held on a unit and reaches down its subtree."""

    ADMIN = "admin"
    AUDITOR = "auditor"
    BUREAU_CONTACT = "bureau_contact"
    LIAISON = "liaison"
    OFFICE = "office"
    STATION_HEAD = "station_head"
    STREET = "street"


ROLE_NAMES = {
    Role.ADMIN: N_("管理员"),
    Role.AUDITOR: N_("审计员"),
    Role.BUREAU_CONTACT: N_("局联络员"),
    Role.LIAISON: N_("联络员"),
    Role.OFFICE: N_("代表工委"),
    Role.STATION_HEAD: N_("站长"),
    Role.STREET: N_("街道人大工委"),
}

_ORGANIZER = frozenset(
    {
        Permission.DESK_READ,
        Permission.FEED_ISSUE,
        Permission.INVITATION_ANSWER,
        Permission.INVITATION_READ,
        Permission.MEETING_MANAGE,
        Permission.MEETING_READ,
        Permission.MESSAGE_MANAGE,
        Permission.MESSAGE_READ,
        Permission.PERSON_READ,
        Permission.PHONE_REVEAL,
        Permission.SIGNUP_MANAGE,
        Permission.SIGNUP_READ,
    }
)

GRANTS: dict[Role, frozenset[Permission]] = {
    Role.ADMIN: frozenset({Permission.ACCOUNT_MANAGE, Permission.DESK_READ, Permission.IMPORT_RUN}),
    Role.AUDITOR: frozenset(
        {
            Permission.AUDIT_READ,
            Permission.DESK_READ,
            Permission.INVITATION_READ,
            Permission.MEETING_READ,
            Permission.MESSAGE_READ,
            Permission.SIGNUP_READ,
        }
    ),
    # A bureau's clerk sees and answers the invitations of the own bureau's people; the desk shows just those.
    Role.BUREAU_CONTACT: frozenset({Permission.DESK_READ, Permission.INVITATION_ANSWER}),
    Role.LIAISON: _ORGANIZER,
    Role.OFFICE: _ORGANIZER | {Permission.ACCOUNT_MANAGE, Permission.IMPORT_RUN},
    Role.STATION_HEAD: _ORGANIZER,
    Role.STREET: _ORGANIZER,
}


def roles_with(permission: Permission) -> set[Role]:
    """Return the roles that grant `permission`."""
    return {role for role, granted in GRANTS.items() if permission in granted}
