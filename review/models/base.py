"""The declarative base: column types by annotation, and names for every constraint."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, Integer, MetaData, String
from sqlalchemy.orm import DeclarativeBase

from review.clock import UtcDateTime

# SQLite only gives a growing key to INTEGER; PostgreSQL needs 8 bytes for a country.
BigKey = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    # Alembic can only drop what has a name.
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    # none_as_null: without it None is kept as the JSON text 'null', and IS NULL never finds it.
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: String(),
        datetime: UtcDateTime(),
        dict[str, Any]: JSON(none_as_null=True),
        list[str]: JSON(none_as_null=True),
        list[dict[str, Any]]: JSON(none_as_null=True),
        list[list[float]]: JSON(none_as_null=True),
    }
