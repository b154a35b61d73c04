"""Levels, mandates and the ways they are written in lists of deputies and officials."""

import re
import unicodedata
from enum import StrEnum

from email_validator import EmailNotValidError, validate_email

from liaison_app.core.errors import N_
from liaison_app.core.text import Unreadable, clean_line

# A deputy's level, highest first. Who holds several counts once, at the highest.
LEVEL_NAMES = {1: N_("全国"), 2: N_("省"), 3: N_("市"), 4: N_("区"), 5: N_("镇")}


# What a public page may show of a deputy beyond name, unit and level, once there is a consent.
PUBLISHABLE = {"expertise": N_("特长")}


class MandateState(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"
    ENDED = "ended"


class PostKind(StrEnum):
    HEAD = "head"
    DEPUTY_HEAD = "deputy_head"
    CONTACT = "contact"
    OFFICER = "officer"


MANDATE_STATE_NAMES = {
    MandateState.ACTIVE: N_("在任"),
    MandateState.SUSPENDED: N_("暂停执行职务"),
    MandateState.ENDED: N_("资格终止"),
}


class BadEntry(Unreadable):
    """A level, state, gender or address that a list of people cannot hold."""


_LEVELS_AS_WRITTEN = {
    "全国": 1, "国家": 1, "中央": 1, "省": 2, "自治区": 2, "市": 3, "区": 4, "县": 4, "镇": 5, "乡镇": 5, "乡": 5,
}  # fmt: skip
_LEVEL = re.compile("(乡镇|全国|国家|中央|自治区|[省市区县镇乡1-5])级?(?:人大)?(?:代表)?")
_STATES_AS_WRITTEN = {
    MandateState.ACTIVE: ("在任", "在职", "正常", "履职", "履职中", "有效", "active"),
    MandateState.SUSPENDED: ("暂停执行职务", "暂停执行代表职务", "暂停", "停职", "中止", "suspended"),
    MandateState.ENDED: (
        "资格终止", "代表资格终止", "终止", "已终止", "离任", "届满", "辞职", "罢免", "调离", "迁出", "去世", "ended",
    ),
}  # fmt: skip
_STATE_BY_WORD = {word: state for state, words in _STATES_AS_WRITTEN.items() for word in words}
_GENDERS_AS_WRITTEN = {"男": "男", "男性": "男", "m": "男", "女": "女", "女性": "女", "f": "女"}
_SEPARATORS = re.compile(r"[、,;/|+和及\s]+")


def parse_levels(text: str) -> tuple[int, ...]:
    """Read the levels of a deputy, highest first: “市、区”, “省级人大代表”, “县/乡”.

    Raises: BadEntry.
    """
    words = _word(text)
    found = [_level_number(match[1]) for match in _LEVEL.finditer(words)]
    if not found or _SEPARATORS.sub("", _LEVEL.sub("", words)):
        raise BadEntry(
            N_("看不懂层级“{typed}”，请从全国、省、市、区、镇里选，几级用“、”隔开。"), typed=words[:20]
        )
    return tuple(sorted(set(found)))


def highest(levels: tuple[int, ...]) -> int:
    """Return the level at which a person with several mandates is counted."""
    return min(levels)


def show_levels(levels: tuple[int, ...]) -> str:
    """Return levels as a list writes them: 市、区."""
    return "、".join(LEVEL_NAMES[level] for level in sorted(levels))


def parse_mandate_state(text: str) -> MandateState:
    """Read whether a mandate is held, suspended or ended (代表法: 暂停执行职务, 资格终止).

    Raises: BadEntry.
    """
    word = _word(text)
    if word not in _STATE_BY_WORD:
        raise BadEntry(N_("看不懂状态“{typed}”，请写在任、暂停或终止。"), typed=word[:20])
    return _STATE_BY_WORD[word]


def parse_gender(text: str) -> str:
    """Read 男 or 女. Raises: BadEntry."""
    word = _word(text)
    if word not in _GENDERS_AS_WRITTEN:
        raise BadEntry(N_("性别请写男或女，现在是“{typed}”。"), typed=word[:20])
    return _GENDERS_AS_WRITTEN[word]


def email_normal(text: str) -> str:
    """Return the one address in `text` with an ASCII domain in small letters, fit for an envelope.

    Raises: BadEntry, also for two addresses, a display name or a line end.
    """
    typed = unicodedata.normalize("NFKC", text).strip()
    try:
        found = validate_email(
            typed[:300], check_deliverability=False, allow_smtputf8=False, test_environment=True
        )
    except EmailNotValidError:
        reason = (
            N_("一格只能写一个邮箱。")
            if typed.count("@") > 1
            else N_("邮箱应像 name@example.cn，现在是“{typed}”。")
        )
        raise BadEntry(reason, typed=clean_line(typed)[:40]) from None
    return found.ascii_email or found.normalized


def _word(text: str) -> str:
    return unicodedata.normalize("NFKC", clean_line(text)).lower()


def _level_number(word: str) -> int:
    return int(word) if word.isdigit() else _LEVELS_AS_WRITTEN[word]


# Surnames that are read otherwise than the same sign elsewhere.
_SURNAMES_READ = {
    "仇": "qiu", "区": "ou", "单": "shan", "员": "yun", "尉迟": "yu chi", "万俟": "mo qi", "折": "she", "朴": "piao",
    "查": "zha", "洗": "xian", "盖": "ge", "秘": "bi", "种": "chong", "缪": "miao", "覃": "qin", "解": "xie",
    "逄": "pang", "长孙": "zhang sun", "乐": "yue", "曾": "zeng", "召": "shao",
}  # fmt: skip


def pinyin_of(name: str) -> str:
    """Return a name in pinyin without tones, by which lists are sorted; a rare sign stays as it is."""
    # The dictionary is large, and only wanted where names are entered.
    from pypinyin import lazy_pinyin

    for length in (2, 1):
        surname, given = name[:length], name[length:]
        if surname in _SURNAMES_READ:
            return " ".join([_SURNAMES_READ[surname], *lazy_pinyin(given)])
    return " ".join(lazy_pinyin(name))
