"""Light, sky and ground of a place, by the style of its floor plan; a style that is not listed is an ordinary room."""

from __future__ import annotations

from dataclasses import dataclass

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Look:
    """How a place is lit and what its ground looks like.

    Attributes:
        ambient: share of light that comes from everywhere, 0..1; None: drawn as indoors.
        sun: power of the strongest directional light; its rise: how steeply it comes down (1.3 indoors, 0.3 is low).
        floor: what the floor's texture is multiplied by, 0..1; None: as it is.
        reflectance: of the floor, 0..1.
        sky: colours at the horizon and overhead; None: a ceiling with lamps.
    """

    ambient: float | None = None
    sun: float = 0.42
    rise: float = 1.3
    floor: Colour | None = None
    reflectance: float = 0.0
    sky: tuple[Colour, Colour] | None = None


INDOOR = Look()
LOOKS = {
    "parking_lot": Look(ambient=0.16, sun=0.12, floor=(0.55, 0.55, 0.57)),
    "street": Look(
        ambient=0.40, sun=0.50, floor=(0.62, 0.62, 0.66), reflectance=0.25, sky=((0.75, 0.80, 0.86), (0.45, 0.60, 0.85))
    ),
    "open_road": Look(ambient=0.45, sun=0.60, floor=(0.45, 0.45, 0.46), sky=((0.80, 0.86, 0.92), (0.35, 0.55, 0.90))),
    "snow_village": Look(
        ambient=0.30, sun=0.80, rise=0.35, floor=(1.45, 1.48, 1.55), sky=((0.95, 0.88, 0.78), (0.60, 0.70, 0.85))
    ),
}


def look_of(style: str) -> Look:
    """The look of a floor plan's style."""
    return LOOKS.get(style, INDOOR)
