"""Text of any language in pictures of a run: a font that has its characters, or their code points, never a warning."""

from __future__ import annotations

from functools import lru_cache

from matplotlib import font_manager

USUAL = "DejaVu Sans"  # comes with matplotlib


def drawable(text: str) -> tuple[str, list[str]]:
    """A text for matplotlib and the font families to draw it with.

    Characters that no installed font has are written as their code points (``\\u8ddf``), where matplotlib would draw
    empty boxes and warn. Installing a font helps (Debian: fonts-noto-cjk).
    """
    missing = frozenset(ord(character) for character in text if character != "\n") - _characters(_path(USUAL))
    if not missing:
        return text, [USUAL]
    for entry in sorted(font_manager.fontManager.ttflist, key=lambda entry: entry.name):
        if missing <= _characters(entry.fname):
            return text, [USUAL, entry.name]
    escaped = "".join(c.encode("ascii", "backslashreplace").decode() if ord(c) in missing else c for c in text)
    return escaped, [USUAL]


def _path(family: str) -> str:
    return str(font_manager.findfont(family))


@lru_cache(maxsize=256)
def _characters(path: str) -> frozenset[int]:
    """Code points of a font; none where its file cannot be read."""
    try:
        return frozenset(font_manager.get_font(path).get_charmap())
    except (OSError, RuntimeError):
        return frozenset()
