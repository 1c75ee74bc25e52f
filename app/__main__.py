"""python -m app: serve a folder of checkpoints over HTTP."""

from __future__ import annotations

import argparse
import logging
import signal
import socket
import sys
from pathlib import Path

import uvicorn
from pydantic import ValidationError

from app.catalog import CatalogError, load_catalog
from app.main import create_app
from app.metrics import Metrics
from app.routes.service import Service
from app.settings import Settings

_EPILOG = """\
then, in another terminal:
  curl localhost:8000/images/7.png -o seven.png
  curl localhost:8000/generate -d '{"n": 16}' -o sheet.png
  curl 'localhost:8000/interpolate?start=1&end=2&format=gif' -o walk.gif
  open http://localhost:8000/ or http://localhost:8000/docs in a browser

Limits, device and threads are set by GANLOOM_* variables:
"""


def main() -> None:
    """Serve until SIGTERM or Ctrl-C, then finish what runs: exit code 0; 1 if it cannot start."""
    arguments = _parse_arguments()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    # uvicorn raises the signal again once it has drained; before that it ends a start.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    try:
        settings = _read_settings(arguments.weights)
        listener = _bind(arguments.host, arguments.port)
        metrics = Metrics()
        service = Service(settings, metrics, load_catalog(settings, metrics))
    except (CatalogError, OSError) as error:
        sys.exit(f"ganloom: {error}")
    config = uvicorn.Config(
        create_app(service=service),
        access_log=arguments.access_log,
        server_header=False,
        timeout_graceful_shutdown=max(1, round(settings.drain_s)),
        log_level="info",
    )
    url = _describe_address(listener)
    print(f"ganloom: serving on {url} (Ctrl-C stops)", file=sys.stderr, flush=True)
    uvicorn.Server(config).run(sockets=[listener])


def _parse_arguments() -> argparse.Namespace:
    fields = Settings.model_fields.items()
    epilog = _EPILOG + "\n".join(
        f"  GANLOOM_{name.upper():<21} {field.description} [{field.default}]"
        for name, field in fields
    )
    parser = argparse.ArgumentParser(
        prog="python -m app",
        description="Serve every *.safetensors checkpoint of a folder over HTTP.",
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on [%(default)s]")
    parser.add_argument(
        "--port", type=_port, default=8000, help="port, 0 for a free one [%(default)s]"
    )
    parser.add_argument(
        "--weights", type=Path, metavar="DIR", help="folder of checkpoints [weights]"
    )
    parser.add_argument("--access-log", action="store_true", help="log a line for each request")
    return parser.parse_args()


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise ValueError
    return port


def _read_settings(weights: Path | None) -> Settings:
    """Read the settings; CatalogError-like plain words for a variable that is wrong."""
    try:
        return Settings() if weights is None else Settings(weights=weights)
    except ValidationError as error:
        found = "; ".join(
            f"GANLOOM_{'.'.join(map(str, item['loc'])).upper()}: {item['msg']}"
            for item in error.errors(include_url=False)
        )
        raise CatalogError(found) from error


def _bind(host: str, port: int) -> socket.socket:
    """Take the port before the slow start, so that one in use is told at once."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        raise OSError(
            f"cannot listen on {host} port {port}: {error.strerror}; name another with --port"
        ) from error
    listener.set_inheritable(True)
    return listener


def _describe_address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


if __name__ == "__main__":
    main()
