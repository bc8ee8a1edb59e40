"""The real clock."""

import time


class SystemClock:
    def now(self) -> float:
        """Unix time in seconds."""
        return time.time()
