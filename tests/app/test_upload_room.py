from __future__ import annotations

import pytest

from app.errors import Overloaded
from app.main import create_app
from app.settings import Settings
from app.upload_room import UploadRoom
from tests.app.conftest import running

PNG = {"Content-Type": "image/png"}


def test_so_many_pictures_are_held_and_no_more() -> None:
    room = UploadRoom(capacity=2)
    with room.hold(), room.hold():
        with pytest.raises(Overloaded, match="More pictures are waiting") as refused, room.hold():
            pass
        assert refused.value.headers == {"Retry-After": "1"}
    with room.hold(), room.hold():
        pass


def test_a_picture_that_fails_leaves_its_room() -> None:
    room = UploadRoom(capacity=1)
    with pytest.raises(ValueError, match="no picture"), room.hold():
        raise ValueError("no picture")
    with room.hold():
        pass


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/verify", "/invert"])
async def test_uploads_beyond_the_room_are_refused_and_later_ones_taken(
    settings: Settings, path: str
) -> None:
    app = create_app(settings)
    async with running(app) as client:
        picture = (await client.get("/images/7.png?provenance=true")).content
        app.state.service.upload_room = room = UploadRoom(capacity=1)
        with room.hold():
            refused = await client.post(path, content=picture, headers=PNG)
        taken = await client.post(path, content=picture, headers=PNG)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert taken.is_success
