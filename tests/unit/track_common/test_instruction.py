"""The meaning of sentences: tables of what users say, sentences made with their meaning, and what always holds."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.meaning import meaning
from track_common.instruction import Request, parse_instruction
from track_common.instruction.parsed import Attribute, RelationKind

TABLES = Path(__file__).parents[2] / "data" / "sentences"

COLOURS = ("red", "blue", "green", "yellow", "purple", "pink", "white", "orange")
CLOTHES = {  # article and garment: where it is worn
    "a {} shirt": "torso",
    "a {} jacket": "torso",
    "a {} hoodie": "torso",
    "a {} coat": "coat",
    "a {} dress": "dress",
    "{} trousers": "legs",
    "{} leggings": "legs",
    "a {} skirt": "hips",
    "{} boots": "feet",
    "a {} cap": "head",
}
WHO = ("the man", "the woman", "a person", "the boy", "somebody", "the lady", "the pedestrian")
WEARING = ("wearing", "in", "dressed in", "who wears", "who is wearing")
NOT_WEARING = ("not wearing", "without", "who is not wearing", "who isn't in", "not dressed in", "who does not wear")
ASKING = ("follow {}", "please track {}", "could you go after {}?", "Follow {}!", "{}", "I want you to follow {}")
NEAR = {"next to": "next to", "behind": "behind", "to the left of": "left of", "in front of": "in front of"}
EXCEPTING = ("except", "other than", "but not", "not", "apart from")


def article(said: str) -> str:
    return said.replace("a orange", "an orange")


def worn(rng: np.random.Generator, colour: str) -> tuple[str, str]:
    """Words and meaning of one garment."""
    said = str(rng.choice(list(CLOTHES)))
    return article(said.format(colour)), f"{CLOTHES[said]}={colour}"


def made(seed: int) -> tuple[str, str]:
    """A sentence and its meaning: one or two garments, maybe one denied, a neighbour, somebody excepted."""
    rng = np.random.default_rng(seed)
    colours = [str(c) for c in rng.permutation(COLOURS)]
    first, own = worn(rng, colours.pop())
    words, attributes, denied = [str(rng.choice(WHO)), str(rng.choice(WEARING)), first], {own}, []
    if rng.random() < 0.5:
        second, other = worn(rng, colours.pop())
        words += ["and", second]
        attributes.add(other)
    if rng.random() < 0.4:
        third, other = worn(rng, colours.pop())
        words += ["but", str(rng.choice(NOT_WEARING)), third]
        denied.append(f"!{other}")
    said, rest = " ".join(words), []
    if rng.random() < 0.4:
        near, who = str(rng.choice(list(NEAR))), str(rng.choice(WHO))
        theirs, other = worn(rng, colours.pop())
        said += f", {near} {who} in {theirs}"
        rest.append(f"{NEAR[near]}({other})")
    if rng.random() < 0.3:
        theirs, other = worn(rng, colours.pop())
        said += f", {rng.choice(EXCEPTING)} the one in {theirs}"
        rest.append(f"not({other})")
    return str(rng.choice(ASKING)).format(said), " ".join([*sorted(attributes), *denied, *rest])


@pytest.mark.parametrize("table", sorted(TABLES.glob("*.tsv")), ids=lambda path: path.stem)
def test_sentences_of_users_mean_what_they_say(table):
    rows = [line.split("\t") for line in table.read_text(encoding="utf-8").splitlines() if line.strip()]
    assert len(rows) > 50
    wrong = [(said, wanted, meaning(parse_instruction(said))) for said, wanted in rows]
    assert [row for row in wrong if row[1] != row[2]] == []


@pytest.mark.parametrize("start", [0, 50, 100, 150])
def test_sentences_made_with_their_meaning_are_read_back(start):
    for seed in range(start, start + 50):
        sentence, wanted = made(seed)
        assert meaning(parse_instruction(sentence)) == wanted, sentence


garments, colours = st.sampled_from(list(CLOTHES)), st.sampled_from(COLOURS)


@given(st.sampled_from(WHO), garments, colours, st.sampled_from(NOT_WEARING))
def test_a_negation_never_keeps_the_same_choice(who, garment, colour, denial):
    said = article(garment.format(colour))
    plain, denied = parse_instruction(f"{who} in {said}"), parse_instruction(f"{who} {denial} {said}")
    assert plain.target.attributes == denied.target.excluded_attributes != ()
    assert denied.target.attributes == () == plain.target.excluded_attributes


@given(st.sampled_from(WHO), colours, st.sampled_from(["do not follow", "stop following", "stay away from", "ignore"]))
def test_a_denied_request_is_a_stop_or_excludes(who, colour, denial):
    denied = parse_instruction(f"{denial} {who} in {colour}")
    assert denied.request is Request.STOP and denied.target.attributes == ()
    other = parse_instruction(f"{denial} {who} in {colour} and follow the girl in black")
    assert other.attributes == (Attribute("torso", ("black",)),)
    assert [person.attributes for person in other.excluded_people] == [(Attribute("torso", (colour,)),)]


@pytest.mark.parametrize("joint", [", ", ". ", ": ", "? ", " and "])
@pytest.mark.parametrize("denial", ["do not follow", "stop following", "stay away from", "ignore", "avoid", "forget"])
@pytest.mark.parametrize(("noun", "pronoun"), [("man", "him"), ("lady", "her"), ("person", "them"), ("person", "him")])
def test_whoever_was_described_and_is_denied_by_a_pronoun_is_not_followed(noun, pronoun, denial, joint):
    for beginning in ("there is the", "I see a", "the"):
        parsed = parse_instruction(f"{beginning} {noun} in the red shirt{joint}{denial} {pronoun}")
        assert not parsed.is_understood and parsed.target.attributes == ()
    other = parse_instruction(f"I see a {noun} in red, {denial} {pronoun}, follow the girl in black")
    assert not other.is_understood or meaning(other) == "torso=black not(torso=red)"


@given(st.permutations(["wearing a red shirt", "without a hat", "not in blue trousers", "with white shoes"]))
def test_order_of_clauses_does_not_matter(clauses):
    target = parse_instruction("the man " + ", ".join(clauses)).target
    assert {(a.region, a.colours) for a in target.attributes} == {("torso", ("red",)), ("feet", ("white",))}
    assert [(a.region, a.colours) for a in target.excluded_attributes] == [("legs", ("blue",))]
    assert target.unjudged == ("no hat",)


@given(
    st.permutations(["ignore the man in red", "follow the woman in blue"]), st.sampled_from([" and ", ", ", ". ", "; "])
)
def test_order_of_requests_that_exclude_does_not_matter(requests, joint):
    assert meaning(parse_instruction(joint.join(requests))) == "torso=blue not(torso=red)"


@settings(max_examples=120)
@given(st.text(max_size=200))
def test_any_text_is_understood_stopped_or_refused_with_a_reason(text):
    parsed = parse_instruction(text)
    assert parsed.is_understood or parsed.standstill_reason
    assert "\n" not in parsed.refusal


words = st.sampled_from(
    [
        "follow",
        "stop",
        "not",
        "the",
        "man",
        "woman",
        "in",
        "red",
        "blue",
        "and",
        "but",
        ",",
        ".",
        "next",
        "to",
        "behind",
        "who",
        "with",
        "dog",
        "zorg",
        "une",
    ]
)


@given(st.lists(words, max_size=14))
def test_any_order_of_known_words_has_one_meaning(said):
    parsed = parse_instruction(" ".join(said))
    assert parsed.is_understood or parsed.standstill_reason
    assert (parsed.target.noun == "" and not parsed.attributes) or parsed.is_understood


@pytest.mark.parametrize(
    ("sentence", "named"),
    [
        ("the man in the blu jacket", "'blu'.*did you mean 'blue'"),
        ("the man in a reed shirt", "'reed'.*did you mean 'red'"),
        ("the wman in red", "'wman'"),
        ("the man wearing a zarp", "'zarp' is no garment"),
        ("the man in the ultraviolet shirt", "'ultraviolet' before 'shirt'"),
        ("follow the drone", "'drone'"),
        ("the red car", "a car is not followed"),
        ("follow the chair", "'chair' is a thing"),
        ("folge der Person mit der roten Jacke", "German; understood: 'person'"),
        ("volg de man met de rode jas", "Dutch; understood: 'man'"),
        ("suivez la personne en veste rouge", "French"),
        ("sigue a la persona de la camisa roja", "Spanish"),
        ("segui la persona con la giacca rossa", "Italian"),
        ("跟着 the man in red", "Chinese.*'man'"),
        ("the man in red and the woman in blue", "'man' and 'woman'"),
        ("the black man", "skin or clothes"),
        ("if you see the man in red, follow him", "conditions"),
        ("x" * 10_000, "10000 characters; wanted at most 2000"),
    ],
)
def test_a_refusal_names_what_is_not_understood(sentence, named):
    parsed = parse_instruction(sentence)
    assert not parsed.is_understood and parsed.attributes == ()
    with pytest.raises(ValueError, match=f"(?s){named}"):
        raise ValueError(parsed.refusal)


@pytest.mark.parametrize("sentence", ["", "  ", "\n"])
def test_a_text_without_a_word_is_a_stop(sentence):
    assert parse_instruction(sentence).request is Request.STOP and parse_instruction(sentence).refusal == ""


def test_head_noun_sex_and_number_are_kept():
    target = parse_instruction("the ladies in red").target
    assert (target.noun, target.sex, target.is_plural, target.category) == ("lady", "female", True, "person")
    assert parse_instruction("follow the brown dog").target.category == "dog"


def test_a_relation_holds_the_description_of_the_other_side():
    relation = parse_instruction("the woman next to the man in the red shirt").target.relations[0]
    assert relation.kind is RelationKind.NEXT_TO and relation.others[0].sex == "male"
    assert relation.others[0].attributes == (Attribute("torso", ("red",)),)


def test_the_documents_answers_are_the_parsers():
    page = (TABLES.parents[2] / "docs" / "inputs.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \*(.+?)\*.* \| (.+) \|$", page.split("### Refusals")[1].split("###")[0], re.M)
    assert len(rows) > 9
    for sentence, answer in rows:
        assert parse_instruction(sentence).refusal.startswith(answer), sentence
    examples = [line.split("|")[3] for line in page.split("Rules where")[0].splitlines() if line.startswith("|")]
    for sentence in re.findall(r"\*([^*]+)\*", " ".join(examples)):
        assert not parse_instruction(sentence).refusal, sentence
