"""Pauses between tries."""

import time


class Pauses:
    """How long to wait before the next try: twice as long each time, up to a bound."""

    def __init__(self, bounds: tuple[float, float]) -> None:
        self.least, self.most = bounds
        self.next = self.least
        self.until = 0.0

    def failed(self, longest: bool = False) -> None:
        pause = self.most if longest else self.next
        self.until = time.monotonic() + pause
        self.next = min(self.most, pause * 2)

    def reset(self) -> None:
        self.next = self.least
