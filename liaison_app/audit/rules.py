"""What the actions of the trail are called."""

from liaison_app.core.errors import N_

ACTION_NAMES = {
    "accounts:account:close": N_("停用账号"),
    "accounts:account:open": N_("恢复账号"),
    "accounts:account:create": N_("建账号"),
    "accounts:account:set_password": N_("设密码"),
    "accounts:account:sign_in": N_("登录"),
    "accounts:account:sign_in_failed": N_("登录失败"),
    "accounts:account:sign_out": N_("退出"),
    "accounts:grant:create": N_("授权"),
    "invitations:answer:take": N_("答复"),
    "invitations:invitation:send": N_("再发邀请"),
    "scheduling:meeting:cancel": N_("取消"),
    "scheduling:meeting:close": N_("办结"),
    "scheduling:meeting:create": N_("新建"),
    "scheduling:meeting:hold": N_("记为已举行"),
    "scheduling:meeting:postpone": N_("延期"),
    "scheduling:meeting:publish": N_("发布"),
    "scheduling:meeting:revise": N_("修改"),
    "signups:signup:come_back": N_("退席位后又报名"),
    "signups:signup:create": N_("报名"),
    "signups:signup:promote": N_("候补递补"),
    "signups:signup:reveal": N_("看手机全号"),
    "signups:signup:withdraw": N_("退席位"),
}
