"""Where we are in a long list."""

from dataclasses import dataclass

# Digits of a page number that somebody might mean.
LONGEST = 5


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
    if not text or len(text) > LONGEST or not (text.isascii() and text.isdigit()):
        return 1
    return max(int(text), 1)
