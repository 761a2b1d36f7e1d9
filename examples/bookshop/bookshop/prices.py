"""What a basket costs. Money is in cents: no floats."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Line:
    title: str
    cents: int
    copies: int = 1

    @property
    def total(self):
        return self.cents * self.copies


def discount_percent(copies):
    """More copies, more off: 5 % from ten, 10 % from fifty."""
    return 10 if copies >= 50 else 5 if copies >= 10 else 0


def total(lines):
    return sum(line.total - line.total * discount_percent(line.copies) // 100 for line in lines)


def shown(cents):
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"
