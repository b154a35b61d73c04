"""What is held of those who sign in."""

from sqlalchemy import or_, select

from liaison_app.core.errors import N_
from liaison_app.core.personal import Field, Holding, Whose, declare, excuse, of_person

from .models import Account, BrowserSession, Passkey, SignInAttempt

_MINE = select(Account.id)

ACCOUNTS = Holding(
    name="account",
    model=Account,
    title=N_("账号"),
    whose=Whose.STAFF,
    basis=N_("网络安全等级保护：每个操作能找到人"),
    event=N_("账号停用后仍留名字，因为操作记录要能找到人"),
    holds=Account.login != "",
    of=of_person(Account.person_id),
    headline=lambda row: row.login,
    fields=(
        Field(Account.login, N_("登录名"), N_("登录")),
        Field(Account.name, N_("姓名"), N_("操作记录里写明是谁")),
        Field(Account.email, N_("邮箱"), N_("发登录链接")),
        Field(
            Account.totp_secret,
            N_("第二验证的密钥"),
            N_("核对动态码"),
            tells=lambda row, _: bool(row.totp_secret),
        ),
    ),
)
BROWSERS = Holding(
    name="browser_session",
    model=BrowserSession,
    title=N_("登录状态"),
    whose=Whose.STAFF,
    basis=N_("网络安全法：登录日志不少于六个月"),
    event=N_("最后一次使用"),
    period="sign_in",
    since=BrowserSession.seen_at,
    holds=or_(BrowserSession.address.is_not(None), BrowserSession.agent != ""),
    of=lambda subject: (
        BrowserSession.account_id.in_(_MINE.where(Account.person_id == subject.person_id))
        if subject.person_id
        else None
    ),
    fields=(
        Field(BrowserSession.address, N_("网络地址"), N_("本人认得出是不是自己登录的"), masks=True),
        Field(BrowserSession.agent, N_("浏览器"), N_("本人认得出是不是自己登录的"), ""),
    ),
)

declare(ACCOUNTS, BROWSERS)
excuse("what the owner calls a key", Passkey.name)
excuse("keyed hashes, deleted after a day", SignInAttempt.login_key, SignInAttempt.address_key)
