"""`$(var name)`, `$(env NAME default)` and `$(find-pkg-share package)` in launch-file texts, with the official escapes.

Rules as the official launch (3.4.3) has them: arguments are separated by spaces, may be quoted and may hold further
substitutions; a backslash takes the next character literally; `$` without `(` is a dollar sign.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from track_common.config import suggest
from trackvla_cli.launch.element import LaunchError, Place

ARGUMENT_COUNTS = {"var": (1, 2), "env": (1, 2), "find-pkg-share": (1, 1)}
"""Known substitutions and how many arguments each takes, least and most."""


@dataclass(frozen=True)
class Call:
    """One substitution, as `$(name argument ...)`."""

    name: str
    arguments: tuple[Template, ...]


@dataclass(frozen=True)
class Template:
    """A text with substitutions in it, parsed but not yet filled in."""

    parts: tuple[str | Call, ...]
    place: Place


@dataclass(frozen=True)
class Scope:
    """What substitutions read: launch configurations, environment and the share folders of packages."""

    configurations: Mapping[str, str]
    environment: Mapping[str, str]
    package_share: Callable[[str], str]


def parse(text: str, place: Place) -> Template:
    """Template of an attribute's text.

    Raises:
        LaunchError: unknown substitution, wrong number of arguments, missing `)` or quote.
    """
    return _Parser(text, place).template()


def expand(template: Template, scope: Scope) -> str:
    """The text with everything filled in.

    Raises:
        LaunchError: a variable, environment variable or package that does not exist.
    """
    return "".join(part if isinstance(part, str) else _call(part, scope, template.place) for part in template.parts)


def _call(call: Call, scope: Scope, place: Place) -> str:
    arguments = [expand(argument, scope) for argument in call.arguments]
    if call.name == "find-pkg-share":
        return scope.package_share(arguments[0])
    values = scope.configurations if call.name == "var" else scope.environment
    if arguments[0] in values:
        return values[arguments[0]]
    if len(arguments) == 2:
        return arguments[1]
    kind = "launch argument or <let>" if call.name == "var" else "environment variable"
    hint = f"; {suggest(arguments[0], values)}" if call.name == "var" else ""
    raise LaunchError(f"{place}: $({call.name} {arguments[0]}): no such {kind}{hint}")


class _Parser:
    """Reads one text from left to right."""

    def __init__(self, text: str, place: Place) -> None:
        self._text, self._place, self._at = text, place, 0

    def template(self, ends: str = "", quote: str = "") -> Template:
        """Up to a character of ``ends`` (not consumed) or the end of the text; ``quote`` names the one it must meet."""
        parts: list[str | Call] = []
        literal = ""
        while self._at < len(self._text) and self._text[self._at] not in ends:
            if self._text.startswith("$(", self._at):
                parts += [literal] if literal else []
                literal = ""
                parts.append(self._substitution())
            else:
                literal += self._character()
        if quote and self._at == len(self._text):
            raise self._error(f"no closing {quote}")
        return Template(tuple(parts + ([literal] if literal else [])), self._place)

    def _character(self) -> str:
        if self._text[self._at] == "\\" and self._at + 1 < len(self._text):
            self._at += 1
        self._at += 1
        return self._text[self._at - 1]

    def _substitution(self) -> Call:
        self._at += 2
        words: list[Template] = []
        while not self._text.startswith(")", self._at):
            if self._at == len(self._text):
                raise self._error("no closing ) of a substitution")
            if self._text[self._at] == " ":
                self._at += 1
            else:
                words.append(self._argument())
        self._at += 1
        return self._checked(words)

    def _argument(self) -> Template:
        quote = self._text[self._at]
        if quote not in "'\"":
            return self.template(ends=" )")
        self._at += 1
        quoted = self.template(ends=quote, quote=quote)
        self._at += 1
        return quoted

    def _checked(self, words: list[Template]) -> Call:
        first = words[0].parts if words else ()
        name = first[0] if len(first) == 1 and isinstance(first[0], str) else ""
        if name not in ARGUMENT_COUNTS:
            raise self._error(f"substitution '{name}' unknown; {suggest(name, ARGUMENT_COUNTS)}")
        least, most = ARGUMENT_COUNTS[name]
        if not least <= len(words) - 1 <= most:
            raise self._error(f"$({name} ...) takes {least} to {most} arguments, got {len(words) - 1}")
        return Call(name, tuple(words[1:]))

    def _error(self, what: str) -> LaunchError:
        return LaunchError(f'{self._place}: {what} in "{self._text}"')
