"""The words the parser knows: people, garments and where they are worn, and the small words that join or part them."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PEOPLE = {
    **dict.fromkeys(_words("man men guy boy gentleman male he him his"), "male"),
    **dict.fromkeys(_words("woman women lady girl female she her"), "female"),
    **dict.fromkeys(_words("person people human pedestrian individual someone somebody anyone child kid"), ""),
    **dict.fromkeys(_words("walker subject target leader one they them their"), ""),
}
GARMENTS = {
    **dict.fromkeys(_words("shirt tshirt tee top blouse sweater jumper pullover hoodie sweatshirt vest polo"), "torso"),
    **dict.fromkeys(_words("jacket blazer cardigan uniform waistcoat sleeves jersey"), "torso"),
    **dict.fromkeys(_words("coat raincoat parka overcoat"), "coat"),
    **dict.fromkeys(_words("dress gown robe"), "dress"),
    **dict.fromkeys(_words("trousers pants jeans slacks leggings tights chinos sweatpants"), "legs"),
    **dict.fromkeys(_words("shorts skirt miniskirt"), "hips"),
    **dict.fromkeys(_words("shoes shoe sneakers boots trainers sandals"), "feet"),
    **dict.fromkeys(_words("hair hat cap helmet beanie hood haired"), "head"),
    **dict.fromkeys(_words("outfit clothes clothing suit overalls jumpsuit attire tracksuit"), "body"),
    **dict.fromkeys(_words("backpack rucksack bag"), "bag"),
}
REGION_WEIGHTS = {
    "torso": 1.0,
    "coat": 1.0,
    "dress": 1.0,
    "legs": 0.8,
    "hips": 0.6,
    "body": 1.0,
    "head": 0.4,
    "feet": 0.2,
}
REGION_WEIGHTS["bag"] = 0.0  # hidden from most sides; known so that its colour is not given to a garment
INNER_WEIGHT = 0.3  # "a jacket over a white shirt": little of the inner garment is seen
ACCENTS = _words("accents accent stripes stripe details detail pattern patterns print trim spots dots")
ADJECTIVES = _words(
    "leather denim wool cotton knit striped plaid checked checkered patterned plain long short "
    "sleeved sleeve padded hooded loose tight casual formal button up down neck v crew winter "
    "summer sports sport shoulder colored coloured color colour"
)
LINKS = _words("is are was being")
SILENT = _words("a an the of his her their its in very")
WHOLLY = _words("dressed all fully completely entirely")  # "all in black" is said of more than the torso
JOINERS = _words("and or & plus")
NEGATIONS = _words("not without no except never")
FOLLOWING = _words("follow track pursue chase stay behind front nearest closest first see ahead")


BOUNDARIES = _words(
    ", . ; : ! ? with who that which on at to by over under near next from towards toward into "
    "across through then while walks has wears whose walk stands ahead but"
)
