"""`AvatarQuery`: what a client may say of how an avatar is drawn."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from app.schemas import CacheableQuery, require_plain_digits
from app.text_form import TextForm

AvatarText = Annotated[str, Field(min_length=1, max_length=256)]


def _drop_number_sign(value: object) -> object:
    """Take a colour as CSS writes it too."""
    return value.removeprefix("#") if isinstance(value, str) else value


class AvatarQuery(CacheableQuery):
    """How an avatar is drawn. The names are DiceBear's where they mean the same."""

    size: Annotated[int, Field(ge=16, le=512), BeforeValidator(require_plain_digits)] = Field(
        default=128, description="its side in pixels"
    )
    radius: Annotated[int, Field(ge=0, le=50), BeforeValidator(require_plain_digits)] = Field(
        default=0, description="of the corners, in percent of the side; 50 is a circle"
    )
    flip: bool = Field(default=False, description="left to right")
    background_color: Annotated[
        str,
        TextForm(
            r"^([0-9a-fA-F]{6}|transparent)$",
            "a colour of six hexadecimal digits, such as b6e3f4, or transparent",
        ),
        BeforeValidator(_drop_number_sign),
    ] = Field(
        default="transparent",
        alias="backgroundColor",
        description="as b6e3f4, behind what is transparent; a jpg is white there otherwise",
    )
    filter: Literal["lanczos", "nearest"] = Field(
        default="lanczos", description="how it is sized; nearest keeps the corners of pixel art"
    )


class SeededAvatarQuery(AvatarQuery):
    """An avatar whose string is in the query."""

    seed: AvatarText = Field(description="any string", examples=["Felix"])
