"""Where the time goes: named steps, wall and CPU seconds."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Stopwatch:
    """Sums wall and CPU seconds by the name of a step, in the order of first use."""

    wall_s: dict[str, float] = field(default_factory=dict)
    cpu_s: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time what happens inside a ``with`` block under ``name``."""
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            self.wall_s[name] = self.wall_s.get(name, 0.0) + time.perf_counter() - wall
            self.cpu_s[name] = self.cpu_s.get(name, 0.0) + time.process_time() - cpu

    def add(self, wall_s: dict[str, float], cpu_s: dict[str, float]) -> None:
        """Add the times that another stopwatch took."""
        for own, other in ((self.wall_s, wall_s), (self.cpu_s, cpu_s)):
            for name, seconds in other.items():
                own[name] = own.get(name, 0.0) + seconds
