# Two stages, so that the installer stays out of the image. `python -m lib.install service` is the only way to install a
# service, here as on a host: exactly the lock, nothing resolved.
FROM python:3.11-slim-bookworm@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b AS packages
WORKDIR /service
COPY requirements.txt requirements-install.txt ./
COPY lib/__init__.py lib/
COPY lib/install lib/install
RUN python -m lib.install service

FROM python:3.11-slim-bookworm@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b
RUN useradd --system --uid 10001 --no-create-home activity
COPY --from=packages /service/.venv /service/.venv
COPY . /service
WORKDIR /service
# It listens beyond loopback, so requests need keys unless ACCESS=open is set. Only /tmp must be writable.
ENV PATH="/service/.venv/bin:$PATH" PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 FLASK_APP=app \
    ENV=production HOST=0.0.0.0 PORT=5000 LOG_FORMAT=json CLI_PREFIX=flask
USER 10001
EXPOSE 5000
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 CMD ["python", "-m", "lib.probe", "/health/ready"]
# No shell around it: SIGTERM reaches the service, which finishes requests in progress.
STOPSIGNAL SIGTERM
CMD ["python", "-m", "app"]
