# syntax=docker/dockerfile:1
ARG PYTHON=3.11
ARG NODE=22

FROM node:${NODE}-slim AS frontend
WORKDIR /frontend
COPY frontend/package.json frontend/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY frontend ./
RUN npm run build

# Every package with the hash that was reviewed, and as a wheel: no package's own code runs here.
FROM python:${PYTHON}-slim AS wheels
# For checkpoints in a bucket: --build-arg S3=yes
ARG S3=
# For exports as Parquet: --build-arg ANALYTICS=yes
ARG ANALYTICS=
COPY requirements.txt requirements-analytics.txt requirements-s3.txt ./
RUN pip wheel --no-cache-dir --require-hashes --only-binary :all: \
        --wheel-dir /wheels --requirement requirements.txt ${S3:+--requirement requirements-s3.txt} \
        ${ANALYTICS:+--requirement requirements-analytics.txt}

FROM python:${PYTHON}-slim
RUN --mount=type=bind,from=wheels,source=/wheels,target=/wheels \
    pip install --no-cache-dir --no-index --no-deps /wheels/*.whl
WORKDIR /app
COPY config config
COPY service service
COPY workers workers
COPY --from=frontend /frontend/dist frontend/dist
RUN python -m compileall -q config service workers \
    && useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent inphora
USER 10001:10001

ENV PORT=8000 PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/api/health/live', timeout=2)"]
CMD ["gunicorn", "service.app:create_app", "--config", "config/gunicorn.py"]
