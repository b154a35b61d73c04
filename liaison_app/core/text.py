"""How people write names, numbers, dates and times, and how we write them back.

Pure: no framework, no clock. Times come in aware and leave in Asia/Shanghai.
What cannot be read raises `Unreadable`, whose sentence tells the person why.
"""

import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from liaison_app.core.errors import N_, Refused

BEIJING = ZoneInfo("Asia/Shanghai")
CHINESE = "zh_Hans_CN"


class Unreadable(Refused, ValueError):
    """Something typed that cannot be understood; the reason is made of a message and its values."""

    def __init__(self, message: str, **values: object):
        self.message = message
        vars(self).update(values)


class BadMobile(Unreadable):
    """Not a mobile number of mainland China."""


class BadDate(Unreadable):
    """Not a day of the calendar, or not written as one."""


class BadTime(Unreadable):
    """Not a time of the day."""


# --- what people type -------------------------------------------------------

MIDDLE_DOT = "·"
# NFKC leaves most of these apart, yet keyboards and old files mix them freely.
_DOTS = dict.fromkeys(map(ord, "•‧∙⋅・･．﹒·⸱"), MIDDLE_DOT)
_DOT_BETWEEN_LETTERS = re.compile(r"(?<=[^\W\d_])\.(?=[^\W\d_])")
# Letters and symbols that print nothing: a name of these alone is no name.
_BLANKS = dict.fromkeys(map(ord, "\u115f\u1160\u2800\u3164\uffa0"), " ")
_LINE_ENDS = re.compile("\r\n|[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]")
_VARIATION_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−﹣－"), "-")


def clean_line(text: str) -> str:
    """Return `text` as one line: no line end, control or format character, single spaces.

    Safe for a mail header's or a calendar's line as far as line ends go.
    """
    return " ".join(_without_controls(text.translate(_BLANKS)).split())


def clean_text(text: str) -> str:
    r"""Return `text` with `\n` as its only control character, and one empty line at most in a row."""
    lines = (_without_controls(line).rstrip() for line in _LINE_ENDS.split(text))
    return re.sub("\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def clean_name(text: str) -> str:
    """Return a person's name for storing and showing.

    Every sign that serves as the middle dot becomes U+00B7. Rare characters stay as
    typed: no Unicode normal form is applied, for it would replace some of them.
    """
    return _DOT_BETWEEN_LETTERS.sub(MIDDLE_DOT, clean_line(text).translate(_DOTS))


def name_key(text: str) -> str:
    """Return what two spellings of one name have in common; for comparing, never for showing."""
    name = _VARIATION_SELECTORS.sub("", clean_name(text))
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return "".join(clean_name(folded).split())


def _without_controls(text: str) -> str:
    """Turn control characters that separate into spaces, and drop the invisible ones."""
    kept = []
    for char in text:
        kind = unicodedata.category(char)
        if char.isspace() or kind == "Cc":
            kept.append(char if kind == "Zs" else " ")
        elif kind not in ("Cf", "Cs") and ord(char) & 0xFFFE != 0xFFFE:
            kept.append(char)
    return "".join(kept)


def mobile_normal(text: str) -> str:
    """Return the eleven digits of a mobile number of mainland China, however it was spelled.

    Takes +86, 0086, 86, spaces, dashes, dots, brackets and full-width digits.
    Raises: BadMobile with the reason.
    """
    typed = unicodedata.normalize("NFKC", text).translate(_DASHES).strip()
    if re.fullmatch(r"[0-9.]+[eE][+-]?[0-9]+", typed):
        reason = N_("“{typed}”是表格的科学计数法，号码已不完整；请把该列设为“文本”后重填。")
        raise BadMobile(reason, typed=typed)
    # A spreadsheet's number: dropping the dot as below would make ten digits eleven.
    typed = re.sub(r"\.0+$", "", typed)
    digits = "".join(char for char in typed if not _separates_digits(char))
    digits = re.sub(r"^(?:\+86|0086|86(?=1[3-9][0-9]{9}$))", "", digits)
    if re.fullmatch("1[3-9][0-9]{9}", digits):
        return digits
    raise _what_is_wrong_with_mobile(digits)


def _separates_digits(char: str) -> bool:
    return char in "-()." or unicodedata.category(char) in ("Cc", "Cf", "Zs", "Zl", "Zp")


def _what_is_wrong_with_mobile(digits: str) -> BadMobile:
    if not digits:
        return BadMobile(N_("请填写手机号。"))
    if re.match(r"\+(?!86)[0-9]|00(?!86)[1-9]", digits):
        return BadMobile(N_("这里只能填写中国大陆的手机号；境外号码请联系工作人员登记。"))
    if stray := re.search("[^0-9]", digits):
        return BadMobile(N_("手机号只能有数字，现在有“{stray}”。"), stray=stray[0])
    if re.fullmatch("01[3-9][0-9]{9}", digits):
        return BadMobile(N_("请去掉手机号前面的 0。"))
    if re.fullmatch("0[0-9]{8,11}", digits):
        return BadMobile(N_("0 开头的是座机号码，请填写 11 位手机号。"))
    if len(digits) != 11:
        return BadMobile(N_("现在是 {count} 位，手机号应为 11 位。"), count=len(digits))
    return BadMobile(N_("手机号应以 13 至 19 开头，现在是“{start}”。"), start=digits[:2])


def mask_mobile(number: str) -> str:
    """Return a number fit for a list: 139****5678; of any other number only the last four digits."""
    if re.fullmatch("1[0-9]{10}", number):
        return f"{number[:3]}****{number[-4:]}"
    if not number:
        return ""
    return "****" + (number[-4:] if len(number) >= 7 else "")


def mask(words: str) -> str:
    """Return a number, mail address or network address fit for a page: 139****5678, w****@example.test, 10.1.*.*"""
    if "@" in words:
        name, _, host = words.partition("@")
        return f"{name[:1]}****@{host}"
    if found := re.fullmatch(r"([0-9]+\.[0-9]+)\.[0-9]+\.[0-9]+", words):
        return f"{found[1]}.*.*"
    return mask_mobile(words)


# --- what we write ----------------------------------------------------------

_WEEKDAYS = "一二三四五六日"
_ENGLISH_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_ENGLISH_MONTHS = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip
_MIDNIGHT = time(0)


def local(moment: datetime) -> datetime:
    """Return an aware moment on Beijing's clock.

    Raises: ValueError for a naive one, whose zone nobody knows.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return moment.astimezone(BEIJING)


def from_local(day: date, at: time) -> datetime:
    """Return the moment, in UTC, when Beijing's calendar and clock show `day` and `at`."""
    return datetime.combine(day, at, BEIJING).astimezone(UTC)


def show_day(when: date | datetime, *, locale: str = CHINESE) -> str:
    """2026年11月20日（星期五） · Fri 20 Nov 2026"""
    day = _local_day(when)
    if _is_english(locale):
        return f"{_english_day(day)} {day.year}"
    return f"{day.year}年{_month_day(day)}"


def show_date_short(when: date | datetime, *, locale: str = CHINESE) -> str:
    """11月20日（星期五） · Fri 20 Nov"""
    day = _local_day(when)
    return _english_day(day) if _is_english(locale) else _month_day(day)


def show_month(when: date | datetime, *, locale: str = CHINESE) -> str:
    """2026年11月 · Nov 2026"""
    day = _local_day(when)
    name = show_month_name(day, locale=locale)
    return f"{name} {day.year}" if _is_english(locale) else f"{day.year}年{name}"


def show_month_name(when: date | datetime, *, locale: str = CHINESE) -> str:
    """11月 · Nov"""
    day = _local_day(when)
    return _ENGLISH_MONTHS[day.month - 1] if _is_english(locale) else f"{day.month}月"


def show_month_day(when: date | datetime, *, locale: str = CHINESE) -> str:
    """11月20日 · 20 Nov; for places that name the weekday elsewhere"""
    day = _local_day(when)
    name = show_month_name(day, locale=locale)
    return f"{day.day} {name}" if _is_english(locale) else f"{name}{day.day}日"


def show_time(when: time | datetime, *, locale: str = CHINESE) -> str:
    """14:30, 9:00: 24 hours, without a leading zero, in every language."""
    at = local(when) if isinstance(when, datetime) else when
    return f"{at.hour}:{at.minute:02}"


def show_short(when: datetime, *, locale: str = CHINESE) -> str:
    """11月20日（五）14:30 · Fri 20 Nov, 14:30; for narrow tables"""
    day = _local_day(when)
    if _is_english(locale):
        return f"{_english_day(day)}, {show_time(when)}"
    return f"{day.month}月{day.day}日（{_WEEKDAYS[day.weekday()]}）{show_time(when)}"


def show_moment(when: datetime, *, locale: str = CHINESE) -> str:
    """2026年11月20日（星期五）14:30 · Fri 20 Nov 2026, 14:30"""
    return _join(show_day(when, locale=locale), show_time(when), locale)


def show_deadline(when: datetime, *, locale: str = CHINESE) -> str:
    """11月17日（星期二）18:00 · Tue 17 Nov, 18:00; midnight is the 24:00 of the day that ends."""
    day, at = _ending(when)
    return _join(show_date_short(day, locale=locale), at, locale)


def show_span(start: datetime, end: datetime, *, locale: str = CHINESE) -> str:
    """2026年11月20日（星期五）14:30–16:30 · Fri 20 Nov 2026, 14:30–16:30; both days if they differ."""
    first_day, (last_day, ends) = _local_day(start), _ending(end)
    begins = show_moment(start, locale=locale)
    if first_day == last_day:
        return f"{begins}–{ends}"
    show = show_date_short if first_day.year == last_day.year else show_day
    until = _join(show(last_day, locale=locale), ends, locale)
    return f"{begins} – {until}" if _is_english(locale) else f"{begins}至{until}"


def show_hours(start: datetime, end: datetime, *, locale: str = CHINESE) -> str:
    """14:30–16:30; for places that name the day elsewhere"""
    return f"{show_time(start)}–{_ending(end)[1]}"


def _is_english(locale: str) -> bool:
    return locale.startswith("en")


def _local_day(when: date | datetime) -> date:
    return local(when).date() if isinstance(when, datetime) else when


def _month_day(day: date) -> str:
    return f"{day.month}月{day.day}日（星期{_WEEKDAYS[day.weekday()]}）"


def _english_day(day: date) -> str:
    return f"{_ENGLISH_WEEKDAYS[day.weekday()]} {day.day} {_ENGLISH_MONTHS[day.month - 1]}"


def _join(day: str, at: str, locale: str) -> str:
    return f"{day}, {at}" if _is_english(locale) else day + at


def _ending(when: datetime) -> tuple[date, str]:
    moment = local(when)
    if moment.time() == _MIDNIGHT:
        return moment.date() - timedelta(days=1), "24:00"
    return moment.date(), show_time(moment)


# --- dates and times that people type ---------------------------------------

_FIRST_YEAR, _LAST_YEAR = 1900, 2199
_FULL_DATE = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})[日号]?")
_DATE_IN_ONE = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_DATE_OF_THE_YEAR = re.compile(r"([0-9]{1,2})[-/.月]([0-9]{1,2})[日号]?")
_MONTH = re.compile(r"([0-9]{4})(?:[-/.年]([0-9]{1,2})|([0-9]{2}))月?")
_WEEKDAY_AFTER = re.compile(r"\(?(?:星期|周|礼拜)([一二三四五六日天])\)?$")
_MIDNIGHT_AFTER = re.compile(r"(?<=[0-9日])T?0{1,2}:00(?::00(?:\.0+)?)?$")
_SERIAL = re.compile(r"[1-9][0-9]{4}")
_SERIAL_ZERO = date(1899, 12, 30)


def parse_date(text: str, *, near: date | None = None) -> date:
    """Read a day as office people type it: 2024-10-24, 2024/10/24, 2024.10.24, 20241024,
    2024年10月24日（星期四）, full-width digits, or the day number of a spreadsheet.

    With `near`, 11.20 and 11月20日 are read too, as the one closest to `near`.
    Raises: BadDate with the reason.
    """
    typed = _date_signs(text)
    weekday = _WEEKDAY_AFTER.search(typed)
    day = _read_date(typed[: weekday.start()] if weekday else typed, near)
    if weekday and _WEEKDAYS.index(weekday[1].replace("天", "日")) != day.weekday():
        raise BadDate(
            N_("{day}是星期{right}，不是星期{wrong}。"),
            day=f"{day.year}年{day.month}月{day.day}日",
            right=_WEEKDAYS[day.weekday()],
            wrong=weekday[1],
        )
    return day


def parse_month(text: str) -> date:
    """Read a month of birth or the like, 1975-08, 1975.08, 1975年8月; the day becomes the first.

    A full date is taken too. Raises: BadDate with the reason.
    """
    typed = _date_signs(text)
    if re.fullmatch(r"[0-9]{4}\.1", typed):
        # A spreadsheet makes 1975.1 of 1975.10.
        reason = N_("“{typed}”分不清是 1 月还是 10 月，请写成 {year}-01 或 {year}-10。")
        raise BadDate(reason, typed=typed, year=typed[:4])
    if found := _MONTH.fullmatch(typed):
        return _calendar_day(found[1], found[2] or found[3], 1)
    if _FULL_DATE.fullmatch(typed) or _DATE_IN_ONE.fullmatch(typed) or _SERIAL.fullmatch(typed):
        return _read_date(typed, None).replace(day=1)
    raise BadDate(N_("看不懂年月“{typed}”，请写成 1975-08。"), typed=typed[:20])


def _date_signs(text: str) -> str:
    typed = unicodedata.normalize("NFKC", clean_line(text)).translate(_DASHES)
    return _MIDNIGHT_AFTER.sub("", "".join(typed.replace("。", ".").split()))


def _read_date(typed: str, near: date | None) -> date:
    if not typed:
        raise BadDate(N_("请填写日期。"))
    if found := _FULL_DATE.fullmatch(typed) or _DATE_IN_ONE.fullmatch(typed):
        return _calendar_day(*found.groups())
    if _SERIAL.fullmatch(typed):
        return _SERIAL_ZERO + timedelta(days=int(typed))
    if found := _DATE_OF_THE_YEAR.fullmatch(typed):
        return _closest(found[1], found[2], near)
    raise BadDate(N_("看不懂日期“{typed}”，请写成 2024-10-24。"), typed=typed[:20])


def _closest(month: str, day: str, near: date | None) -> date:
    if near is None:
        reason = N_("请写上四位的年份，如 2024-{month:02}-{day:02}。")
        raise BadDate(reason, month=int(month), day=int(day))
    if (int(month), int(day)) == (2, 29):
        return _calendar_day(near.year, month, day)
    days = [_calendar_day(near.year + step, month, day) for step in (-1, 0, 1)]
    return min(days, key=lambda found: abs(found - near))


def _calendar_day(year: str | int, month: str | int, day: str | int) -> date:
    y, m, d = int(year), int(month), int(day)
    if not _FIRST_YEAR <= y <= _LAST_YEAR:
        raise BadDate(N_("年份“{year}”不对，请核对。"), year=y)
    if not 1 <= m <= 12:
        raise BadDate(N_("一年没有{month}月。"), month=m)
    try:
        return date(y, m, d)
    except ValueError:
        raise BadDate(N_("{year}年{month}月没有{day}日。"), year=y, month=m, day=d) from None


# Word before the hour → the hours of the day it can mean.
_PARTS_OF_DAY = {
    "凌晨": range(0, 7),
    "清晨": range(4, 10),
    "早晨": range(4, 12),
    "早上": range(4, 12),
    "上午": range(0, 13),
    "中午": range(10, 15),
    "下午": range(12, 21),
    "傍晚": range(16, 21),
    "晚上": range(17, 24),
    "晚": range(17, 24),
    "am": range(0, 12),
    "pm": range(12, 24),
}
_PART = "|".join(_PARTS_OF_DAY)
_NUMBER = "[0-9]{1,2}|[二三四五]?十[一二三四五六七八九]?|[零〇]?[零〇一二两三四五六七八九]"
_CLOCK = re.compile(
    rf"(?P<part>{_PART})?(?P<hour>{_NUMBER})"
    rf"(?:[:.](?P<minute>[0-9]{{2}})(?::00)?|[点时](?:整|钟|(?P<quarter>半|一刻|三刻)|(?P<spoken>{_NUMBER})分?)?)"
    rf"(?P<after>am|pm)?"
)
_CLOCK_IN_ONE = re.compile(r"(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})")
_QUARTERS = {"一刻": 15, "半": 30, "三刻": 45}
_NUMERALS = "零一二三四五六七八九"
_NUMERAL_VARIANTS = str.maketrans("〇两", "零二")


def parse_time(text: str) -> time:
    """Read a time of day as people type it: 14:30, 14：30, 1430, 9点, 9点半, 下午2点半, 2:30 PM.

    Without a word for the part of the day the hour is that of the 24-hour clock.
    Raises: BadTime with the reason.
    """
    typed = "".join(unicodedata.normalize("NFKC", clean_line(text)).lower().split())
    if not typed:
        raise BadTime(N_("请填写时间。"))
    found = _CLOCK.fullmatch(typed) or _CLOCK_IN_ONE.fullmatch(typed)
    if found is None:
        raise BadTime(N_("看不懂时间“{typed}”，请写成 14:30。"), typed=clean_line(text)[:20])
    said = {name: value for name, value in found.groupdict().items() if value}
    minute = _QUARTERS.get(said.get("quarter", ""), _number(said.get("minute", said.get("spoken", "0"))))
    hour = _number(said["hour"])
    if (hour, minute) == (24, 0):
        raise BadTime(N_("一天的最后一刻请写 23:59，次日零点请写 0:00。"))
    if hour > 23 or minute > 59:
        raise BadTime(N_("一天里没有 {hour}:{minute:02}。"), hour=hour, minute=minute)
    part = said.get("part") or said.get("after")
    return time(_hour_of(part, hour, text) if part else hour, minute)


def _hour_of(part: str, hour: int, text: str) -> int:
    for meant in (hour, (hour + 12) % 24 if hour <= 12 else hour):
        if meant in _PARTS_OF_DAY[part]:
            return meant
    raise BadTime(N_("“{typed}”前后对不上，请按 24 小时写，如 14:30。"), typed=clean_line(text)[:20])


def _number(written: str) -> int:
    """Read 0–59 in digits or in Chinese numerals."""
    if written.isascii():
        return int(written)
    tens, ten, ones = written.translate(_NUMERAL_VARIANTS).lstrip("零").rpartition("十")
    return (_NUMERALS.index(tens or "一") * 10 if ten else 0) + _NUMERALS.index(ones or "零")
