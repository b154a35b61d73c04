"""`ROWS.md`: every row of the attack list once, with a test that exists or a word why there is none."""

import ast
import re
from pathlib import Path

HERE = Path(__file__).resolve()
TESTS = HERE.parents[1]
LIST = {"A": 19, "B": 13, "C": 15, "D": 21, "E": 12, "F": 23, "G": 16, "H": 11, "I": 13, "J": 10, "K": 9}
NAMED = re.compile(r"`([a-z_/]+\.py)::(test_\w+)`")
WITHOUT = ("**not yet**: ", "**no test**")


def rows() -> list[tuple[str, str]]:
    """Return (row, what shows it), in the order of the table."""
    found = []
    for line in HERE.with_name("ROWS.md").read_text(encoding="utf-8").splitlines():
        if re.match(r"\| [A-K]\d+ ", line):
            name, _about, shown = (part.strip() for part in line.strip("|").split("|"))
            found.append((name, shown))
    return found


def names_in(path: str) -> set[str]:
    file = TESTS / path
    if not file.exists():
        return set()
    return {
        one.name
        for one in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(one, ast.FunctionDef)
    }


def test_every_row_of_the_list_stands_there_once_in_its_order():
    assert [name for name, _ in rows()] == [
        f"{part}{n}" for part, most in LIST.items() for n in range(1, most + 1)
    ]


def test_each_test_that_is_named_exists():
    named = {one for _, shown in rows() for one in NAMED.findall(shown)}
    assert len(named) > 100
    assert sorted(f"{path}::{name}" for path, name in named if name not in names_in(path)) == []


def test_a_row_without_a_test_says_why():
    silent = [name for name, shown in rows() if not NAMED.search(shown) and not shown.startswith(WITHOUT)]
    assert silent == []
