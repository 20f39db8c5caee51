"""XML elements that know their file and line; the standard library's ElementTree forgets the line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat


class LaunchError(ValueError):
    """A launch file or argument that cannot be run; the message says where, what was found and what is known."""


@dataclass(frozen=True)
class Place:
    """Where something stands in a launch file."""

    file: Path
    line: int

    def __str__(self) -> str:
        return f"{self.file.name}:{self.line}"


@dataclass(frozen=True)
class Element:
    """One XML element with its attributes, nested elements and place."""

    tag: str
    attributes: dict[str, str]
    place: Place
    children: list[Element] = field(default_factory=list)

    def allow(self, required: Iterable[str] = (), optional: Iterable[str] = (), children: Iterable[str] = ()) -> None:
        """Refuse by name what is not listed and what is missing.

        Args:
            required: attributes that must be there.
            optional: attributes that may be there.
            children: tags that may be inside.

        Raises:
            LaunchError: an attribute or nested tag this launcher does not know, or a missing attribute.
        """
        known = sorted({*required, *optional})
        for name in self.attributes:
            if name not in known:
                raise LaunchError(
                    f"{self.place}: attribute '{name}' of <{self.tag}> unknown; known: {', '.join(known)}"
                )
        for name in required:
            if name not in self.attributes:
                raise LaunchError(f"{self.place}: <{self.tag}> lacks the attribute '{name}'")
        nested = sorted(children)
        for child in self.children:
            if child.tag not in nested:
                raise LaunchError(
                    f"{child.place}: <{child.tag}> inside <{self.tag}> unknown; known: {', '.join(nested) or 'nothing'}"
                )


def read_xml(path: Path) -> Element:
    """The root element of a file.

    Raises:
        LaunchError: no such file, or not well-formed XML.
    """
    roots: list[Element] = []
    stack: list[Element] = []
    parser = expat.ParserCreate()

    def start(tag: str, attributes: dict[str, str]) -> None:
        element = Element(tag, attributes, Place(path, parser.CurrentLineNumber))
        (stack[-1].children if stack else roots).append(element)
        stack.append(element)

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _tag: stack.pop()
    try:
        parser.Parse(path.read_bytes(), True)
    except OSError as error:
        raise LaunchError(f"launch file {path} cannot be read: {error.strerror}") from error
    except expat.ExpatError as error:
        reason = expat.errors.messages[error.code]
        raise LaunchError(f"{Place(path, error.lineno)}: not well-formed XML: {reason}") from error
    return roots[0]
