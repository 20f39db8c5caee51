"""The requests of a sentence in their order, and what each does to those who are described after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from track_common.instruction import function_words as f
from track_common.instruction import lexicon as lex
from track_common.instruction.drafts import EXAMPLE, Draft, Mode, Preposition, RefusedError, Scope


@dataclass
class Requests:
    """``made``: "follow", "avoid", "stop", "ask" as they came; ``is_switching``: "switch from A" was read."""

    scope: Scope
    made: list[str] = field(default_factory=list)
    is_switching: bool = False

    def is_unknown(self, token: str) -> bool:
        """ "jump", "carry the bag": a verb at the start that asks for something else."""
        is_base = token in f.VERBS | f.HAVE and not token.endswith(("ing", "ed", "s"))
        is_first = self.scope.main.is_empty and not self.made and not self.scope.is_negated
        return is_base and is_first and token not in f.HARMLESS_FIRST | {"with", "had", "has"}

    def follow(self, following: str = "") -> None:
        """Who comes next is to be followed; ``following`` is the next token. RefusedError where somebody is already."""
        scope = self.scope
        is_second = "follow" in self.made and not scope.main.is_empty and scope.mode is Mode.FOLLOW
        if is_second and following not in lex.SINGULAR_PRONOUNS | {"", ".", ",", "and", "!", "it"}:
            raise RefusedError(f"two people are to be followed; name one; {EXAMPLE}")
        self.made.append("follow")
        scope.end_clause()
        scope.mode = Mode.FOLLOW
        scope.turn_to(scope.main)

    def avoid(self, token: str) -> None:
        """Who comes next must not be followed."""
        self.made.append("avoid")
        self.is_switching = token in ("switch_from", "change_from")
        self.scope.end_clause()
        self.scope.mode = Mode.AVOID
        self.scope.exclude()

    def turn_aside(self, request: str) -> None:
        """A stop or a question: who comes next is neither followed nor avoided."""
        scope = self.scope
        if request == "stop" and scope.is_fresh and scope.is_negated:
            return  # "do not stop"
        self.made.append(request)
        scope.end_clause()
        scope.mode = Mode.ASIDE
        scope.turn_to(scope.aside)

    def make_exception(self, token: str) -> None:
        """Who comes next is excepted: excluded, or after "nobody" the only one to be followed."""
        scope = self.scope
        is_inverted = scope.mode is Mode.AVOID and scope.anchor.noun in lex.UNIVERSAL
        if scope.has_no_one or is_inverted:  # "follow nobody but the man"
            scope.has_no_one = False
            scope.mode = Mode.FOLLOW
            self.made.append("follow")
            scope.main = Draft()
            scope.excluded = [d for d in scope.excluded if d is not scope.anchor]
            scope.turn_to(scope.main)
            return
        scope.preposition, scope.relation = Preposition.NONE, None
        scope.current = scope.anchor
        scope.deny(token)


def check_end(tokens: Sequence[str], scope: Scope) -> None:
    """RefusedError where a sentence that asks to follow ends before it has said whom."""
    words = [token for token in tokens if token[0].isalnum()]
    if scope.mode is not Mode.FOLLOW:
        return
    if words[-1] in f.UNFINISHED and len(words) > 1:
        raise RefusedError(f"the sentence ends at '{words[-1]}', before it says whom to follow; {EXAMPLE}")
    if scope.relation is not None:
        raise RefusedError(f"'{scope.word.replace('_', ' ')}' is said without whom; {EXAMPLE}")
