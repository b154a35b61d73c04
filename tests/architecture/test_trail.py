"""Every verb that somebody does leaves a line in the trail: a service that takes `by` records, itself or through another."""

import ast

from tests.architecture.source import modules

RECORDS = {"record", "record_about"}
# It only looks whether somebody may.
CHANGES_NOTHING = {"accounts.services.refuse_foreign"}


def _functions() -> dict[str, ast.FunctionDef]:
    """Return the functions of the services and of what stands beside them, by domain, file and name."""
    found = {}
    for module in modules():
        parts = module.name.removesuffix(".py").split("/")
        if len(parts) == 2 and parts[0] not in {"core", "audit", "demo"}:
            for node in module.tree.body:
                if isinstance(node, ast.FunctionDef):
                    found[f"{parts[0]}.{parts[1]}.{node.name}"] = node
    return found


def _called(node: ast.FunctionDef) -> set[str]:
    return {
        call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        for call in ast.walk(node)
        if isinstance(call, ast.Call)
    }


def _silent(functions: dict[str, ast.FunctionDef]) -> list[str]:
    recording = set(RECORDS)
    grown = True
    while grown:
        more = {
            name.rpartition(".")[2] for name, node in functions.items() if _called(node) & recording
        } - recording
        recording |= more
        grown = bool(more)
    return [
        name
        for name, node in functions.items()
        if any(one.arg == "by" for one in (*node.args.args, *node.args.kwonlyargs))
        and not name.rpartition(".")[2].startswith("_")
        and node.name not in recording
        and ".views." not in name
        and ".forms." not in name
    ]


def test_whoever_does_something_leaves_a_line():
    assert set(_silent(_functions())) == CHANGES_NOTHING


def test_a_silent_verb_would_be_found():
    """The control."""
    quiet = ast.parse("def close(id, *, by):\n    row.state = 1").body[0]
    loud = ast.parse("def open(id, *, by):\n    audit.record('x', by=by)").body[0]
    assert _silent({"a.services.close": quiet, "a.services.open": loud}) == ["a.services.close"]
