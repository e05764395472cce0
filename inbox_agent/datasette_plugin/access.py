"""Who may see our pages: whoever may see the database, and nobody else.

Datasette checks nothing for a page that a plugin adds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datasette.utils.asgi import Forbidden

from inbox_agent.catalogue import DATABASE

if TYPE_CHECKING:
    from datasette.app import Datasette


async def may_view(datasette: Datasette, actor: Any) -> bool:
    """Whether somebody (None: nobody signed in) may see the database and so our pages."""
    if hasattr(datasette, "permission_allowed"):  # Datasette 0.65
        views = ("view-instance", None), ("view-database", DATABASE)
        return all(
            [
                await datasette.permission_allowed(actor, action, resource, default=True)
                for action, resource in views
            ]
        )
    from datasette.resources import DatabaseResource  # noqa: PLC0415 - only Datasette 1.0 has it

    resource = DatabaseResource(DATABASE)
    allowed = datasette.allowed
    return bool(await allowed(action="view-database", resource=resource, actor=actor))


async def must_view(datasette: Datasette, request: Any) -> None:
    """Raises Forbidden (a page that says so, with status 403) for whoever may not."""
    if not await may_view(datasette, request.actor):
        raise Forbidden("view-database denied")


async def must_view_table(datasette: Datasette, request: Any, table: str) -> None:
    """Raises Forbidden for whoever may see the database, but not this table of it."""
    if hasattr(datasette, "permission_allowed"):  # Datasette 0.65
        is_allowed = await datasette.permission_allowed(
            request.actor, "view-table", (DATABASE, table), default=True
        )
    else:
        from datasette.resources import TableResource  # noqa: PLC0415 - only Datasette 1.0 has it

        resource = TableResource(DATABASE, table)
        is_allowed = await datasette.allowed(
            action="view-table", resource=resource, actor=request.actor
        )
    if not is_allowed:
        raise Forbidden("view-table denied")
