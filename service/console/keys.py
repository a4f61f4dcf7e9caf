"""API keys: `/console/keys`, for admins."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response

from service.console.flash import Flash
from service.console.forms import Faults
from service.console.pages import AdminPage, Page
from service.domain.errors import FieldFault, InvalidFields
from service.domain.identity import SCOPES, Role, Scope

router = APIRouter()
Text = Annotated[str, Form(max_length=1000)]


@router.get("/keys")
def keys(page: AdminPage) -> Response:
    """List the keys, with the form for a new one."""
    return _keys(page, Faults(), {})


@router.post("/keys")
def make(  # noqa: PLR0917 (the fields of the form)
    page: AdminPage,
    label: Text = "",
    role: Text = "",
    holder: Text = "",
    scopes: Annotated[list[str] | None, Form()] = None,
    per_minute: Text = "",
    per_day: Text = "",
) -> Response:
    """Make a key, and show it: nobody can read it again."""
    given = {"label": label, "role": role, "holder": holder, "per_minute": per_minute, "per_day": per_day}
    try:
        chosen = _role(role)
        kept, key = page.wired.keys.make(
            label.strip(),
            chosen,
            holder.strip(),
            by=page.caller,
            scopes=frozenset(Scope(item) for item in scopes if item in set(Scope)) & SCOPES[chosen] if scopes else None,
            per_minute=_limit("per_minute", per_minute),
            per_day=_limit("per_day", per_day),
        )
    except InvalidFields as error:
        return _keys(page, Faults.of(error, page.language), given)
    return _keys(page, Faults(), {}, made=(kept.label, key))


@router.post("/keys/{key_id}/revoke")
def revoke(page: AdminPage, key_id: str) -> Response:
    """Revoke a key."""
    page.wired.keys.revoke(key_id, page.caller)
    return page.go("/console/keys", Flash("revoked"))


def _role(text: str) -> Role:
    if text not in set(Role):
        raise InvalidFields([FieldFault("role", "choose a role", "请选择角色")])
    return Role(text)


def _limit(field: str, text: str) -> int | None:
    if not text.strip():
        return None
    if not text.strip().isascii() or not text.strip().isdigit() or len(text) > 12:  # noqa: PLR2004 (beyond any limit)
        raise InvalidFields([FieldFault(field, "give a whole number, or nothing", "请填写整数，或留空")])
    return int(text)


def _keys(page: Page, faults: Faults, given: dict[str, str], made: tuple[str, str] | None = None) -> Response:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK
    return page.render(
        "keys.html",
        status,
        keys=page.wired.keys.list_all(page.caller),
        fixed=page.wired.settings.keys,
        roles=tuple(Role),
        scopes=SCOPES,
        per_minute=page.wired.settings.requests_per_minute,
        faults=faults,
        given=given,
        made=made,
    )
