"""What those who lead a body are called."""

_HEADS = (
    ("局", "局长"),
    ("法院", "院长"),
    ("检察院", "检察长"),
    ("所", "所长"),
    ("公司", "总经理"),
    ("厂", "厂长"),
    ("支队", "支队长"),
    ("大队", "大队长"),
)


def title_of_head(name: str) -> str:
    """Return what the head of a body of this name is called; 主任 of a committee, an office, a centre."""
    return next((title for ending, title in _HEADS if name.endswith(ending)), "主任")


def title_of_deputy(name: str) -> str:
    """Return what a deputy head of a body of this name is called."""
    return f"副{title_of_head(name)}"
