"""The matrix of roles and permissions as a document, made from the code that decides."""

from __future__ import annotations

from flask import Flask

from .permissions import GRANTS, PERMISSION_NAMES, ROLE_NAMES, THREE_ADMINS, Permission, Role, granted

HEAD = """# Who may do what

Made by `flask access-matrix > liaison_app/ACCESS.md` from `access/permissions.py` and the guards of the routes; a test
fails when this file is out of date, and another asks every route as every role, in the own unit and in a foreign one.

A role is held on a unit from one day to another and reaches down its subtree; an account may hold several. A thing of a
foreign unit is answered like one that does not exist (404). The public needs no account. A volunteer at the door is no
account either: a PIN of one meeting, for its day.
"""
APART = """
`○` goes when `LIAISON_THREE_ADMINS` keeps system, security and audit administrators apart (三员分立): {admins}. Then
accounts are the security administrator's alone, and no account counts as two of the three.
"""


def document(app: Flask) -> str:
    """Return the document for the routes of `app`."""
    admins = "、".join(ROLE_NAMES[role] for role in Role if role in THREE_ADMINS)
    return "\n".join(
        [
            HEAD,
            "## Roles and permissions\n",
            *_roles(),
            APART.format(admins=admins),
            "## Routes\n",
            *_routes(app),
            "",
        ]
    )


def _roles() -> list[str]:
    lines = ["| | " + " | ".join(ROLE_NAMES[role] for role in Role) + " |"]
    lines.append("|---|" + ":-:|" * len(Role))
    for permission in Permission:
        marks = [_mark(role, permission) for role in Role]
        lines.append(f"| {PERMISSION_NAMES[permission]} `{permission}` | " + " | ".join(marks) + " |")
    return lines


def _mark(role: Role, permission: Permission) -> str:
    if permission not in GRANTS[role]:
        return " "
    return "●" if permission in granted(role, three_admins=True) else "○"


def _routes(app: Flask) -> list[str]:
    lines = ["| route | methods | guard |", "|---|---|---|"]
    for rule in sorted(app.url_map.iter_rules(), key=lambda one: (one.rule, one.endpoint)):
        guard = getattr(app.view_functions[rule.endpoint], "liaison_guard", None)
        if guard is not None:
            methods = " ".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))
            path = rule.rule.replace("|", "\\|")
            lines.append(
                f"| `{path}` | {methods} | {guard.removeprefix('requires ').replace(' | ', ' or ')} |"
            )
    return lines
