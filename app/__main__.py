"""python -m app: serve a folder of checkpoints over HTTP."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import signal
import socket
import sys
from functools import partial
from pathlib import Path

import uvicorn
from pydantic import ValidationError

from app.catalog import CatalogError, load_catalog
from app.early_refusal import EarlyRefusal, RefusalGate
from app.main import create_app
from app.metrics import Metrics
from app.routes.service import Service
from app.settings import Settings, misspelt_settings

_log = logging.getLogger(__name__)
_GC_THRESHOLD = 20_000

_EPILOG = """\
then, in another terminal:
  curl localhost:8000/images/7.png -o seven.png
  curl localhost:8000/generate -d '{"n": 16}' -o sheet.png
  curl 'localhost:8000/interpolate?start=1&end=2&format=gif' -o walk.gif
  open http://localhost:8000/ or http://localhost:8000/docs in a browser

Limits, device and threads are set by GANLOOM_* variables:
"""


class StartError(Exception):
    """The service cannot start; the message says why."""


def main() -> None:
    """Serve until SIGTERM or Ctrl-C, then finish what runs: exit code 0; 1 if it cannot start."""
    arguments = _parse_arguments()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    # uvicorn raises the signal again once it has drained; before that it ends a start.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    try:
        settings = _read_settings(arguments.weights)
        with _bind(arguments.host, arguments.port) as listener:
            metrics = Metrics()
            service = Service(settings, metrics, load_catalog(settings, metrics))
            _serve(service, listener, arguments.access_log)
    except (CatalogError, StartError) as error:
        sys.exit(f"ganloom: {error}")


def _serve(service: Service, listener: socket.socket, has_access_log: bool) -> None:
    config = uvicorn.Config(
        create_app(service=service),
        http=partial(EarlyRefusal, RefusalGate(service)),  # type: ignore[arg-type]  # called like a class
        access_log=has_access_log,
        ws="none",
        # Longer than proxies keep theirs, 60 s: who closes first must be the one who asks.
        timeout_keep_alive=75,
        server_header=False,
        timeout_graceful_shutdown=max(1, round(service.settings.drain_s)),
    )
    listener.listen(config.backlog)  # from here on a client waits rather than be refused
    address = _describe_address(listener)
    print(f"ganloom: serving on {address} (Ctrl-C stops)", file=sys.stderr, flush=True)
    # What the imports made stays; a full collection would walk through it for 0.2 s at a time.
    gc.freeze()
    # Requests in flight are thousands of objects, which a collection at every 700 looks through.
    gc.set_threshold(_GC_THRESHOLD)
    server = uvicorn.Server(config)
    server.run(sockets=[listener])
    if not server.started:
        sys.exit(1)


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
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return int(text)


def _read_settings(weights: Path | None) -> Settings:
    """Read the settings, and warn of misspelt ones; StartError names each that is wrong."""
    for name, meant in misspelt_settings(os.environ).items():
        _log.warning("%s is no setting, so it is ignored; %s is one", name, meant)
    try:
        return Settings() if weights is None else Settings(weights=weights)
    except ValidationError as error:
        found = "; ".join(
            ": ".join([*(f"GANLOOM_{part}".upper() for part in item["loc"]), item["msg"]])
            for item in error.errors(include_url=False)
        )
        raise StartError(found) from error


def _bind(host: str, port: int) -> socket.socket:
    """Take the port before the slow start, so that one in use is told at once."""
    try:
        family, kind, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
        except OSError:
            listener.close()
            raise
    except UnicodeError as error:
        raise StartError(f"{host!r} is not a host name") from error
    except OSError as error:
        reason = f"{error.strerror}; name another with --host or --port"
        raise StartError(f"cannot listen on {host} port {port}: {reason}") from error
    return listener


def _describe_address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


if __name__ == "__main__":
    main()
