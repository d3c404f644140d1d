"""Runs the ledger's migrations on the connection that the ledger hands over.

There is no offline mode and no ``alembic.ini``: migrations run when sipbot opens its ledger, in the
transaction the ledger has begun.
"""

from alembic import context

from sipbot import ledger_schema

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=ledger_schema.metadata,
    transactional_ddl=True,
)
context.run_migrations()
