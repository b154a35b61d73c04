"""Refuses nothing: says at the end of the run which files and functions have grown long."""

import ast

from tests.architecture.source import modules
from tests.parts.report import remark

LONG_FILE, LONG_FUNCTION = 400, 60


def test_sizes():
    files = [(len(module.lines), module.name) for module in modules()]
    functions = [
        (node.end_lineno - node.lineno + 1, f"{module.name}:{node.name}")
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    for what, limit, sizes in (("files", LONG_FILE, files), ("functions", LONG_FUNCTION, functions)):
        long = sorted((size for size in sizes if size[0] > limit), reverse=True)
        if long:
            remark(f"{what} over {limit} lines: " + ", ".join(f"{name} {lines}" for lines, name in long))
