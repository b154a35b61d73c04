"""The answers to a meeting's invitations as a file for a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flask_babel import gettext as _

from liaison_app.core.web import show_moment
from liaison_app.scheduling.kinds import ROLE_NAMES

from .kinds import ANSWER_NAMES, DOOR_NAMES
from .models import Invitation


def board_rows(invitations: Sequence[Invitation], *, sees_reasons: bool) -> Iterator[list[object]]:
    """Yield who was asked and what they said, the head first; no numbers."""
    yield [
        _("姓名"),
        _("身份"),
        _("单位职务"),
        _("答复"),
        _("由谁代会"),
        _("原因"),
        _("从哪里答的"),
        _("时间"),
    ]
    stand_ins = {one.participant.stand_in_for_id: one.name for one in invitations}
    for one in invitations:
        participant = one.participant
        sent = stand_ins.get(participant.person_id, one.stand_in_text)
        yield [
            one.name,
            _(ROLE_NAMES[participant.role]),
            f"{participant.unit.short_name}{participant.title}" if participant.unit else "",
            _(ANSWER_NAMES[one.answer]),
            sent if one.answer in {"delegated"} else "",
            (one.reason or "") if sees_reasons else "",
            _(DOOR_NAMES[one.door]) if one.door else "",
            show_moment(one.answered_at) if one.answered_at else "",
        ]
