"""Posts are found by the words of their titles and images, and sorted by how they were predicted.

Triggers keep the index: whatever changes a title or the text of an image changes it, too.

Revision ID: 0023
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

# ruff: noqa: S608 - nothing in these statements comes from outside

_TEXT = """coalesce((SELECT {join}(images.text, ' ') FROM post_images
    JOIN images ON images.id = post_images.image_id
    WHERE post_images.post_id = posts.id AND images.text <> ''), '')"""
_HAS_TEXT = "EXISTS (SELECT 1 FROM images WHERE images.text <> '' AND images.id IN ({ids}))"

# SQLite: a table of FTS5, whose rows have the ids of posts. Its own ways of keeping no copy of the
# words are too new (contentless_delete), or break when a post has several images (content=).
_SQLITE_ROW = f"""INSERT INTO post_search (rowid, title, image_text, place)
    SELECT posts.id, posts.title, {_TEXT.format(join="group_concat")}, 'c' || posts.community_id
    FROM posts"""
_SQLITE = (
    """CREATE VIRTUAL TABLE post_search USING fts5(
        title, image_text, place, tokenize = 'unicode61 remove_diacritics 2')""",
    _SQLITE_ROW,
    """CREATE TRIGGER post_search_new_post AFTER INSERT ON posts BEGIN
        INSERT INTO post_search (rowid, title, image_text, place)
        VALUES (new.id, new.title, '', 'c' || new.community_id); END""",
    """CREATE TRIGGER post_search_title AFTER UPDATE OF title ON posts
        WHEN new.title IS NOT old.title BEGIN
        UPDATE post_search SET title = new.title WHERE rowid = new.id; END""",
    """CREATE TRIGGER post_search_gone AFTER DELETE ON posts BEGIN
        DELETE FROM post_search WHERE rowid = old.id; END""",
    f"""CREATE TRIGGER post_search_text AFTER UPDATE OF text ON images
        WHEN new.text IS NOT old.text BEGIN
        DELETE FROM post_search
            WHERE rowid IN (SELECT post_id FROM post_images WHERE image_id = new.id);
        {_SQLITE_ROW}
            WHERE posts.id IN (SELECT post_id FROM post_images WHERE image_id = new.id); END""",
    *(
        f"""CREATE TRIGGER post_search_{name} AFTER {event} ON post_images
            WHEN {_HAS_TEXT.format(ids=ids)} BEGIN
            DELETE FROM post_search WHERE rowid = {row}.post_id;
            {_SQLITE_ROW} WHERE posts.id = {row}.post_id; END"""
        for name, event, ids, row in (
            ("new_image", "INSERT", "new.image_id", "new"),
            ("image", "UPDATE OF image_id", "new.image_id, old.image_id", "new"),
            ("image_gone", "DELETE", "old.image_id", "old"),
        )
    ),
)
_SQLITE_TRIGGERS = ("new_post", "title", "gone", "text", "new_image", "image", "image_gone")

_WORDS = f"""to_tsvector('simple',
    left(posts.title || ' ' || {_TEXT.format(join="string_agg")}, 100000))"""
_REFRESH = f"""INSERT INTO post_search (post_id, words)
    SELECT posts.id, {_WORDS} FROM posts WHERE posts.id {{which}}
    ON CONFLICT (post_id) DO UPDATE SET words = excluded.words"""
_FUNCTION = f"""CREATE FUNCTION post_search_of_{{name}}() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN {_REFRESH}; RETURN NULL; END $$"""
_POSTGRESQL = (
    """CREATE TABLE post_search (
        post_id BIGINT PRIMARY KEY REFERENCES posts (id) ON DELETE CASCADE,
        words TSVECTOR NOT NULL)""",
    f"INSERT INTO post_search SELECT posts.id, {_WORDS} FROM posts",
    "CREATE INDEX ix_post_search_words ON post_search USING gin (words)",
    _FUNCTION.format(name="post", which="= new.id"),
    _FUNCTION.format(
        name="image", which="IN (SELECT post_id FROM post_images WHERE image_id = new.id)"
    ),
    _FUNCTION.format(name="place", which="IN (new.post_id, old.post_id)"),
    """CREATE TRIGGER post_search_post AFTER INSERT OR UPDATE OF title ON posts
        FOR EACH ROW EXECUTE FUNCTION post_search_of_post()""",
    """CREATE TRIGGER post_search_text AFTER UPDATE OF text ON images
        FOR EACH ROW WHEN (new.text IS DISTINCT FROM old.text)
        EXECUTE FUNCTION post_search_of_image()""",
    """CREATE TRIGGER post_search_image AFTER INSERT OR DELETE OR UPDATE OF image_id
        ON post_images FOR EACH ROW EXECUTE FUNCTION post_search_of_place()""",
)


def upgrade() -> None:
    op.add_column("labels", sa.Column("rps", sa.Double()))
    op.add_column("labels", sa.Column("log_score", sa.Double()))
    # What people were shown is a post's first prediction.
    op.execute(
        "UPDATE labels SET (rps, log_score) = (SELECT rps, log_score FROM predictions"
        " WHERE predictions.post_id = labels.post_id ORDER BY id LIMIT 1)"
        " WHERE EXISTS (SELECT 1 FROM predictions WHERE predictions.post_id = labels.post_id)"
    )
    op.create_index("ix_labels_community_top", "labels", ["community_id", "score", "post_id"])
    op.create_index("ix_labels_community_rps", "labels", ["community_id", "rps", "post_id"])
    op.create_index("ix_labels_community_log", "labels", ["community_id", "log_score", "post_id"])
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    if on_sqlite:
        # The one by score and post is read for the same.
        op.drop_index("ix_labels_community_score", "labels")
    for statement in _SQLITE if on_sqlite else _POSTGRESQL:
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        op.create_index("ix_labels_community_score", "labels", ["community_id", "score"])
        for name in _SQLITE_TRIGGERS:
            connection.exec_driver_sql(f"DROP TRIGGER post_search_{name}")
        connection.exec_driver_sql("DROP TABLE post_search")
    else:
        connection.exec_driver_sql("DROP TABLE post_search")
        for table, name in (("posts", "post"), ("images", "text"), ("post_images", "image")):
            connection.exec_driver_sql(f"DROP TRIGGER post_search_{name} ON {table}")
        for name in ("post", "image", "place"):
            connection.exec_driver_sql(f"DROP FUNCTION post_search_of_{name}()")
    for name in ("top", "rps", "log"):
        op.drop_index(f"ix_labels_community_{name}", "labels")
    op.drop_column("labels", "log_score")
    op.drop_column("labels", "rps")
