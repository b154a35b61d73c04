"""What the bodies of a district, and those who lead them, are called."""

import re

from liaison_app.core.text import name_key

from .kinds import OrgKind

_HEADS = (
    ("局", "局长"),
    ("法院", "院长"),
    ("检察院", "检察长"),
    ("所", "所长"),
    ("公司", "总经理"),
    ("厂", "厂长"),
    ("支队", "支队长"),
    ("大队", "大队长"),
)


def title_of_head(name: str) -> str:
    """Return what the head of a body of this name is called; 主任 of a committee, an office, a centre."""
    return next((title for ending, title in _HEADS if name.endswith(ending)), "主任")


def title_of_deputy(name: str) -> str:
    """Return what a deputy head of a body of this name is called."""
    return f"副{title_of_head(name)}"


_STREET_ENDINGS = re.compile(
    "(?:人民政府|人大工作委员会|人大工委|工委|人大主席团|主席团|人大)$|(?:街道办事处|街道办|办事处|街道)$"
)


def street_key(name: str) -> str:
    """Return what the names of a street's bodies share: 济源路街道, 济源路街道办事处, 济源路街道人大工委."""
    key = name_key(name)
    while (bare := _STREET_ENDINGS.sub("", key)) not in (key, ""):
        key = bare
    return key


def congress_body_of(street: str) -> tuple[str, str, OrgKind]:
    """Return name, short name and kind of the congress body of a street or a town."""
    key = street_key(street)
    if key.endswith(("镇", "乡")):
        return f"{key}人大主席团", f"{key}人大", OrgKind.TOWNSHIP_PRESIDIUM
    return f"{key}街道人大工委", f"{key}工委", OrgKind.STREET_WORKING_COMMITTEE
