"""One file a resource: parse the request, call the renderer, build the response."""
