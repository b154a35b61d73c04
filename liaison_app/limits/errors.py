"""Refusals of this package."""

from liaison_app.core.errors import N_, LiaisonError


class TooMany(LiaisonError):
    """More than the limit allows; `minutes` says when one more is allowed, `retry_after` the same in seconds."""

    message = N_("从您这里来得太多太快，请过 {minutes} 分钟再试。已经交上的不受影响。")
    status = 429

    def __init__(self, wait_ms: int):
        self.retry_after = max(1, -(-wait_ms // 1000))
        self.minutes = -(-self.retry_after // 60)
