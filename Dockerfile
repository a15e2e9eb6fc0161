# The operator's image. `docker build .` works as it is; `make image` also works without a container engine.
ARG BASE_IMAGE=docker.io/library/python:3.11-slim

FROM ${BASE_IMAGE} AS build
RUN python3 -m venv /opt/firedoor
COPY requirements/operator.txt wheelhouse* /tmp/build/
RUN if ls /tmp/build/*.whl >/dev/null 2>&1; then only="--no-index --find-links=/tmp/build"; fi; \
    /opt/firedoor/bin/pip install --no-cache-dir --no-compile --disable-pip-version-check $only \
      --require-hashes --only-binary :all: -r /tmp/build/operator.txt \
    && rm -rf /tmp/build
COPY operator/firedoor /tmp/firedoor
RUN site=$(/opt/firedoor/bin/python3 -c 'import site; print(site.getsitepackages()[0])') \
    && cp -r /tmp/firedoor "$site/firedoor" && rm -rf /tmp/firedoor \
    && printf '#!/opt/firedoor/bin/python3\nfrom firedoor.cli.main import main\nmain()\n' > /opt/firedoor/bin/firedoor \
    && chmod 755 /opt/firedoor/bin/firedoor \
    && rm -rf "$site"/pip "$site"/setuptools "$site"/pip-* "$site"/setuptools-* \
    && /opt/firedoor/bin/python3 -m compileall -q -j 0 "$site"

FROM ${BASE_IMAGE}
COPY --from=build /opt/firedoor /opt/firedoor
ENV PATH=/opt/firedoor/bin:/usr/local/bin:/usr/bin:/bin PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 65532:65532
ENTRYPOINT ["firedoor"]
