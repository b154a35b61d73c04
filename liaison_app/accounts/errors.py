"""Refusals of sign-in."""

from liaison_app.core.errors import N_, Refused


class WrongPassword(Refused):
    message = N_("账号或密码不对。再试几次都不行，请找本单位管理员。")


class LockedOut(Refused):
    message = N_("试的次数太多，请 15 分钟以后再试，或请管理员解锁。")


class WeakPassword(Refused):
    def __init__(self, flaw: str):
        self.message = flaw


class LoginTaken(Refused):
    message = N_("这个账号名已经有人用。")


class NotYourself(Refused):
    message = N_("不能停用自己的账号。")
