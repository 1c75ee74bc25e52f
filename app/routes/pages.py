"""GET / and /docs: what a person sees. Everything comes from this server, none from elsewhere."""

from __future__ import annotations

from pathlib import Path

import fastapi_offline  # brings Swagger UI, which FastAPI itself asks a CDN for
from fastapi import FastAPI, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

_STATIC = Path(__file__).parents[1] / "static"
_PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; "
        "connect-src 'self'; font-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def install_pages(app: FastAPI) -> None:
    """Add the front page, its files, and the API's page."""
    app.state.page = (_STATIC / "index.html").read_bytes()
    app.add_api_route("/", _show_page, methods=["GET", "HEAD"], include_in_schema=False)
    app.mount("/static", StaticFiles(directory=_STATIC))
    app.mount(
        "/docs-static", StaticFiles(directory=Path(fastapi_offline.__file__).parent / "static")
    )
    app.add_api_route("/docs", _show_docs, methods=["GET", "HEAD"], include_in_schema=False)


async def _show_page(request: Request) -> Response:
    return HTMLResponse(request.app.state.page, headers=_PAGE_HEADERS)


async def _show_docs(request: Request) -> Response:
    title = f"{request.app.title}: API"
    return get_swagger_ui_html(
        openapi_url="openapi.json",
        title=title,
        swagger_js_url="docs-static/swagger-ui-bundle.js",
        swagger_css_url="docs-static/swagger-ui.css",
        swagger_favicon_url="static/icon.svg",
    )
