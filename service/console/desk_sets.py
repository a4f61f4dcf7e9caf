"""A new set, the overview of one, and its texts: title, work, rights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from indexer.model import Fame
from service.console.desk_forms import SetForm, faults_of, propose_slug, set_form
from service.console.desk_view import path_of, render_part, steps
from service.console.flash import Flash
from service.console.forms import Faults
from service.console.pages import OwnerPage, Page
from service.domain.errors import InvalidFields
from service.domain.identity import Role
from service.domain.registration import RegisteredSet
from service.usecases.registration import NewSet, SetChanges

router = APIRouter()
Form = Annotated[SetForm, Depends(set_form)]


@router.get("/desk/sets/new")
def new(page: OwnerPage) -> Response:
    """Ask for the texts of a new set."""
    owners = page.wired.registration.owners(page.caller)
    holder = owners[0] if owners and page.caller.role is Role.RIGHTS_OWNER else None
    return _new(page, SetForm(holder=holder.name, identity=holder.identity) if holder else SetForm(), Faults())


@router.post("/desk/sets/new")
def create(page: OwnerPage, form: Form) -> Response:
    """Register a set as a draft, and go on to its pictures."""
    form = replace(form, slug=form.slug or propose_slug(form.title_en))
    given = NewSet(
        slug=form.slug,
        title=form.title,
        work=form.work,
        fame=form.known_fame if page.caller.role is Role.ADMIN else Fame.ORDINARY,
        holder=form.holder,
        identity=form.identity,
        evidence=form.evidence,
        owner=form.owner or None if page.caller.role is Role.ADMIN else None,
    )
    try:
        item = page.wired.registration.create(page.caller, given)
    except InvalidFields as error:
        return _new(page, form, faults_of(page, error))
    return page.go(path_of(item.slug, "/pictures"), Flash("set_made"))


@router.get("/desk/sets/{slug}")
def overview(page: OwnerPage, slug: str) -> Response:
    """Show how a set stands, what is missing, and what could be better."""
    item = page.wired.registration.get(page.caller, slug)
    return render_part(
        page,
        slug,
        "",
        "overview.html",
        steps=steps(item),
        advice=page.wired.references.advice(page.caller, slug),
        conflicts=_conflicts(page, item),
    )


@router.get("/desk/sets/{slug}/details")
def details(page: OwnerPage, slug: str) -> Response:
    """Show the texts of a set in their form."""
    return _details(page, slug, _form_of(page.wired.registration.get(page.caller, slug)), Faults())


@router.post("/desk/sets/{slug}/details")
def change(page: OwnerPage, slug: str, form: Form) -> Response:
    """Change the texts of a set; titles in further languages stay."""
    content = page.wired.registration.get(page.caller, slug).content
    changes = SetChanges(
        title={**_others(content.title), **form.title},
        work={**_others(content.work), **form.work},
        fame=form.known_fame if page.caller.role is Role.ADMIN else None,
        holder=form.holder,
        identity=form.identity,
        evidence=form.evidence,
    )
    try:
        page.wired.registration.change(page.caller, slug, changes)
    except InvalidFields as error:
        return _details(page, slug, form, faults_of(page, error))
    return page.go(path_of(slug, "/details"), Flash("set_saved"))


def _conflicts(page: Page, item: RegisteredSet) -> list[tuple[str, Any]]:
    """Return what other rights owners have registered too: each picture or name, with the remark on it."""
    files = {known.id: known.file.removeprefix("images/") for known in item.references}
    found = page.wired.references.conflicts(page.caller, item.slug)
    pictures = [(files[reference], told) for reference, remarks in found.items() for told in remarks]
    names = page.wired.registration.alias_remarks(page.caller, item.slug)
    return pictures + [
        (one.alias.text, told) for one in names for told in one.remarks if told.code == "alias_of_another_set"
    ]


def _others(texts: Mapping[str, str]) -> dict[str, str]:
    return {language: text for language, text in texts.items() if language not in ("en", "zh")}


def _form_of(item: RegisteredSet) -> SetForm:
    content = item.content
    return SetForm(
        slug=item.slug,
        title_en=content.title.get("en", ""),
        title_zh=content.title.get("zh", ""),
        work_en=content.work.get("en", ""),
        work_zh=content.work.get("zh", ""),
        fame=content.fame.value,
        holder=content.holder,
        identity=item.rights_identity,
        evidence=content.rights_evidence,
        owner=item.owner or "",
    )


def _new(page: Page, form: SetForm, faults: Faults) -> Response:
    owners = page.wired.registration.owners(page.caller)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK
    return page.render("desk/new.html", status, form=form, faults=faults, owners=owners, fames=tuple(Fame))


def _details(page: Page, slug: str, form: SetForm, faults: Faults) -> Response:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK
    return render_part(page, slug, "/details", "details.html", status, form=form, faults=faults, fames=tuple(Fame))
