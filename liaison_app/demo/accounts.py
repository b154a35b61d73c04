"""Who can sign in to the demo; the passwords are made at random when it is loaded."""

from liaison_app.access.permissions import Role

from .deputies import DEPUTY_POSTS
from .orgs import DISTRICT
from .values import Account

# The office sits in the deputy affairs committee, but its work reaches every station and every bureau: the
# role is held on the district. So are the auditor's and the administrator's.
ACCOUNTS = (
    Account("admin", Role.ADMIN, DISTRICT, "office-admin"),
    Account("office", Role.OFFICE, DISTRICT, "office-clerk"),
    Account("auditor", Role.AUDITOR, DISTRICT, "office-auditor"),
    Account("jiyuanlu-gongwei", Role.STREET, "jiyuanlu-gongwei", "jiyuanlu-gongwei-head"),
    Account(
        "zhonganjie-zhanzhang",
        Role.STATION_HEAD,
        "zhonganjie",
        next(post.person for post in DEPUTY_POSTS if post.unit == "zhonganjie"),
    ),
    Account("zhonganjie", Role.LIAISON, "zhonganjie", "zhonganjie-liaison"),
    Account("xinanlu", Role.LIAISON, "xinanlu", "xinanlu-liaison"),
    Account("chengguan", Role.BUREAU_CONTACT, "chengguan", "chengguan-contact"),
)
