"""Invented names, drawn the same way every time.

Whole given names are drawn, not single characters, so that every name is one that a person of that age
might carry and none can be put together by chance that stands on the block-list.
"""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

MALE, FEMALE = "男", "女"
# Born before this year: a given name of the older fashion.
YOUNGER_SINCE = 1980

_SURNAMES = (
    "王王王王王王李李李李李李张张张张张张刘刘刘刘陈陈陈杨杨杨赵赵赵黄周周吴徐孙孙胡朱高高林何郭郭马罗梁宋宋"
    "郑谢韩唐冯冯于董董程曹曹袁袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭"
    "邹熊金陆郝孔崔康邱秦史顾侯邵孟段雷汤尹黎常武乔贺龚文樊申和牛靳耿焦翟苗巩尚晁禹"
)
_GIVEN_TEXT = {
    (MALE, False): (
        "保平 春生 德全 发旺 福海 根生 广义 贵林 国安 国营 海山 和顺 红旗 怀玉 建设 金柱 进宝 景林 军营 "
        "魁元 来福 立柱 连成 留柱 满仓 明山 铁柱 庆安 全喜 仁和 荣升 三喜 守田 书田 顺昌 松林 天佑 铁锁 "
        "万库 文斌 喜成 新民 兴旺 有福 玉柱 占魁 振河 忠孝 宗礼 云章"
    ),
    (MALE, True): (
        "博文 晨阳 承志 大鹏 东旭 飞虎 冠宇 海洋 浩然 宏图 鸿宇 建宁 凯旋 立群 明哲 鹏程 启航 乾元 "
        "若愚 少波 书恒 思远 天翔 文涛 相宇 旭阳 学谦 亚飞 彦博 一凡 亦农 永亮 宇航 远航 泽宇 展鹏 "
        "振宇 志鹏 子昂 耕读 秋实 朝晖"
    ),
    (FEMALE, False): (
        "爱芹 爱香 春花 翠英 粉玲 凤琴 凤霞 桂花 桂荣 国英 海英 红霞 惠芳 金枝 菊香 兰英 麦花 美荣 明珠 "
        "巧云 巧珍 青莲 秋菊 荣花 瑞英 淑芬 淑敏 素琴 文英 香玲 小改 秀芝 雪梅 彦芳 银环 迎春 永红 玉兰 "
        "玉萍 月英 云霞 志红 珠云"
    ),
    (FEMALE, True): (
        "安琪 冰洁 晨曦 丹丹 冬雪 方圆 海霞 佳慧 嘉宁 洁琼 静文 君怡 乐瑶 林溪 露露 梦瑶 苗苗 明月 念慈 "
        "倩倩 巧玲 晴晴 若兰 珊珊 诗雨 书香 思琪 甜甜 婷婷 文静 小雅 晓燕 欣怡 雅楠 亚男 一诺 依然 雨桐 "
        "园园 子涵 知夏 麦穗"
    ),
}
_GIVEN = {fashion: text.split() for fashion, text in _GIVEN_TEXT.items()}


class Dice:
    """A small generator of pseudo-random numbers: the same `seed` gives the same rolls on every Python."""

    def __init__(self, seed: int):
        self._state = seed

    def roll(self, sides: int) -> int:
        """Return a number from 0 to `sides` - 1."""
        self._state = (self._state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self._state >> 33) % sides

    def pick(self, items: Sequence[T]) -> T:
        return items[self.roll(len(items))]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        mixed = list(items)
        for last in range(len(mixed) - 1, 0, -1):
            other = self.roll(last + 1)
            mixed[last], mixed[other] = mixed[other], mixed[last]
        return mixed


def draw_name(dice: Dice, gender: str, born: int, taken: set[str]) -> str:
    """Return a name that is not in `taken`, and put it there; `born` is the year of birth."""
    given = _GIVEN[gender, born >= YOUNGER_SINCE]
    while (name := dice.pick(_SURNAMES) + dice.pick(given)) in taken:
        pass
    taken.add(name)
    return name
