"""Doors, and telephones at them."""

from liaison_app.attendance import services
from liaison_app.attendance.models import DoorDevice
from liaison_app.attendance.queries import find_device
from liaison_app.core import clock
from liaison_app.scheduling.models import Meeting
from tests.factories.accounts import make_account


def open_door(meeting: Meeting) -> str:
    """Give the door of a meeting a PIN and return it."""
    return services.set_pin(meeting.id, by=make_account())


def make_device(meeting: Meeting, keeper: str = "小周") -> DoorDevice:
    """Add a telephone that gave the PIN of a fresh door."""
    key = services.enrol(meeting.id, open_door(meeting), keeper, "微信 · Android")
    return find_device(meeting.id, key)  # type: ignore[return-value]


def soon() -> dict[str, object]:
    """Return the time of a meeting whose door is open."""
    return {"starts_at": clock.now()}
