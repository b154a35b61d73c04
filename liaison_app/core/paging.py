"""Where we are in a long list."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Page:
    """One page of `total` things, `size` a page; `page` counts from 1."""

    page: int
    size: int
    total: int

    @property
    def pages(self) -> int:
        return max((self.total + self.size - 1) // self.size, 1)

    @property
    def has_prev(self) -> bool:
        return self.page > 1

    @property
    def has_next(self) -> bool:
        return self.page < self.pages

    @property
    def prev_num(self) -> int:
        return self.page - 1

    @property
    def next_num(self) -> int:
        return self.page + 1


def asked_page(text: str | None) -> int:
    """Return the page number of an address, 1 where it is missing or no sensible number."""
    return int(text) if text and text.isascii() and text.isdigit() and 0 < int(text[:7]) < 100_000 else 1
