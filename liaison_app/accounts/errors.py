"""Refusals of sign-in, and of who may be given what."""

from liaison_app.core.errors import N_, Refused


class WrongPassword(Refused):
    message = N_("账号或密码不对。再试几次都不行，请找本单位管理员。")


class LockedOut(Refused):
    """`minutes` is how long to wait."""

    message = N_("试的次数太多，请 {minutes} 分钟以后再试，或请管理员解锁。")

    def __init__(self, minutes: int):
        self.minutes = minutes


class WrongCode(Refused):
    message = N_("验证码不对。请看手机上现在的 6 位数，或者用一个没用过的备用码。")


class TooLate(Refused):
    message = N_("等得太久，或者在别处又点了一次。请再试一次。")


class BadPasskey(Refused):
    message = N_("这把通行密钥在这里不能用。请换一把，或者用密码登录。")


class CopiedPasskey(BadPasskey):
    """A key that proved itself, but counted less than before: somebody may have a copy of it."""

    message = N_("这把通行密钥可能被复制过，不能用了。请用密码登录，把它删掉，再告诉管理员。")

    def __init__(self, passkey_id: int):
        self.passkey_id = passkey_id


class PasskeyKnown(Refused):
    message = N_("这把通行密钥已经登记过。")


class TooManyPasskeys(Refused):
    message = N_("最多登记 10 把，请先删掉不用的。")


class SsoDown(Refused):
    message = N_("单点登录现在连不上。请过一会儿再试；还能用密码的，先用账号和密码登录。")


class SsoRefused(Refused):
    message = N_("单点登录没有成功。请再试一次；还不行，请找本单位管理员。")


class PasswordsOff(Refused):
    """This installation takes no passwords: `LIAISON_SSO_ONLY`."""

    message = N_("这里不用密码登录，请用单点登录。单点登录坏了，请找系统管理员要应急链接。")


class SsoTaken(Refused):
    message = N_("这个单点登录的人已经对应了别的账号。")


class UsedBefore(Refused):
    message = N_("最近用过这个密码，请换一个新的。")


class NoPassword(Refused):
    message = N_("这个账号不用密码。请退出，再重新登录一次。")


class WeakPassword(Refused):
    def __init__(self, flaw: str):
        self.message = flaw


class LoginTaken(Refused):
    message = N_("这个账号名已经有人用。")


class NotYourself(Refused):
    message = N_("不能改自己的账号和权限，请另一位管理员来办。")


class NotYours(Refused):
    message = N_("您不能在这个单位给这个角色。")


class AlreadyGranted(Refused):
    message = N_("这个账号在这个单位已经有这个角色。")


class PersonTaken(Refused):
    message = N_("这位已经有账号，不能再对应一个。")


class EmptySpan(Refused):
    message = N_("止的那天要在起的那天以后。")


class AdminsApart(Refused):
    message = N_("三员分立：管理员、安全管理员、审计员不能是同一个账号。")
