"""Run by Alembic on the connection that :mod:`review.schema` hands over, in its transaction."""

from alembic import context

from review.models import Base


def run() -> None:
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        transactional_ddl=True,
        transaction_per_migration=False,
    )
    context.run_migrations()


run()
