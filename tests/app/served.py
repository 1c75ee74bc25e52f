"""The service behind a real socket, in a thread of the tests' own process."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI

LIMIT_S = 60


@contextlib.contextmanager
def listening(app: FastAPI) -> Iterator[str]:
    """Serve `app` on a free port and give its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # A request waits in the backlog until the lifespan has started.
        config = uvicorn.Config(app, ws="none", log_config=None)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(LIMIT_S)
            assert not thread.is_alive()
