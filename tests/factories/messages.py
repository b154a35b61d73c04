"""Messages in the outbox."""

from liaison_app.messages import services
from liaison_app.messages.models import Message
from liaison_app.orgs.models import OrgUnit
from tests.factories.orgs import make_unit

CALENDAR = b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"


def make_mail(unit: OrgUnit | None = None, *, key: str = "invite:participant-1:0", **facts) -> Message:
    """Write down an invitation by mail; `key` is its dedupe key."""
    kind = key.split(":")[0]
    values = {
        "unit_id": (unit or make_unit()).id,
        "about": "meeting:1",
        "dedupe_key": key,
        "to_name": "王素梅",
        "to_address": "wang@example.test",
        "subject": "请参加供暖专场",
        "text": "王素梅代表：\n请参加供暖专场。",
        **facts,
    }
    return services.queue_email(kind, **values)


def make_call(unit: OrgUnit | None = None, *, key: str = "invite:participant-2:0", **facts) -> Message:
    """Put somebody without an address on the clerk's list."""
    values = {
        "unit_id": (unit or make_unit()).id,
        "about": "meeting:1",
        "dedupe_key": key,
        "to_name": "田野",
        "to_phone": "13900000009",
        "subject": "请参加供暖专场",
        "text": "田野同志：请参加供暖专场。",
        **facts,
    }
    return services.queue_phone(key.split(":")[0], **values)
