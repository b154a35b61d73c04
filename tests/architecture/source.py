"""The source as the house tests read it."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ROOT / "liaison_app"
TEMPLATES = ROOT / "templates"


@dataclass(frozen=True)
class Module:
    """One Python file of the product; `name` is its path inside the package."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.relative_to(PRODUCT).as_posix()

    @cached_property
    def lines(self) -> list[str]:
        return self.path.read_text(encoding="utf-8").splitlines()

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse("\n".join(self.lines))

    def at(self, node: ast.AST) -> str:
        """Return where a node stands and what it says, for the message of a failed test."""
        line = node.lineno  # type: ignore[attr-defined]
        return f"{self.path.relative_to(ROOT).as_posix()}:{line}: {self.lines[line - 1].strip()}"

    def calls(self, name: str) -> Iterator[ast.Call]:
        """Give each call of a method of that name."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name:
                yield node


@cache
def modules() -> tuple[Module, ...]:
    return tuple(Module(path) for path in sorted(PRODUCT.rglob("*.py")))


@cache
def templates() -> dict[str, str]:
    """Return the text of every template by its name."""
    files = (path for path in sorted(TEMPLATES.rglob("*")) if path.is_file())
    return {path.relative_to(TEMPLATES).as_posix(): path.read_text(encoding="utf-8") for path in files}


def is_message(template: str) -> bool:
    """Return whether a template is read in a mail program, which has laws of its own, and not in a browser."""
    return "/messages/" in template


@cache
def tracked() -> tuple[Path, ...]:
    """Return the files that git keeps, and those that it would be given next."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True, text=True,
    ).stdout  # fmt: skip
    return tuple(path for name in listed.split("\0") if name and (path := ROOT / name).is_file())


def text_of(path: Path) -> str:
    """Return a file's text, or nothing where it holds none."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""
