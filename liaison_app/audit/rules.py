"""What the actions of the trail are called, and what holds its chain together."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from liaison_app.core.errors import N_

# Entries are sealed once a minute; what waits longer than this shows that nobody seals.
SEALED_WITHIN = timedelta(minutes=15)
NONCE_SIGNS = 16
# What is typed into a search stands in the trail if it has no more digits and is no longer than this.
MOST_DIGITS, LONGEST_TYPED = 4, 20
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
# So many signs of a hash, copied by hand, say enough.
ANCHOR_SIGNS = 16

ACTION_NAMES = {
    "planning:date:restore": N_("恢复系列里的一次"),
    "planning:date:skip": N_("系列里的一次不办"),
    "planning:series:carry_on": N_("照一场改系列里的各场"),
    "planning:series:create": N_("排系列"),
    "planning:series:end": N_("取消系列后面各场"),
    "workdays:year:drop": N_("去掉录入的放假和调休"),
    "workdays:year:enter": N_("录入放假和调休"),
    "access:request:refuse": N_("请求被拒"),
    "access:request:refuse_many": N_("被拒的请求太多"),
    "access:request:too_fast": N_("来得太快，没有受理"),
    "accounts:account:close": N_("停用账号"),
    "accounts:account:confirm": N_("再次输入密码"),
    "accounts:account:create": N_("建账号"),
    "accounts:account:describe": N_("改账号的本人资料"),
    "accounts:account:open": N_("恢复账号"),
    "accounts:account:refuse_locked": N_("登录被锁，没有受理"),
    "accounts:account:set_password": N_("设密码"),
    "accounts:account:sign_in": N_("登录"),
    "accounts:account:sign_in_failed": N_("登录失败"),
    "accounts:account:sign_out": N_("退出"),
    "accounts:account:sign_out_everywhere": N_("在所有地方退出"),
    "accounts:account:unlock": N_("解锁账号"),
    "accounts:grant:create": N_("授权"),
    "accounts:grant:limit": N_("改授权期限"),
    "accounts:grant:revoke": N_("收回授权"),
    "accounts:link:create": N_("发设密码链接"),
    "accounts:passkey:add": N_("登记通行密钥"),
    "accounts:passkey:copied": N_("通行密钥计数倒退，没让登录"),
    "accounts:passkey:failed": N_("通行密钥没通过"),
    "accounts:passkey:remove": N_("删通行密钥"),
    "accounts:sso:down": N_("单点登录连不上"),
    "accounts:sso:failed": N_("单点登录没通过"),
    "accounts:sso:link": N_("对应单点登录"),
    "accounts:sso:unknown": N_("单点登录的人没有对应账号"),
    "accounts:sso:unlink": N_("取消对应单点登录"),
    "accounts:second_factor:failed": N_("第二验证没通过"),
    "accounts:second_factor:off": N_("停用第二验证"),
    "accounts:second_factor:on": N_("启用第二验证"),
    "accounts:second_factor:recover": N_("用备用码登录"),
    "accounts:sign_in_link:emergency": N_("用命令发应急登录链接"),
    "accounts:sign_in_link:send": N_("发登录链接"),
    "attendance:check_in:note": N_("签到"),
    "attendance:check_in:undo": N_("撤销签到"),
    "attendance:device:end": N_("停用门口的手机"),
    "attendance:device:enrol": N_("手机到门口"),
    "attendance:photo:file": N_("存签字原件的照片"),
    "attendance:photo:remove": N_("删签字原件的照片"),
    "attendance:photo:export": N_("下载签字原件的照片"),
    "attendance:list:export": N_("下载签到名单"),
    "attendance:door:open": N_("发门口的口令"),
    "attendance:door:shut": N_("关门口"),
    "audit:chain:check": N_("核对操作记录"),
    "audit:trail:export": N_("下载操作记录"),
    "calendars:source:add": N_("加外部日历"),
    "calendars:source:read": N_("再读外部日历"),
    "calendars:source:remove": N_("停用外部日历"),
    "imports:run:discard": N_("放弃名册"),
    "imports:run:start": N_("上传名册"),
    "imports:run:write": N_("写入名册"),
    "inbox:mail:dismiss": N_("不用管的来信"),
    "inbox:mail:reopen": N_("来信重新处理"),
    "inbox:mail:take": N_("按来信记答复"),
    "inbox:mail:view": N_("看来信"),
    "invitations:answer:take": N_("答复"),
    "invitations:answers:export": N_("下载答复"),
    "invitations:invitation:export": N_("下载日历文件"),
    "invitations:invitation:send": N_("再发邀请"),
    "invitations:reason:view": N_("看请假、委托的原因"),
    "messages:message:drop": N_("决定不发"),
    "messages:message:export": N_("下载邮件"),
    "messages:message:retry": N_("重发"),
    "messages:message:send": N_("发出邮件"),
    "messages:message:told": N_("记为已电话通知"),
    "operations:backup:restore": N_("从备份恢复"),
    "people:address:add": N_("登记也认的邮箱"),
    "people:address:end": N_("停用也认的邮箱"),
    "people:consent:give": N_("记下同意公开"),
    "people:consent:withdraw": N_("记下撤回公开"),
    "people:feed:issue": N_("发日历链接"),
    "people:feed:revoke": N_("停用日历链接"),
    "people:phone:reveal": N_("看电话全号"),
    "privacy:copy:give": N_("给本人一份信息"),
    "privacy:erasure:do": N_("删除个人信息"),
    "privacy:erasure:replay": N_("恢复备份后重新删除"),
    "privacy:request:look": N_("按手机号查本人信息"),
    "privacy:request:refuse": N_("没有同意个人信息请求"),
    "privacy:retention:run": N_("到期清空个人信息"),
    "proposals:proposal:accept": N_("照办另提的时间"),
    "proposals:proposal:decline": N_("回绝另提的时间"),
    "proposals:proposal:make": N_("另提时间"),
    "scheduling:meeting:cancel": N_("取消"),
    "scheduling:meeting:close": N_("办结"),
    "scheduling:meeting:create": N_("新建"),
    "scheduling:meeting:hold": N_("记为已举行"),
    "scheduling:meeting:postpone": N_("延期"),
    "scheduling:meeting:publish": N_("发布"),
    "scheduling:meeting:reinstate": N_("恢复取消的"),
    "scheduling:meeting:revise": N_("修改"),
    "scheduling:meetings:export": N_("下载场次"),
    "signups:question:view": N_("看群众想问的事"),
    "signups:roster:export": N_("下载报名名单"),
    "signups:signup:accept": N_("要候补来的席位"),
    "signups:signup:come_back": N_("退席位后又报名"),
    "signups:signup:create": N_("报名"),
    "signups:signup:lapse": N_("席位过时没有答复"),
    "signups:signup:offer": N_("席位给候补的人，等答复"),
    "signups:signup:promote": N_("候补递补"),
    "signups:signup:revise": N_("改想问的事"),
    "signups:signup:put_back": N_("有席位的改成候补"),
    "signups:signup:reveal": N_("看手机全号"),
    "signups:signup:withdraw": N_("退席位"),
}

# What is kept for an inspection and is no news to whoever works with the thing.
QUIET = {
    action
    for action in ACTION_NAMES
    if action.startswith(("access:", "audit:")) or action.endswith((":export", ":view"))
} | {"messages:message:send"}

THING_NAMES = {
    "account": N_("账号"),
    "meeting": N_("场次"),
    "sheetphoto": N_("签字原件的照片"),
    "message": N_("消息"),
    "person": N_("人员"),
    "signup": N_("报名"),
    "importrun": N_("名册"),
    "check_in": N_("签到"),
    "doordevice": N_("门口的手机"),
    "request": N_("信息请求"),
    "retentionrun": N_("到期清空"),
    "erasure": N_("删除"),
    "link": N_("校验值"),
    "invitation": N_("邀请"),
    "receivedmail": N_("来信"),
}


@dataclass(frozen=True)
class About:
    """What an entry is about: kind and number of a thing, and the unit that owns it."""

    kind: str = ""
    id: int | None = None
    unit_id: int | None = None


def about(thing: object | None) -> About:
    """Return what the trail keeps of a thing."""
    if thing is None:
        return About()
    return About(type(thing).__name__.lower(), getattr(thing, "id", None), getattr(thing, "unit_id", None))


def words_asked(asked: Mapping[str, str]) -> str:
    """Return the filters of a list in words for the trail.

    What somebody typed may be a telephone number or a text about a person: neither gets into the trail (K9).
    """
    said = " ".join(f"{name}={_harmless(value)}" for name, value in asked.items() if value)
    return f"，筛选 {said}" if said else ""


def _harmless(typed: str) -> str:
    if _DAY.fullmatch(typed):
        return typed
    if sum(sign.isdigit() for sign in typed) > MOST_DIGITS:
        return "（号码）"
    return typed if len(typed) <= LONGEST_TYPED else "（长词）"


def canonical(facts: Mapping[str, object]) -> bytes:
    """Return facts as bytes, the same on every engine.

    What is None is left out, so that a column that is added later changes nothing about old entries.
    """
    plain = {name: _plain(name, value) for name, value in facts.items() if value is not None}
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), default=repr).encode("ascii")


def _plain(name: str, value: object) -> object:
    """Return a moment as text in UTC, whichever way an engine keeps it; anything else as it is."""
    moment = moment_of(value) if name.endswith("at") else None
    return moment.isoformat() if moment else str(value) if isinstance(value, str) else value


def moment_of(value: object) -> datetime | None:
    """Return a moment as the database has it, aware and in UTC; None for what is none."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def key_mark(key: bytes) -> str:
    """Return the eight signs by which a key is known without being shown."""
    return _mac(key, b"mark")[:8]


def stamp_of(key: bytes, nonce: str, facts: bytes) -> str:
    """Return what shows that whoever holds `key` wrote an entry; `nonce` makes it the only one of its kind."""
    return nonce + _mac(key, nonce.encode(), facts)


def is_stamped(keys: Iterable[bytes], stamp: object, facts: bytes) -> bool:
    """Return whether one of `keys` made the stamp over just these facts."""
    if not isinstance(stamp, str) or not stamp.isascii():
        return False
    nonce = stamp[:NONCE_SIGNS]
    return any(hmac.compare_digest(stamp, stamp_of(key, nonce, facts)) for key in keys)


def link_hash(key: bytes, before: str, place: Mapping[str, object], stamp: object, facts: bytes) -> str:
    """Return the hash of a link: over the hash `before` it, its own place, and its entry's stamp and facts."""
    return _mac(
        key,
        before.encode("ascii", "replace"),
        canonical(place),
        repr(stamp).encode("utf-8", "replace"),
        facts,
    )


def read_anchor(text: str) -> tuple[int, str]:
    """Read “position:hash”, the hash perhaps shortened to ANCHOR_SIGNS. Raises ValueError."""
    position, _, signs = text.strip().partition(":")
    if not (position.isascii() and position.isdigit()) or len(signs) < ANCHOR_SIGNS:
        raise ValueError(text)
    return int(position), signs.lower()


def _mac(key: bytes, *parts: bytes) -> str:
    # Each part with its length, so that no two rows of parts are the same bytes.
    whole = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return hmac.digest(key, whole, hashlib.sha256).hex()
