"""Pauses between tries."""

import time


class Pauses:
    """How long to wait before the next try: twice as long each time, up to a bound."""

    def __init__(self, bounds: tuple[float, float]) -> None:
        self.minimum, self.maximum = bounds
        self.next = self.minimum
        self.until = 0.0

    def failed(self, longest: bool = False) -> None:
        pause = self.maximum if longest else self.next
        self.until = time.monotonic() + pause
        self.next = min(self.maximum, pause * 2)

    def reset(self) -> None:
        self.next = self.minimum
