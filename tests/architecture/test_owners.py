"""One owner for each thing (rule 1 of the house style)."""

import ast
import re
from collections.abc import Iterator

from tests.architecture.source import Module, modules, templates


def stray(owner: str, find) -> list[str]:
    """Return where `find` finds something outside the file that owns it."""
    return [module.at(node) for module in modules() if module.name != owner for node in find(module)]


def test_only_the_database_module_commits():
    assert stray("core/db.py", lambda module: module.calls("commit")) == []


def test_there_is_one_clock():
    """But for leases, which go by the clock that all workers share: the database's."""

    def clocks(module: Module) -> Iterator[ast.AST]:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                asked = f"{ast.unparse(node.func.value)}.{node.func.attr}"
                allowed = {"clock.now", "func.now"} if module.name.startswith("jobs/") else {"clock.now"}
                if re.search(r"\.(now|utcnow|today)$|^time\.time$", asked) and asked not in allowed:
                    yield node

    assert stray("core/clock.py", clocks) == []


def test_only_the_settings_read_the_environment():
    def readers(module: Module) -> Iterator[ast.AST]:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Attribute) and ast.unparse(node) in {
                "os.environ",
                "os.getenv",
                "os.environb",
            }:
                yield node
            elif isinstance(node, ast.ImportFrom) and node.module == "os":
                yield from (alias for alias in node.names if alias.name in {"environ", "getenv", "environb"})

    assert stray("settings.py", readers) == []


def test_a_flush_says_why():
    def silent(module: Module) -> Iterator[ast.AST]:
        for call in module.calls("flush"):
            above, here = module.lines[call.lineno - 2].strip(), module.lines[call.end_lineno - 1]
            of_session = ast.unparse(call.func).endswith("session.flush")
            if of_session and not above.startswith("#") and "#" not in here:
                yield call

    assert stray("", silent) == []


def test_only_the_worker_catches_everything():
    def catchers(module: Module) -> Iterator[ast.AST]:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ExceptHandler) and not isinstance(node.body[-1], ast.Raise):
                caught = {"BaseException"} if node.type is None else {
                    name.id for name in ast.walk(node.type) if isinstance(name, ast.Name)
                }  # fmt: skip
                if caught & {"Exception", "BaseException"}:
                    yield node

    assert stray("jobs/worker.py", catchers) == []


def test_kinds_are_told_apart_in_their_table_only():
    """Or in a property of the model. A query may look for the rows of one kind; a decision belongs to the table."""

    def decisions(module: Module) -> Iterator[ast.AST]:
        if module.name.endswith(("/kinds.py", "/models.py")):
            return
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Compare) and isinstance(
                node.ops[0], (ast.Eq, ast.NotEq, ast.Is, ast.IsNot)
            ):
                sides = [node.left, *node.comparators]
                of_kind = [side for side in sides if isinstance(side, ast.Attribute) and side.attr == "kind"]
                if of_kind and not any(ast.unparse(side.value)[0].isupper() for side in of_kind):
                    yield node

    assert stray("", decisions) == []
    in_templates = [
        f"{name}: {found[0]}"
        for name, text in templates().items()
        for found in re.finditer(r"\.kind\s*[!=]=\s*[\"'][^%}]*", text)
    ]
    assert in_templates == []
