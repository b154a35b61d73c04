"""Invented citizens and people from firms, who sign up for seats."""

from .deputies import DEPUTIES, OUTSIDE
from .names import FEMALE, MALE, Dice, draw_name
from .officials import OFFICIALS
from .values import Guest

_NAMED_CITIZENS = ("李福根", "王桂枝", "赵一鸣", "陈月娥")
_NAMED_PROPERTY = (("许静", "康居物业"), ("杜强", "安邻物业"))
_MORE_CITIZENS = 56
_ENTERPRISES = (
    "铝材加工厂（示例）",
    "精密铸造公司（示例）",
    "阀门厂（示例）",
    "装备制造公司（示例）",
    "物流公司（示例）",
    "食品加工公司（示例）",
    "电商公司（示例）",
    "建材公司（示例）",
    "检测技术公司（示例）",
    "养老服务公司（示例）",
    "餐饮公司（示例）",
    "农产品公司（示例）",
)
_FIRST_MOBILE = 2001


def _guests() -> tuple[Guest, ...]:
    dice = Dice(2024)
    named = (*_NAMED_CITIZENS, *(name for name, _ in _NAMED_PROPERTY))
    taken = {person.name for person in (*OFFICIALS, *DEPUTIES, *OUTSIDE)} | set(named)
    drawn = [
        draw_name(dice, dice.pick((MALE, FEMALE)), 1950 + dice.roll(50), taken)
        for _ in range(_MORE_CITIZENS + len(_ENTERPRISES))
    ]
    rows = [(name, "") for name in (*_NAMED_CITIZENS, *drawn[:_MORE_CITIZENS])]
    rows += [*_NAMED_PROPERTY, *zip(drawn[_MORE_CITIZENS:], _ENTERPRISES, strict=True)]
    return tuple(
        Guest(name, f"139{number:08}", organisation)
        for number, (name, organisation) in enumerate(rows, start=_FIRST_MOBILE)
    )


GUESTS = _guests()
CITIZENS = GUESTS[: len(_NAMED_CITIZENS) + _MORE_CITIZENS]
PROPERTY_REPS = tuple(guest for guest in GUESTS if guest.organisation.endswith("物业"))
ENTERPRISE_REPS = GUESTS[-len(_ENTERPRISES) :]
