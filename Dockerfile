# Two stages: what installs the packages does not travel with them.
FROM python:3.11-slim-bookworm AS packages
COPY requirements.txt /requirements.txt
RUN python -m venv /packages && /packages/bin/pip install --no-cache-dir --require-hashes -r /requirements.txt

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home activity
COPY --from=packages /packages /packages
COPY . /service
WORKDIR /service
ENV PATH="/packages/bin:$PATH" PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOST=0.0.0.0 PORT=5000
USER 10001
EXPOSE 5000
CMD ["python", "-m", "app"]
