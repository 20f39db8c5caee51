"""Words that are not in the language: misspelt ones get a suggestion, other languages are named."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Sequence

from track_common.instruction import function_words as f
from track_common.instruction import lexicon as lex
from track_common.instruction.drafts import EXAMPLE
from track_common.instruction.word_kinds import is_known

SIMILAR = 0.76  # difflib ratio from which a word is taken for a misspelt one ("blu" 0.86, "jackt" 0.91)
MIN_LETTERS = 3  # shorter words resemble everything
MAX_CHECKED = 20  # unknown words; a text with more is no English
FOREIGN_SHARE = 0.5  # of the words that are unknown

GUARDED = sorted(
    {
        word
        for group in (
            lex.COLOUR_WORDS, lex.GARMENTS, lex.PEOPLE, lex.PLURAL_PEOPLE, lex.OBJECTS, f.STOP, f.FOLLOW, f.AVOID,
            f.NEGATIONS, f.EXCEPTIONS, f.WEAR, ("behind", "beside", "between", "next", "without", "except"),
        )
        for word in group
        if "_" not in word and len(word) >= MIN_LETTERS
    }
)  # fmt: skip
LANGUAGES = {
    "German": "der das dem den ein eine einen einem einer mit und nicht ohne oder wer trägt tragen folge folgen folg "
    "verfolge rote roten roter rotes rotem blaue blauen blauer schwarze schwarzen grüne grünen gelbe gelben weiße "
    "weißen jacke hemd hose mantel frau kind mann bitte halt anhalten stopp neben hinter links rechts kleid der dort "
    "geh nach im am zum zur ist sind keine keinen kein",
    "Dutch": "het een met van niet zonder volg volgen rode blauwe groene zwarte witte gele jas broek vrouw trui "
    "overhemd jurk naast achter voor die draagt hoed de",
    "French": "le la les un une des du avec sans suis suivez suivre suit homme femme rouge bleu bleue vert verte noir "
    "noire jaune veste chemise pantalon qui porte en robe personne fille garçon arrête arrêtez ne pas à côté et",
    "Spanish": "el la los las una con sin sigue sigan siga seguir hombre mujer rojo roja azul verde negro negra "
    "camisa chaqueta pantalones lleva que persona chico chica al del no y vestido para detente",
    "Italian": "il lo gli con senza segui seguire uomo donna rosso rossa blu giacca camicia maglia pantaloni persona "
    "della che indossa la ragazza ragazzo e di ferma fermati",
    "Portuguese": "o homem mulher vermelho vermelha azul camisa casaco com sem siga seguir que veste da do",
    "Swedish": "följ mannen kvinnan den röda blå jackan tröjan med inte utan och i stanna",
    "Polish": "idź za mężczyzną kobietą w czerwonej niebieskiej koszuli kurtce bez i nie zatrzymaj się",
    "Turkish": "kırmızı mavi adam kadın gömlekli ceketli takip et olan kişiyi dur",
}
SCRIPTS = {
    "CJK": "Chinese or Japanese",
    "HIRAGANA": "Japanese",
    "KATAKANA": "Japanese",
    "HANGUL": "Korean",
    "CYRILLIC": "a language in Cyrillic script",
    "ARABIC": "Arabic",
    "HEBREW": "Hebrew",
    "GREEK": "Greek",
    "DEVANAGARI": "Hindi",
    "THAI": "Thai",
}
_BY_LANGUAGE = {name: frozenset(said.split()) for name, said in LANGUAGES.items()}


def check_words(tokens: Sequence[str]) -> str:
    """Why the words cannot be English of ours, with the word named; "" where nothing speaks against them."""
    words = [token for token in tokens if token[0].isalpha()]
    unknown = list(dict.fromkeys(word for word in words if not is_known(word)))
    if not unknown:
        return ""
    misspelt = _misspelt(unknown)
    if misspelt and len(unknown) == 1 and len(words) > 2:
        return misspelt
    if (language := _foreign(words, unknown)) is not None:
        known = ", ".join(f"'{word.replace('_', ' ')}'" for word in words if is_known(word)) or "nothing"
        return f"only English is understood, and this looks like {language}; understood: {known}; {EXAMPLE}"
    return misspelt


def _misspelt(unknown: Sequence[str]) -> str:
    """The first word that resembles one of the language's; "" where none does."""
    for word in unknown[:MAX_CHECKED]:
        near = difflib.get_close_matches(word, GUARDED, n=1, cutoff=SIMILAR) if len(word) >= MIN_LETTERS else []
        if near:
            return f"'{word}' is not known; did you mean '{near[0]}'? Nobody is followed on a guess"
    return ""


def _foreign(words: Sequence[str], unknown: Sequence[str]) -> str | None:
    """Name of the language the unknown words belong to; None where they may be English."""
    for word in unknown:
        script = next((name for letter in word for name in SCRIPTS if name in unicodedata.name(letter, "")), None)
        if script is not None:
            return SCRIPTS[script]
    scores = {name: sum(word in said for word in unknown) for name, said in _BY_LANGUAGE.items()}
    best = max(scores, key=lambda name: scores[name] + 0.1 * sum(word in _BY_LANGUAGE[name] for word in words))
    if scores[best] > 0:
        return best
    if any(not word.isascii() for word in unknown):
        return "another language"
    is_mostly_unknown = len(unknown) > FOREIGN_SHARE * len(words)
    return "another language" if is_mostly_unknown and len(words) > 1 else None
