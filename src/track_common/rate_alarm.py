"""Whether a camera sends as many images as it should: by its camera_info, or by what the operator expects."""

from __future__ import annotations

from collections import deque

WINDOW = 3.0  # s of stamps a rate is taken over
MIN_SHARE = 0.5  # of the expected rate
MIN_SAMPLES = 4  # stamps before a rate means anything


class Rate:
    """Messages a second by their stamps, over the last ``WINDOW`` s; 0 until there are ``MIN_SAMPLES``."""

    def __init__(self) -> None:
        self._stamps: deque[float] = deque()
        self.highest = 0.0  # Hz, of all full windows

    def add(self, stamp: float) -> None:
        """Take a stamp, s; one that goes back by more than a window is a new clock."""
        if self._stamps and not 0.0 <= stamp - self._stamps[-1] <= WINDOW:
            self._stamps.clear()
        self._stamps.append(stamp)
        while stamp - self._stamps[0] > WINDOW:
            self._stamps.popleft()
            self.highest = max(self.highest, self.hz)

    @property
    def hz(self) -> float:
        """Messages a second."""
        if len(self._stamps) < MIN_SAMPLES or self._stamps[-1] <= self._stamps[0]:
            return 0.0
        return (len(self._stamps) - 1) / (self._stamps[-1] - self._stamps[0])


class RateAlarm:
    """Compares the rate of images with the expected one.

    The expected rate is the parameter's where it is given, else the highest that camera_info has had: a driver that
    falls back to 10 Hz in poor light sends both more slowly.
    """

    def __init__(self, expected_hz: float = 0.0) -> None:
        """``expected_hz``: images a second the operator expects; 0 = as camera_info has shown."""
        self._expected_hz = expected_hz
        self._images, self._infos = Rate(), Rate()

    def on_image(self, stamp: float) -> None:
        """An image with its stamp, s."""
        self._images.add(stamp)

    def on_info(self, stamp: float) -> None:
        """A camera_info with its stamp, s."""
        self._infos.add(stamp)

    @property
    def hz(self) -> float:
        """Images a second."""
        return self._images.hz

    @property
    def fault(self) -> str:
        """What is wrong, with both rates; "" while the rate is sound or not known."""
        expected, source = self._expected_hz, "camera_rate asks for"
        if expected <= 0.0:
            expected, source = self._infos.highest, "camera_info has had"
        hz = self._images.hz
        if 0.0 < hz < MIN_SHARE * expected:
            return f"the camera sends {hz:.1f} images a second; {source} {expected:.1f}"
        return ""
