"""Embeddings of other lengths than MobileNetV2's 1280 numbers.

Revision ID: 0026
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_NAME = "ck_embeddings_vector_length"
_ANY = "length(vector) BETWEEN 16 AND 8192 AND length(vector) % 2 = 0"
_MOBILENET = "length(vector) = 2560"


def upgrade() -> None:
    _exchange(_MOBILENET, _ANY)


def downgrade() -> None:
    # Nothing before this one knew what to do with them.
    op.execute("DELETE FROM embeddings WHERE length(vector) <> 2560")
    _exchange(_ANY, _MOBILENET)


def _exchange(old: str, new: str) -> None:
    # Told as it is: reading it from SQLite would read the images and their odd indexes, too.
    table = sa.Table(
        "embeddings",
        sa.MetaData(),
        sa.Column("image_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("backbone", sa.String(length=64), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(old, name=op.f(_NAME)),
        sa.ForeignKeyConstraint(
            ["image_id"], ["images.id"], name=op.f("fk_embeddings_image_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("image_id", "backbone", name=op.f("pk_embeddings")),
    )
    with op.batch_alter_table("embeddings", copy_from=table) as embeddings:
        embeddings.drop_constraint(op.f(_NAME), type_="check")
        embeddings.create_check_constraint(op.f(_NAME), new)
