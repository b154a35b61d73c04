"""The main menu, by what the reader may do."""

from __future__ import annotations

from typing import Any

from flask import current_app, g, request, url_for
from flask_babel import gettext as _

from liaison_app.access.guards import allowed_paths
from liaison_app.access.permissions import Permission
from liaison_app.inbox import queries as inbox
from liaison_app.messages import queries as messages


def menu() -> dict[str, Any]:
    """Return the entries that the page frames show: the office's for who has signed in, else the public's."""
    entries = _staff() if g.get("account") and _is_staff_page() else _public()
    here = [one for one in entries if request.path == one["url"] or request.path.startswith(one["url"] + "/")]
    for one in entries:
        one["current"] = bool(here) and one is max(here, key=lambda entry: len(entry["url"]))
    return {"nav": entries}


def _is_staff_page() -> bool:
    blueprint = (request.blueprint or "").split(".")[0]
    return blueprint not in {"web"} and not blueprint.endswith("_public")


def _public() -> list[dict[str, Any]]:
    entries = [
        ("web.start", _("近期")),
        ("web.calendar", _("月历")),
        ("stations_public.index", _("联络站")),
        ("web.help", _("怎么用")),
    ]
    return [_entry(endpoint, label) for endpoint, label in entries]


def _staff() -> list[dict[str, Any]]:
    entries = [
        ("dashboards.desk", _("工作台"), (Permission.DESK_READ,)),
        ("dashboards.calendar", _("月历"), (Permission.MEETING_READ,)),
        ("scheduling.meetings", _("场次"), (Permission.MEETING_READ,)),
        ("invitations.own", _("本单位的邀请"), (Permission.INVITATION_ANSWER,)),
        ("invitations.mine", _("我的邀请"), (Permission.INVITATION_OWN,)),
        ("people.deputies", _("代表"), (Permission.PERSON_READ,)),
        ("messages.outbox", _("消息"), (Permission.MESSAGE_READ,)),
        ("privacy.left", _("个人信息"), (Permission.PRIVACY_READ,)),
        ("privacy.ask", _("信息请求"), (Permission.PRIVACY_REQUEST,)),
        ("workdays.years", _("放假调休"), (Permission.WORKDAYS_MANAGE,)),
        ("imports.start", _("导入"), (Permission.IMPORT_RUN,)),
        ("accounts.accounts", _("账号"), (Permission.ACCOUNT_MANAGE, Permission.AUDIT_READ)),
        ("audit.trail", _("记录"), (Permission.AUDIT_READ,)),
        ("operations.system", _("系统"), (Permission.SYSTEM_READ,)),
    ]
    shown = []
    for endpoint, label, permissions in entries:
        if endpoint not in current_app.view_functions:
            continue
        paths = [path for one in permissions for path in allowed_paths(one)]
        if endpoint == "dashboards.desk" and not allowed_paths(Permission.MEETING_READ):
            # Their desk is another entry of the menu.
            continue
        if not paths or (endpoint == "invitations.own" and allowed_paths(Permission.MEETING_READ)):
            continue
        if (
            endpoint == "invitations.mine"
            and g.account.person_id is None
            and allowed_paths(Permission.MEETING_READ)
        ):
            continue
        if endpoint == "privacy.ask" and allowed_paths(Permission.PRIVACY_READ):
            # They find it on the page of what is left.
            continue
        count = 0
        if endpoint == "messages.outbox":
            count = messages.count_attention(paths) + inbox.count_open(
                allowed_paths(Permission.MESSAGE_MANAGE)
            )
        shown.append(_entry(endpoint, label, count))
    return shown


def _entry(endpoint: str, label: str, count: int = 0) -> dict[str, Any]:
    return {"label": label, "url": url_for(endpoint), "count": count}
