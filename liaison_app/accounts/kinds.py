"""Ways to sign in, as data."""

from enum import StrEnum

from liaison_app.core.errors import N_


class SignInWay(StrEnum):
    """By what somebody proved to be the owner of an account."""

    PASSWORD = "password"
    PASSKEY = "passkey"
    LINK = "link"
    SSO = "sso"
    EMERGENCY = "emergency"


WAY_NAMES = {
    SignInWay.PASSWORD: N_("密码"),
    SignInWay.PASSKEY: N_("通行密钥"),
    SignInWay.LINK: N_("登录链接"),
    SignInWay.SSO: N_("单点登录"),
    SignInWay.EMERGENCY: N_("应急链接"),
}
