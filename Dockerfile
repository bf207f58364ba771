# The shop as an image: the web server by default, `python manage.py consume` for the consumer.

FROM python:3.13-slim AS build
WORKDIR /app
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
# Before the code, so that a change of the code does not install everything anew.
COPY requirements.txt .
RUN pip install --no-cache-dir --require-hashes -r requirements.txt
COPY . .
RUN pybabel compile -d shopsite/locale -D django
# Settings want secrets in production; these are used for nothing and stay in this step.
RUN PRODUCTION=true SECRET_KEY=unused CUSTOMER_ID_KEY=unused python manage.py collectstatic --noinput

FROM python:3.13-slim
# A number that no user of the host has. The code belongs to root, so the shop cannot change itself.
RUN useradd --system --uid 10001 --no-create-home --home-dir /nonexistent shop \
    && install --directory --owner=shop /app/.local
WORKDIR /app
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app .
# Unbuffered, so that the last words of a process that dies reach the container's log.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PRODUCTION=true
USER shop
EXPOSE 8000
# 0.0.0.0 because 127.0.0.1 inside a container is reachable from nowhere else; which address of the
# host it gets is said where the port is published, and docker-compose.yml says 127.0.0.1.
# Threads, because a form waits up to a second for its receipt. /dev/shm, because the workers' signs
# of life are written to a file, and a slow disk must not make them look dead. No control socket:
# nobody uses it, and it would need a home folder.
CMD ["gunicorn", "shopsite.wsgi", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "8", \
     "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]
