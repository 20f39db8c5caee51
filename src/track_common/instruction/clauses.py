"""The clauses of a sentence, word by word: requests, negations with their scope, relations, noun phrases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from track_common.instruction import function_words as f
from track_common.instruction import lexicon as lex
from track_common.instruction.drafts import EXAMPLE, Mode, Preposition, RefusedError, Scope
from track_common.instruction.imperatives import is_imperative, is_letting_go
from track_common.instruction.noun_phrase import read_noun_phrase
from track_common.instruction.noun_rules import place
from track_common.instruction.parsed import Order, RelationKind
from track_common.instruction.requests import Requests, check_end
from track_common.instruction.unresolved import check_resolved

MAX_RELATIONS = 5


@dataclass
class ClauseReader:
    """Reads a token at a time into a ``Scope`` and the ``Requests`` made."""

    tokens: Sequence[str]
    asked: Requests = field(default_factory=lambda: Requests(Scope()))
    at: int = 0
    _is_start: bool = True  # a verb here is an imperative
    _is_relative: bool = False  # after "who"
    _is_after_comma: bool = False
    _is_exception: bool = False
    _last_verb: str = ""
    _relations: int = 0

    @property
    def scope(self) -> Scope:
        """Who is described at the moment, and everybody described so far."""
        return self.asked.scope

    def read(self) -> None:
        """All tokens; RefusedError where one has no place."""
        while self.at < len(self.tokens):
            before = self.at
            self._step(self.tokens[self.at])
            self.at = max(self.at, before + 1)
        check_end(self.tokens, self.scope)

    def _step(self, token: str) -> None:
        check_resolved(self.tokens, self.at, self.scope)
        for rule in (
            self._read_mark,
            self._read_vocative,
            self._read_request,
            self._read_negation,
            self._read_exception,
            self._read_conjunction,
            self._read_side,
            self._read_relation,
            self._read_noun_phrase,
            self._refuse_misplaced,
            self._read_tie,
            self._read_small_word,
        ):
            if rule(token):
                return
        if self.scope.mode is not Mode.ASIDE:
            raise RefusedError(f"'{token.replace('_', ' ')}' is not understood here; {EXAMPLE}")

    def _read_mark(self, token: str) -> bool:
        scope = self.scope
        if token == ",":
            if scope.is_fresh and not scope.main.noun and self._token(-1) in ("no", "not"):
                scope.is_negated = scope.is_fresh = False  # "no, the man in blue"
            self._is_after_comma, scope.joint = True, ","
        elif token in (".", ";", ":", "!", "?"):
            scope.end_clause()
            if scope.mode is Mode.AVOID or scope.anchor is not scope.main:
                scope.mode = Mode.FOLLOW if scope.mode is Mode.AVOID else scope.mode
                scope.turn_to(scope.main if scope.mode is Mode.FOLLOW else scope.aside)
            scope.joint = ""
            scope.is_predicate = token == ":" and scope.main.noun in ("target", "subject", "person", "suspect")
        else:
            return False
        self._is_start, self._is_relative = True, False
        return True

    def _read_vocative(self, token: str) -> bool:
        """ "Hey robot, follow ...", "stop, boy"."""
        before, following = self.tokens[: self.at], self._token(1)
        is_first = all(word in f.ADVERBS or word in f.NEGATIONS or word == "," for word in before)
        is_last = following in ("", ".", "!") and self._token(-1) == "," and bool(self.asked.made)
        is_called = following == "," or (following in f.FOLLOW | f.STOP | f.AVOID | f.STOP_FOLLOWING)
        return token in f.VOCATIVES and ((is_first and is_called) or is_last)

    def _read_request(self, token: str) -> bool:
        if self._is_relative or not is_imperative(self.tokens, self.at, self._is_start):
            return False
        is_denied = self.scope.is_fresh and self.scope.is_negated
        if token == "let" and not is_denied and is_letting_go(self.tokens, self.at):
            self.asked.avoid(token)
        elif token in f.STOP_FOLLOWING or (token in f.AVOID and not is_denied):
            self.asked.follow(self._token(1)) if is_denied else self.asked.avoid(token)
        elif token in f.MOVE and is_denied:
            self.scope.is_fresh = False
            self.asked.turn_aside("stop")
        elif token in f.KEEP_ON and is_denied:
            self.asked.follow(self._token(1))
        elif token in f.STOP:
            self.asked.turn_aside("stop")
        elif token in f.FOLLOW:
            self.asked.avoid(token) if is_denied else self.asked.follow(self._token(1))
        elif token in f.ASK or token in f.COPULAS or token in ("does", "did"):
            self.asked.turn_aside("ask")
        elif self.asked.is_unknown(token):
            raise RefusedError(f"'{token}' is no request known here; {EXAMPLE}")
        else:
            return False
        self.scope.is_negated = self.scope.is_fresh = False
        self._is_start = self._is_relative = self._is_after_comma = False
        return True

    def _read_negation(self, token: str) -> bool:
        if token not in f.NEGATIONS:
            return False
        self._return_after_comma()
        if token == "no" and self._token(1) in f.AUXILIARIES:
            return True
        self.scope.deny(token)
        return True

    def _read_exception(self, token: str) -> bool:
        """ "except", "other than", and "but" after "anyone"."""
        noun = self.scope.anchor.noun
        is_universal = noun in lex.UNIVERSAL | lex.NO_ONE | {"all"} or self._token(-1) == "all"
        if token not in f.EXCEPTIONS and not (token == "but" and is_universal and self._token(1) not in f.NEGATIONS):
            return False
        self._return_after_comma()
        self._is_start = self._is_relative = False
        self.asked.make_exception(token)
        return True

    def _read_conjunction(self, token: str) -> bool:
        scope = self.scope
        if token == "but":
            if scope.mode is Mode.AVOID or any(scope.anchor is d for d in scope.excluded):
                scope.mode = Mode.FOLLOW
                scope.turn_to(scope.main)
                if "avoid" in self.asked.made and self._token(1) not in f.NEGATIONS:
                    self.asked.made.append("but")
            scope.end_clause()
            scope.joint, self._is_relative = "but", False
        elif token in f.CONJUNCTIONS:
            scope.joint = "and"
        elif token in ("or", "/"):
            scope.joint = "or"
        else:
            return False
        self._is_start = True
        return True

    def _read_side(self, token: str) -> bool:
        """ "on the left", "second from the left"."""
        order = f.SIDES.get(token) or f.FROM_SIDES.get(token)
        if order is None or (token in f.SIDES and read_noun_phrase(self.tokens, self.at) is not None):
            return False
        if token in f.SIDES and "_" not in token and not token.endswith("most"):
            self._is_start = False
            return True  # "walking left", "the shirt on the right"
        if self._last_verb and token.startswith("to_"):
            return True  # "walking to the left"
        if self._token(1) == "of":
            self.scope.tie(Preposition.PLACE, token)
            return True
        self._return_after_comma()
        draft = self.scope.current
        draft.order, draft.is_order_negated = Order(order), self.scope.is_negated and self.scope.is_fresh
        self.scope.is_negated = self.scope.is_fresh = False
        self._is_start = False
        return True

    def _read_relation(self, token: str) -> bool:
        kind = f.RELATIONS.get(token)
        if token == "following" and self.scope.current.noun:
            kind = RelationKind.BEHIND.value
        if kind is None:
            return False
        self._return_after_comma()
        scope = self.scope
        self._relations += 1
        if self._relations > MAX_RELATIONS:
            raise RefusedError(f"more than {MAX_RELATIONS} relations such as 'next to' in one sentence; {EXAMPLE}")
        is_negated = scope.is_negated and scope.is_fresh
        scope.tie(Preposition.PLACE, token)
        scope.relation, scope.is_relation_negated = RelationKind(kind), is_negated
        scope.is_negated = scope.is_fresh = False
        if scope.joint == "and":
            scope.current = scope.anchor
        self._is_start = False
        return True

    def _read_noun_phrase(self, token: str) -> bool:
        phrase = read_noun_phrase(self.tokens, self.at)
        if phrase is None or phrase.end == self.at:
            return False
        if self._is_after_comma and phrase.kind.value in ("person", "object") and not self.scope.excluded:
            self.scope.is_negated = False
        self._is_after_comma = False
        end = phrase.end
        place(self.scope, phrase, self.tokens[end] if end < len(self.tokens) else "")
        self.at = end
        self._is_start = False
        self._last_verb = ""
        return True

    def _refuse_misplaced(self, token: str) -> bool:
        """ "in a read shirt": a known word that is no adjective, where a colour is expected."""
        noun = self._token(1)
        if self._token(-1) in ("a", "an", "the") and noun in lex.GARMENTS and self.scope.mode is not Mode.ASIDE:
            raise RefusedError(f"'{token.replace('_', ' ')}' before '{noun}' is no colour known here; {EXAMPLE}")
        return False

    def _read_tie(self, token: str) -> bool:
        """Prepositions and verbs that say how the next noun is meant."""
        scope = self.scope
        if token == "to" and self._is_request_next():
            return True
        if token in f.WEAR:
            kind = Preposition.IN if token == "in" else Preposition.WEAR
        elif token in f.HAVE:
            kind = Preposition.HAVE
        elif token in f.INNER:
            kind = scope.preposition
        elif token in f.OF_WHICH:
            kind = Preposition.OF
        elif token in f.PLACE_PREPOSITIONS:
            kind = Preposition.PLACE
        elif token in f.VERBS:
            kind = Preposition.VERB
            self._last_verb = token
            scope.deny_activity(token, self._token(1))
        else:
            return False
        self._return_after_comma()
        scope.tie(kind, token)
        scope.is_inner = token in f.INNER
        self._is_start = False
        return True

    def _is_request_next(self) -> bool:
        """ "I want you to follow ...", "switch from ... to ..."."""
        if self.scope.mode is Mode.AVOID and self.asked.is_switching:
            self.asked.follow(self._token(1))
            return True
        is_request = self._token(1) in f.FOLLOW | f.STOP | f.AVOID | f.STOP_FOLLOWING
        self._is_start = self._is_start or is_request
        return is_request

    def _read_small_word(self, token: str) -> bool:
        scope = self.scope
        if token in f.UNTIL_TOLD:
            self.at = len(self.tokens)
        elif token in f.RELATIVES:
            self._return_after_comma()
            self._is_relative, self._is_start = True, False
            if scope.thing is not None and self._token(-1) != ",":
                scope.current = scope.thing
            scope.end_negation()
        elif token in f.COPULAS:
            self._return_after_comma()
            scope.end_negation()
            scope.is_predicate, scope.preposition, scope.relation = True, Preposition.NONE, None
            self._is_start = False
        elif token in f.LIKENESS:
            scope.is_predicate, scope.preposition = True, Preposition.NONE
        elif token == "followed":
            scope.has_no_one = scope.has_no_one or scope.is_negated
        elif token in f.WHOLLY:
            scope.is_wholly = True
        elif token in f.CLAUSE_STARTERS:
            self._is_start = True
        else:
            is_silent = (
                token in f.ADVERBS | f.AUXILIARIES | f.FRONT | f.VOCATIVES | f.DETERMINERS | f.NUMBERS | f.NOBODY_ELSE
            )
            return is_silent or token in ("&", "it", "that", "me", "who") or token[0].isdigit() or token in f.SIDES
        return True

    def _return_after_comma(self) -> None:
        """ "the woman next to the man, in a red shirt": after a comma the sentence is about her again."""
        if self._is_after_comma:
            self.scope.current = self.scope.anchor
            self.scope.is_negated = self.scope.is_fresh = False
            self._is_after_comma = False

    def _token(self, ahead: int) -> str:
        at = self.at + ahead
        return self.tokens[at] if 0 <= at < len(self.tokens) else ""
