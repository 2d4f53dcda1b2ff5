# Peoria in a container: docker build -t peoria . && docker run -p 127.0.0.1:8080:8080 -v peoria:/data peoria
# It serves; to train in it, too: docker build --build-arg EXTRAS=train -t peoria .
FROM python:3.11-slim

# Space-separated: train, ocr, postgres, objects.
ARG EXTRAS=""

ENV PYTHONUNBUFFERED=1 \
    PEORIA_DATA_DIR=/data \
    PEORIA_WEB_HOST=0.0.0.0 \
    PEORIA_LOG_FORMAT=json

WORKDIR /peoria
COPY requirements requirements
RUN for name in ${EXTRAS:-base}; do \
        pip install --no-cache-dir --no-deps --require-hashes -r "requirements/$name.lock" || exit 1; \
    done && pip check

COPY main.py ./
COPY bot bot
COPY migrations migrations
COPY models models
COPY peoria peoria
COPY storage storage
COPY trainer trainer

RUN useradd --system --create-home peoria && mkdir /data && chown peoria /data
USER peoria
VOLUME /data
EXPOSE 8080
HEALTHCHECK CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/livez', timeout=5)"]
ENTRYPOINT ["python", "main.py"]
CMD ["run"]
