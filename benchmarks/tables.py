"""Tables of results, as plain text that is Markdown as well."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Table:
    title: str
    heads: list[str]
    about: str = ""
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, *cells: str) -> None:
        self.rows.append(cells)

    def __str__(self) -> str:
        widths = [max(len(row[n]) for row in [tuple(self.heads), *self.rows]) for n in range(len(self.heads))]
        lines = [self._line(tuple(self.heads), widths), self._rule(widths)]
        lines += [self._line(row, widths) for row in self.rows]
        return f"## {self.title}\n\n{self.about}\n\n" + "\n".join(lines) + "\n"

    @staticmethod
    def _line(cells: tuple[str, ...], widths: list[int]) -> str:
        first, *others = zip(cells, widths, strict=True)
        return (
            "| "
            + " | ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)])
            + " |"
        )

    @staticmethod
    def _rule(widths: list[int]) -> str:
        first, *others = widths
        return "|" + "|".join(["-" * (first + 2), *("-" * (width + 1) + ":" for width in others)]) + "|"
