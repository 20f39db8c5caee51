"""The nouns and colours of the language: people, garments and where they are worn, colours, animals and things."""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


MALE = words(
    "man guy boy gentleman male bloke dude lad chap fellow fella mister sir he him himself father dad "
    "grandfather grandpa brother son husband uncle"
)
FEMALE = words(
    "woman lady girl female gal lass madam she her herself mother mom mum grandmother grandma sister daughter wife aunt"
)
NEUTRAL = words(
    "person human pedestrian individual someone somebody anyone anybody whoever child kid toddler baby adult teenager "
    "teen youngster stranger folk character figure walker subject target leader suspect one they them themselves me us "
    "everyone everybody each all others other another"
)
PLURALS = {  # irregular; the regular ones are made below
    "men": "man",
    "women": "woman",
    "ladies": "lady",
    "babies": "baby",
    "gentlemen": "gentleman",
    "people": "person",
    "persons": "person",
    "children": "child",
    "folks": "folk",
    "guys": "guy",
    "humans": "human",
}
ROLES = words(
    "policeman policewoman officer cop guard soldier worker workman builder engineer nurse doctor waiter waitress "
    "postman runner jogger cyclist biker rider driver tourist student teacher player skater skateboarder passenger "
    "visitor customer shopper friend owner boss colleague operator user photographer hiker businessman businesswoman "
    "goalkeeper referee chef farmer pilot dancer singer actor athlete swimmer skier climber motorcyclist scientist "
    "cleaner janitor journalist cameraman spectator guest firefighter fireman mechanic technician "
    "couple family group crowd pair team twin twins"
)  # people too, but nothing a camera can tell
SINGULAR_PRONOUNS = words("he him himself she her herself they them themselves")
UNIVERSAL = words("anyone anybody everyone everybody whoever someone somebody")
NO_ONE = words("nobody noone none")
CROWD = words("couple family group crowd pair team")

PEOPLE: dict[str, str] = {
    **dict.fromkeys(MALE, "male"),
    **dict.fromkeys(FEMALE, "female"),
    **dict.fromkeys(NEUTRAL | ROLES, ""),
}
PLURAL_PEOPLE = {
    **PLURALS,
    **{f"{noun}s": noun for noun in PEOPLE if noun not in PLURALS.values() and not noun.endswith(("s", "y", "man"))},
    **{f"{noun[:-3]}men": noun for noun in ROLES if noun.endswith("man")},
    "boys": "boy",
    "ones": "one",
}
PLURAL_PEOPLE.pop("joggers")  # a garment more often

GARMENTS: dict[str, str] = {
    **dict.fromkeys(
        words(
            "shirt tshirt tee top blouse sweater jumper pullover hoodie sweatshirt vest polo jacket blazer cardigan "
            "uniform waistcoat sleeves sleeve jersey tanktop tank turtleneck fleece windbreaker anorak tunic gilet "
            "singlet camisole poncho bomber apron"
        ),
        "torso",
    ),
    **dict.fromkeys(words("coat raincoat parka overcoat trenchcoat labcoat"), "coat"),
    **dict.fromkeys(words("dress gown robe sundress"), "dress"),
    **dict.fromkeys(
        words("trousers pants jeans slacks leggings tights chinos sweatpants joggers trackpants cargos bottoms pant"),
        "legs",
    ),
    **dict.fromkeys(words("shorts skirt miniskirt trunks kilt"), "hips"),
    **dict.fromkeys(words("shoes shoe sneakers sneaker boots boot trainers sandals heels slippers"), "feet"),
    **dict.fromkeys(words("hair hat cap helmet beanie hood haired headscarf hijab turban bonnet ponytail"), "head"),
    **dict.fromkeys(
        words(
            "outfit clothes clothing suit overalls overall jumpsuit attire tracksuit costume pyjamas pajamas dungarees "
            "coveralls garb"
        ),
        "body",
    ),
}
GARMENTS |= {
    f"{noun}s": region
    for noun, region in GARMENTS.items()
    if not noun.endswith(("s", "ed", "ing", "hair", "attire", "garb", "pant"))
}
GARMENTS["dresses"] = "dress"
GARMENT_ADJECTIVES = {  # "the red-shirted man"
    "haired": "head",
    "shirted": "torso",
    "jacketed": "torso",
    "vested": "torso",
    "coated": "coat",
    "trousered": "legs",
    "hatted": "head",
    "capped": "head",
    "helmeted": "head",
    "hooded": "head",
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
    "whole": 1.0,
}
INNER_WEIGHT = 0.3  # "a jacket over a white shirt": little of the inner garment is seen
ACCENTS = words("accents accent stripes stripe details detail patterns pattern print trim spots dots logo logos")
PATTERNS = words(
    "leather denim wool woollen cotton knit knitted striped stripy plaid checked checkered tartan patterned plain "
    "floral flowery camouflage camo sleeved sleeveless padded hooded loose tight casual formal button buttoned up "
    "down neck necked v crew winter summer sports sport shoulder colored coloured color colour shaded tinted puffy "
    "puffer quilted denim silk satin linen velvet nylon corduroy tweed ripped baggy skinny zipped zip polka dotted "
    "printed reflective safety baseball football basketball soccer bucket straw business rain running track cargo "
    "jogging yoga hiking collared cropped pleated pencil evening wedding oversized fitted matching long short "
    "hard fur life fluffy thick thin fancy faded clean dirty new old stylish bomber trench tank polo lab "
    "work ski biker woolly"
)
FABRIC_COLOURS = words("denim")

BASIC_COLOURS = words("black grey white red orange brown beige yellow green blue purple pink")
FURTHER_COLOURS = words(
    "navy denim teal turquoise olive lime khaki tan cream maroon gold charcoal silver lavender coral blond"
)
SHADES = ("dark", "light", "bright", "pale")
SAME_COLOUR = {  # name: further words for it
    "grey": ("gray", "grayish", "greyish", "slate", "ash"),
    "red": ("crimson", "scarlet", "reddish", "ruby", "cherry", "vermilion"),
    "maroon": ("burgundy", "wine", "claret", "oxblood"),
    "purple": ("violet", "magenta", "plum", "aubergine", "purplish"),
    "lavender": ("lilac", "mauve"),
    "pink": ("rose", "fuchsia", "pinkish"),
    "turquoise": ("cyan", "aqua", "aquamarine"),
    "blue": ("azure", "bluish", "cobalt", "sapphire"),
    "navy": ("indigo", "midnight"),
    "brown": ("chocolate", "brownish", "chestnut", "hazel", "mahogany", "bronze", "copper", "rust"),
    "tan": ("camel", "caramel", "taupe"),
    "beige": ("sand", "ecru"),
    "cream": ("ivory", "offwhite"),
    "coral": ("salmon", "peach", "apricot"),
    "gold": ("mustard", "golden", "ochre", "amber"),
    "blond": ("blonde",),
    "green": ("greenish", "emerald", "jade"),
    "yellow": ("yellowish", "lemon"),
    "orange": ("tangerine",),
    "black": ("blackish", "ebony"),
}
COLOUR_WORDS = (
    BASIC_COLOURS | FURTHER_COLOURS | frozenset(SHADES) | {word for same in SAME_COLOUR.values() for word in same}
)
SHADE_WORDS = {  # further words for a shade
    "deep": "dark",
    "darker": "dark",
    "lighter": "light",
    "brighter": "bright",
    "neon": "bright",
    "fluorescent": "bright",
    "vivid": "bright",
    "hivis": "bright yellow",
    "luminous": "bright",
    "pastel": "pale",
    "sky": "light",
    "baby": "light",
    "mint": "light",
    "forest": "dark",
    "bottle": "dark",
    "royal": "",
    "electric": "",
    "army": "olive",
    "off": "",
}  # only before a colour ("sky blue", "baby pink"); alone they keep their other meaning
ALSO_ANIMALS = words("camel salmon")  # colours before a garment only
HAIR_COLOURS = words("blond blonde")
SKIN_LIKE = words("black white brown dark light pale")  # before "man" they may mean the skin

ANIMALS = {
    "bird": "bird birds pigeon pigeons duck ducks goose geese seagull chicken hen",
    "cat": "cat cats kitten kitty",
    "dog": "dog dogs puppy puppies hound doggy",
    "horse": "horse horses pony foal",
    "sheep": "sheep lamb lambs ram",
    "cow": "cow cows cattle bull calf ox",
    "elephant": "elephant elephants",
    "bear": "bear bears",
    "zebra": "zebra zebras",
    "giraffe": "giraffe giraffes",
}
VEHICLES = {
    "bicycle": "bicycle bicycles bike bikes",
    "car": "car cars vehicle automobile taxi cab van jeep suv",
    "motorcycle": "motorcycle motorcycles motorbike motorbikes moped",
    "airplane": "airplane plane aeroplane aircraft jet",
    "bus": "bus buses coach",
    "train": "train trains tram",
    "truck": "truck trucks lorry pickup",
    "boat": "boat boats ship",
}
THINGS = {
    "traffic light": "trafficlight",
    "fire hydrant": "hydrant",
    "stop sign": "stopsign",
    "parking meter": "parkingmeter",
    "bench": "bench benches",
    "backpack": "backpack backpacks rucksack knapsack schoolbag",
    "umbrella": "umbrella umbrellas parasol brolly",
    "handbag": "handbag handbags bag bags purse satchel tote",
    "tie": "tie necktie",
    "suitcase": "suitcase suitcases luggage briefcase",
    "frisbee": "frisbee",
    "skis": "skis",
    "snowboard": "snowboard",
    "sports ball": "ball",
    "kite": "kite",
    "baseball bat": "bat",
    "skateboard": "skateboard longboard",
    "surfboard": "surfboard",
    "tennis racket": "racket racquet",
    "bottle": "bottle",
    "cup": "cup mug",
    "chair": "chair chairs stool",
    "couch": "couch sofa",
    "potted plant": "plant plants",
    "bed": "bed",
    "dining table": "table tables desk",
    "tv": "tv television monitor",
    "laptop": "laptop",
    "cell phone": "phone cellphone smartphone mobile",
    "book": "book",
    "clock": "clock",
    "teddy bear": "teddy teddybear",
}
OBJECTS: dict[str, str] = {  # word -> COCO class
    word: name for group in (ANIMALS, VEHICLES, THINGS) for name, said in group.items() for word in said.split()
}
PLURAL_OBJECTS = words("birds pigeons ducks geese cats dogs puppies horses lambs cows cattle elephants bears zebras")
