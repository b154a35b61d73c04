import ast
import inspect
import re
import textwrap

from liaison_app.access.permissions import Permission
from tests.architecture.source import modules

READS = {"GET", "HEAD", "OPTIONS"}
WORD = r"[a-z0-9]+(-[a-z0-9]+)*"


def rules(product):
    return [rule for rule in product.url_map.iter_rules() if rule.endpoint != "static"]


def test_every_route_wears_a_guard(product):
    bare = [
        rule.endpoint
        for rule in rules(product)
        if not hasattr(product.view_functions[rule.endpoint], "liaison_guard")
    ]
    assert bare == []


def test_parameters_in_a_path_say_their_type(product):
    assert [rule.rule for rule in rules(product) if re.search(r"<[^:>]+>", rule.rule)] == []


def test_paths_are_kebab_case(product):
    def is_fit(path: str) -> bool:
        fixed = re.sub(r"<[^>]+>", "x", path).strip("/")
        return not fixed or all(re.fullmatch(rf"{WORD}(\.[a-z]+)?", part) for part in fixed.split("/"))

    assert [rule.rule for rule in rules(product) if not is_fit(rule.rule)] == []


def transactions(view, node=None, asked=False):
    """Give each `with transaction()` of a view and whether it stands behind a question for the method."""
    for child in ast.iter_child_nodes(node or view):
        behind = asked or (
            isinstance(child, ast.If)
            and re.search(r"validate_on_submit|request\.method|is_submitted", ast.unparse(child.test))
        )
        if isinstance(child, ast.With) and any("transaction()" in ast.unparse(item) for item in child.items):
            yield child, bool(behind)
        yield from transactions(view, child, behind)


def test_a_get_opens_no_transaction(product):
    writing = []
    for rule in rules(product):
        if "GET" not in rule.methods:
            continue
        view = inspect.unwrap(product.view_functions[rule.endpoint])
        tree = ast.parse(textwrap.dedent(inspect.getsource(view)))
        only_reads = rule.methods <= READS
        writing += [rule.endpoint for _, asked in transactions(tree) if only_reads or not asked]
    assert writing == []


def test_every_permission_is_asked_for():
    text = "\n".join(
        line for module in modules() if module.name != "access/permissions.py" for line in module.lines
    )
    assert [permission.name for permission in Permission if f"Permission.{permission.name}" not in text] == []
