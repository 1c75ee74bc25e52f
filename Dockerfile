FROM python:3.11-slim-bookworm AS build

# More flags for pip: a mirror, or the index of another build of torch. On x86-64 the package
# registry's own torch carries CUDA and weighs gigabytes; point pip at the CPU wheels to leave it out:
#   docker build --build-arg PIP_EXTRA_ARGS="--extra-index-url URL_OF_THE_CPU_WHEELS" .
ARG PIP_EXTRA_ARGS=""

WORKDIR /src
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH

# The dependencies first, against empty packages, so that a change of code does not install torch again.
COPY pyproject.toml constraints.txt LICENSE ./
RUN mkdir app model && touch app/__init__.py model/__init__.py \
    && python -m pip install --no-cache-dir --no-compile ${PIP_EXTRA_ARGS} \
       -c constraints.txt '.[service]' \
    # What only C++ projects and the packages' own tests use.
    && site=$(python -c 'import sysconfig; print(sysconfig.get_path("purelib"))') \
    && rm -rf "$site"/torch/include "$site"/torch/share "$site"/torch/test \
       "$site"/torch/bin/*[Tt]est* "$site"/torch/bin/protoc* "$site"/nvidia/*/include \
    && find "$site" -type d -name tests -prune -exec rm -rf {} + \
    && find "$site" -name '*.a' -delete

COPY app app
COPY model model
# The bytecode is made here since the root is read-only later; torch holds a file in newer syntax that
# this Python cannot compile, and never imports. pip has done its work.
RUN python -m pip install --no-cache-dir --no-compile --no-deps --force-reinstall ${PIP_EXTRA_ARGS} . \
    && { python -m compileall -qq -j 0 --invalidation-mode unchecked-hash /opt/venv/lib || true; } \
    && python -m pip uninstall -q -y pip


FROM python:3.11-slim-bookworm

RUN useradd --uid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin ganloom
ENV PATH=/opt/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /app
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
CMD ["ganloom-serve", "--host", "0.0.0.0", "--port", "8000", "--weights", "/app/weights"]

COPY --from=build /opt/venv /opt/venv
COPY weights /app/weights
USER ganloom
