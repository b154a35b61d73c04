"""What people type and what we write back; the vectors are those of the rules of input."""

from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest

from liaison_app.core.text import (
    BadDate,
    BadMobile,
    BadTime,
    clean_line,
    clean_name,
    clean_text,
    from_local,
    local,
    mask,
    mask_mobile,
    mobile_normal,
    name_key,
    parse_date,
    parse_month,
    parse_time,
    show_date_short,
    show_day,
    show_deadline,
    show_hours,
    show_moment,
    show_month,
    show_month_day,
    show_month_name,
    show_short,
    show_span,
    show_time,
)


def reason(read, typed, **given) -> str:
    with pytest.raises((BadMobile, BadDate, BadTime)) as refusal:
        read(typed, **given)
    assert refusal.value.status == 422
    return str(refusal.value)


# --- mobiles ----------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    [
        "13800138000",
        " 138 0013 8000\n",
        "138-0013-8000",
        "138–0013—8000",
        "138.0013.8000",
        "(138)00138000",
        "（138）0013 8000",
        "+8613800138000",
        "+86 138 0013 8000",
        "+8613８00138000",
        "008613800138000",
        "8613800138000",
        "＋８６１３８００１３８０００",
        "１３８００１３８０００",
        "\u202d13800138000\u202c",
        "138\u200b0013\u00a08000",
        "13800138000.0",
    ],
)
def test_a_mobile_in_any_usual_spelling_becomes_eleven_digits(typed):
    assert mobile_normal(typed) == "13800138000"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "请填写手机号。"),
        (" \u3000", "请填写手机号。"),
        ("1380013800", "现在是 10 位，手机号应为 11 位。"),
        ("+86 1380013800", "现在是 10 位，手机号应为 11 位。"),
        ("138001380001", "现在是 12 位，手机号应为 11 位。"),
        ("1380013800.0", "现在是 10 位，手机号应为 11 位。"),
        ("12800138000", "手机号应以 13 至 19 开头，现在是“12”。"),
        ("86138001380", "手机号应以 13 至 19 开头，现在是“86”。"),
        ("013800138000", "请去掉手机号前面的 0。"),
        ("0371-68921234", "0 开头的是座机号码，请填写 11 位手机号。"),
        ("+852 9123 4567", "这里只能填写中国大陆的手机号；境外号码请联系工作人员登记。"),
        ("0085291234567", "这里只能填写中国大陆的手机号；境外号码请联系工作人员登记。"),
        ("+86+8613800138000", "手机号只能有数字，现在有“+”。"),
        ("1380013800a", "手机号只能有数字，现在有“a”。"),
        ("138٠٠138000", "手机号只能有数字，现在有“٠”。"),
        ("13800138000,13900139000", "手机号只能有数字，现在有“,”。"),
        ("1.38E+10", "“1.38E+10”是表格的科学计数法，号码已不完整；请把该列设为“文本”后重填。"),
        ("{n}", "手机号只能有数字，现在有“{”。"),
    ],
)
def test_what_is_no_mobile_is_refused_with_the_reason(typed, words):
    assert reason(mobile_normal, typed) == words


def test_every_second_digit_of_a_mobile_from_3_to_9_is_taken():
    assert [second for second in range(10) if is_mobile(f"1{second}900000001")] == list(range(3, 10))


def is_mobile(typed: str) -> bool:
    try:
        return bool(mobile_normal(typed))
    except ValueError:
        return False


def test_a_masked_number_shows_four_digits_at_most_after_the_stars():
    masked = [mask_mobile(number) for number in ("13912345678", "037168921234", "110", "")]
    assert masked == ["139****5678", "****1234", "****", ""]


def test_a_masked_address_is_known_by_its_owner_and_by_nobody_else():
    masked = [mask(one) for one in ("wang@example.test", "@example.test", "10.1.2.3", "13912345678", "")]
    assert masked == ["w****@example.test", "****@example.test", "10.1.*.*", "139****5678", ""]


# --- names and lines --------------------------------------------------------


@pytest.mark.parametrize("dot", "•‧∙⋅・･．·.﹒")
def test_every_sign_used_as_a_middle_dot_becomes_the_standard_one(dot):
    assert clean_name(f"买买提{dot}艾力") == "买买提·艾力"
    assert name_key(f"买买提{dot}艾力") == name_key("买买提·艾力")


def test_a_full_stop_that_does_not_join_two_letters_stays():
    assert clean_name("King Jr.") == "King Jr."
    assert clean_name("3.5") == "3.5"


@pytest.mark.parametrize(
    "name", ["𠮷田一郎", "神\ufa19", "㛃\U000e0100", "McDonald", "van der Berg", "䶮", "é", "e\u0301"]
)
def test_rare_characters_and_capitals_are_kept_as_typed(name):
    assert clean_name(name) == name


def test_a_name_loses_outer_spaces_doubled_spaces_and_what_nobody_sees():
    assert clean_name(" \u3000王 \t 芳\u200b\ufeff\u202e\x00\n") == "王 芳"
    assert clean_name("\u3164\u2800\u200d") == ""


def test_a_name_of_fifty_characters_stays_whole():
    name = "阿" * 24 + "·" + "𠮷" * 25
    assert clean_name(name) == name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("王 芳", "王芳"),
        ("ＭｃＤｏｎａｌｄ", "mcdonald"),
        ("神", "\ufa19"),
        ("㛃\U000e0100", "㛃"),
        ("é", "e\u0301"),
        ("Straße", "STRASSE"),
    ],
)
def test_two_spellings_of_one_name_share_a_key(one, other):
    assert name_key(one) == name_key(other)


def test_the_names_of_two_people_do_not_share_a_key():
    assert len({name_key(name) for name in ("张伟", "张玮", "张 伟明", "买买提·艾力", "买买提艾力")}) == 5


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n", "\v", "\f", "\x85", "\u2028", "\u2029", "\x1c", "\x1e"])
def test_no_line_end_survives_in_a_line_and_only_one_kind_in_a_text(end):
    assert clean_line(f"供暖{end}专场") == "供暖 专场"
    assert clean_text(f"一{end}二{end}{end}{end}{end}三{end}") == "一\n二\n\n三"


def test_control_format_and_broken_characters_leave_a_text():
    assert clean_text("\u3000\u3000第一段\t甲\x00\x1b\u202e\ud800\ufffe \n") == "\u3000\u3000第一段 甲"


# --- showing ----------------------------------------------------------------

START = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)
END = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)


def test_a_moment_is_shown_in_beijing_time_with_the_weekday():
    assert local(START).hour == 14
    assert show_day(START) == "2026年11月20日（星期五）"
    assert show_date_short(START) == "11月20日（星期五）"
    assert show_short(START) == "11月20日（五）14:30"
    assert show_moment(START) == "2026年11月20日（星期五）14:30"
    assert show_span(START, END) == "2026年11月20日（星期五）14:30–16:30"
    assert show_hours(START, END) == "14:30–16:30"


def test_a_moment_is_shown_in_english():
    assert show_day(START, locale="en") == "Fri 20 Nov 2026"
    assert show_date_short(START, locale="en") == "Fri 20 Nov"
    assert show_short(START, locale="en") == "Fri 20 Nov, 14:30"
    assert show_moment(START, locale="en") == "Fri 20 Nov 2026, 14:30"
    assert show_span(START, END, locale="en") == "Fri 20 Nov 2026, 14:30–16:30"
    assert show_deadline(START, locale="en") == "Fri 20 Nov, 14:30"


def test_parts_of_a_date_in_both_languages():
    assert (show_month(START), show_month(START, locale="en")) == ("2026年11月", "Nov 2026")
    assert (show_month_name(START), show_month_name(START, locale="en")) == ("11月", "Nov")
    assert (show_month_day(START), show_month_day(START, locale="en")) == ("11月20日", "20 Nov")


def test_the_zone_a_moment_comes_in_does_not_matter():
    assert show_moment(START.astimezone(timezone(timedelta(hours=-11)))) == show_moment(START)


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="zone"):
        local(datetime(2026, 11, 20, 14, 30))


def test_hours_have_no_leading_zero_and_minutes_do():
    assert show_time(time(9, 5)) == "9:05"
    assert show_time(from_local(date(2026, 11, 20), time(0, 0))) == "0:00"


def test_the_day_turns_at_beijings_midnight():
    assert show_day(datetime(2026, 11, 20, 15, 59, tzinfo=UTC)) == "2026年11月20日（星期五）"
    assert show_day(datetime(2026, 11, 20, 16, 0, tzinfo=UTC)) == "2026年11月21日（星期六）"


def test_a_plain_date_is_shown_as_it_is():
    assert show_day(date(2024, 10, 24)) == "2024年10月24日（星期四）"


def test_a_span_over_days_names_both_and_the_year_again_only_if_it_changed():
    assert (
        show_span(START, END + timedelta(days=1)) == "2026年11月20日（星期五）14:30至11月21日（星期六）16:30"
    )
    new_year = from_local(date(2027, 1, 1), time(9))
    assert show_span(START, new_year) == "2026年11月20日（星期五）14:30至2027年1月1日（星期五）9:00"
    assert show_span(START, new_year, locale="en") == "Fri 20 Nov 2026, 14:30 – Fri 1 Jan 2027, 9:00"


def test_what_ends_at_midnight_ends_at_24_of_the_day_before():
    midnight = from_local(date(2026, 11, 21), time(0))
    assert show_span(START, midnight) == "2026年11月20日（星期五）14:30–24:00"
    assert show_deadline(midnight) == "11月20日（星期五）24:00"
    assert show_deadline(START) == "11月20日（星期五）14:30"


def test_a_day_and_a_clock_time_become_a_moment_in_utc():
    moment = from_local(date(2026, 11, 20), time(14, 30))
    assert moment == START
    assert moment.tzinfo is UTC


# --- reading dates and times ------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    [
        "2024-10-24",
        "2024/10/24",
        "2024.10.24",
        "2024。10。24",
        "2024年10月24日",
        " 2024 年 10 月 24 号",
        "２０２４－１０－２４",
        "２０２４／１０／２４",
        "2024–10–24",
        "20241024",
        "2024-10-24 00:00:00",
        "2024-10-24T00:00:00.000",
        "2024年10月24日（星期四）",
        "2024-10-24 周四",
        "45589",
    ],
)
def test_a_date_is_read_as_office_people_type_it(typed):
    assert parse_date(typed) == date(2024, 10, 24)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "请填写日期。"),
        ("2025/2/30", "2025年2月没有30日。"),
        ("2025-02-29", "2025年2月没有29日。"),
        ("2025年4月0日", "2025年4月没有0日。"),
        ("2025/13/1", "一年没有13月。"),
        ("0204-10-24", "年份“204”不对，请核对。"),
        ("2024年10月24日（星期五）", "2024年10月24日是星期四，不是星期五。"),
        ("10月24日", "请写上四位的年份，如 2024-10-24。"),
        ("10/24/2024", "看不懂日期“10/24/2024”，请写成 2024-10-24。"),
        ("24-10-24", "看不懂日期“24-10-24”，请写成 2024-10-24。"),
        ("2024-10-24 15:00", "看不懂日期“2024-10-2415:00”，请写成 2024-10-24。"),
        ("待定", "看不懂日期“待定”，请写成 2024-10-24。"),
        ("２０２４-١٠-٢٤", "看不懂日期“2024-١٠-٢٤”，请写成 2024-10-24。"),
    ],
)
def test_what_is_no_date_is_refused_with_the_reason(typed, words):
    assert reason(parse_date, typed) == words


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("11.20", date(2026, 11, 20)),
        ("11-27", date(2026, 11, 27)),
        ("1月5日", date(2027, 1, 5)),
        ("12/31（周四）", date(2026, 12, 31)),
    ],
)
def test_a_date_without_a_year_is_the_closest_one(typed, meant):
    assert parse_date(typed, near=date(2026, 11, 25)) == meant


def test_the_29th_of_february_without_a_year_is_asked_of_this_year():
    assert parse_date("2.29", near=date(2028, 1, 10)) == date(2028, 2, 29)
    assert reason(parse_date, "2.29", near=date(2026, 1, 10)) == "2026年2月没有29日。"


@pytest.mark.parametrize(
    "typed", ["1975-08", "1975.8", "1975/08", "1975年8月", "197508", "1975-08-17", "1975年8月17日", "27623"]
)
def test_a_month_of_birth_is_read_with_or_without_its_day(typed):
    assert parse_month(typed) == date(1975, 8, 1)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("1975.1", "“1975.1”分不清是 1 月还是 10 月，请写成 1975-01 或 1975-10。"),
        ("1975-13", "一年没有13月。"),
        ("1975-02-30", "1975年2月没有30日。"),
        ("1975", "看不懂年月“1975”，请写成 1975-08。"),
        ("", "看不懂年月“”，请写成 1975-08。"),
    ],
)
def test_what_is_no_month_is_refused_with_the_reason(typed, words):
    assert reason(parse_month, typed) == words


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("14:30", time(14, 30)),
        ("14：30", time(14, 30)),
        ("１４：３０", time(14, 30)),
        ("14:30:00", time(14, 30)),
        ("14.30", time(14, 30)),
        ("1430", time(14, 30)),
        ("0900", time(9)),
        ("9点", time(9)),
        ("9点整", time(9)),
        ("9 点钟", time(9)),
        ("9点半", time(9, 30)),
        ("9时05分", time(9, 5)),
        ("9点一刻", time(9, 15)),
        ("九点零五分", time(9, 5)),
        ("二十三点五十九分", time(23, 59)),
        ("十点", time(10)),
        ("下午2点半", time(14, 30)),
        ("下午两点半", time(14, 30)),
        ("下午2:30", time(14, 30)),
        ("下午14:30", time(14, 30)),
        ("2:30 PM", time(14, 30)),
        ("上午9：00", time(9)),
        ("上午12点", time(12)),
        ("中午12点", time(12)),
        ("中午1点", time(13)),
        ("晚上7点三刻", time(19, 45)),
        ("凌晨12点", time(0)),
        ("0:00", time(0)),
    ],
)
def test_a_time_is_read_as_office_people_type_it(typed, meant):
    assert parse_time(typed) == meant


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "请填写时间。"),
        ("24:00", "一天的最后一刻请写 23:59，次日零点请写 0:00。"),
        ("25点", "一天里没有 25:00。"),
        ("14:75", "一天里没有 14:75。"),
        ("上午13点", "“上午13点”前后对不上，请按 24 小时写，如 14:30。"),
        ("晚上12点", "“晚上12点”前后对不上，请按 24 小时写，如 14:30。"),
        ("会后", "看不懂时间“会后”，请写成 14:30。"),
        ("十十点", "看不懂时间“十十点”，请写成 14:30。"),
        ("930", "看不懂时间“930”，请写成 14:30。"),
    ],
)
def test_what_is_no_time_is_refused_with_the_reason(typed, words):
    assert reason(parse_time, typed) == words


def test_every_minute_shown_is_read_back_as_itself():
    minutes = [time(hour, minute) for hour in range(24) for minute in range(60)]
    assert [parse_time(show_time(at)) for at in minutes] == minutes


def test_every_day_shown_is_read_back_as_itself():
    days = [date(2024, 1, 1) + timedelta(days=step) for step in range(0, 1500, 7)]
    assert [parse_date(show_day(day)) for day in days] == days
