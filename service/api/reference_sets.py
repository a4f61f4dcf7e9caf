"""Routes of reference sets: for rights owners, who see their own alone, and for admins."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel
from starlette.datastructures import FormData, UploadFile

from indexer.errors import PictureError
from indexer.model import Alias, AliasKind, Fame
from service.api import shown_sets, wire_sets
from service.api.bodies import described, read_json
from service.api.dependencies import AdminCaller, OwnerCaller, Service, SetReader
from service.api.files import SentPicture, hashed_file, read_form
from service.api.problems import problems
from service.domain.errors import FieldFault, InvalidFields, TooLarge
from service.usecases.references import MOST_AT_ONCE, Outcome
from service.usecases.registration import NewSet, SetChanges

router = APIRouter(prefix="/v1/reference-sets", tags=["reference sets"])

_TOLD = {404: "No such thing, or not this caller's.", 409: "The set stands where this cannot be done to it."}
_PROBLEMS = problems(_TOLD | {400: "Not JSON, or not multipart."}, body=True)
_READ = problems({404: _TOLD[404]})
_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["images"],
                    "properties": {
                        "images": {
                            "type": "array",
                            "maxItems": MOST_AT_ONCE,
                            "items": {"type": "string", "format": "binary"},
                        }
                    },
                }
            }
        },
    }
}
Slug = Annotated[str, Path(max_length=64)]
Id = Annotated[str, Path(max_length=128)]


def _body(model: type[BaseModel], *, listed_as: str | None = None) -> Callable[..., Any]:
    async def read(request: Request, _: OwnerCaller) -> BaseModel:
        """Read the body, after the caller is known."""
        return await read_json(request, model, listed_as=listed_as, place="", optional=True)

    return read


async def pictures(request: Request, _: OwnerCaller) -> AsyncIterator[FormData]:
    """Read the files, after the caller is known; what was spooled to disk is removed afterwards."""
    parts = await read_form(request, MOST_AT_ONCE)
    try:
        yield parts
    finally:
        await parts.close()


@dataclass(frozen=True, slots=True)
class _Bounded:
    """A PictureSource that is not read into memory where it is too large to be a picture."""

    sent: SentPicture
    size: int
    most: int

    @property
    def name(self) -> str:
        """What answers call it."""
        return self.sent.name

    @property
    def data(self) -> bytes:
        """Read it. Raises PictureError."""
        if self.size > self.most:
            raise PictureError(
                f"{self.name}: {self.size} bytes, more than the {self.most} allowed", code="file_too_large"
            )
        return self.sent.data


# --- Sets ---


@router.post(
    "",
    status_code=201,
    response_model=wire_sets.SetAnswer,
    responses=_PROBLEMS,
    openapi_extra=described(wire_sets.NewSetDocument),
    summary="Register a reference set",
)
def create(
    service: Service,
    who: OwnerCaller,
    asked: Annotated[wire_sets.NewSetDocument, Depends(_body(wire_sets.NewSetDocument))],
) -> Any:
    """Register a reference set as a draft; nothing is matched with it until an admin activates it."""
    given = NewSet(
        slug=asked.slug,
        title=_texts(asked.title),
        work=_texts(asked.work),
        fame=Fame(asked.fame),
        aliases=_aliases(asked.aliases),
        holder=asked.rights.holder,
        identity=asked.rights.identity,
        evidence=asked.rights.evidence,
        owner=asked.owner,
    )
    return shown_sets.whole(service.registration.create(who, given))


@router.get("", response_model=wire_sets.SetList, responses=_READ, summary="List reference sets")
def list_sets(service: Service, who: SetReader, owner: Annotated[str | None, Query(max_length=64)] = None) -> Any:
    """Give the sets that the caller may see, by slug; of one rights owner where it is named."""
    found = service.registration.list_all(who, owner)
    return {"reference_sets": [shown_sets.summary(item) for item in found]}


@router.get("/{slug}", response_model=wire_sets.SetAnswer, responses=_READ, summary="Show a reference set")
def show(service: Service, who: SetReader, slug: Slug) -> Any:
    """Give a set with all it holds."""
    return shown_sets.whole(service.registration.get(who, slug))


@router.patch(
    "/{slug}",
    response_model=wire_sets.SetAnswer,
    responses=_PROBLEMS,
    openapi_extra=described(wire_sets.SetChangesDocument),
    summary="Change a reference set",
)
def change(
    service: Service,
    who: OwnerCaller,
    slug: Slug,
    asked: Annotated[wire_sets.SetChangesDocument, Depends(_body(wire_sets.SetChangesDocument))],
) -> Any:
    """Change fields; those that are absent stay as they are."""
    changes = SetChanges(
        title=None if asked.title is None else _texts(asked.title),
        work=None if asked.work is None else _texts(asked.work),
        fame=None if asked.fame is None else Fame(asked.fame),
        holder=asked.rights.holder,
        identity=asked.rights.identity,
        evidence=asked.rights.evidence,
        owner=asked.owner,
    )
    return shown_sets.whole(service.registration.change(who, slug, changes))


@router.put(
    "/{slug}/aliases",
    response_model=wire_sets.AliasesAnswer,
    responses=_PROBLEMS,
    openapi_extra=described(wire_sets.AliasesDocument),
    summary="Replace the aliases",
)
def put_aliases(
    service: Service,
    who: OwnerCaller,
    slug: Slug,
    asked: Annotated[wire_sets.AliasesDocument, Depends(_body(wire_sets.AliasesDocument, listed_as="aliases"))],
) -> Any:
    """Replace all aliases; the answer says what was noticed about each. A bare list is taken, too."""
    item, remarks = service.registration.put_aliases(who, slug, _aliases(asked.aliases))
    return {"aliases": shown_sets.aliases(item), "remarks": [found.told() for found in remarks]}


# --- Pictures ---


@router.post(
    "/{slug}/references",
    status_code=201,
    response_model=wire_sets.PictureReports,
    responses=_PROBLEMS,
    openapi_extra=_FORM,
    summary="Add pictures",
)
def add_pictures(service: Service, who: OwnerCaller, slug: Slug, parts: Annotated[FormData, Depends(pictures)]) -> Any:
    """Add pictures; the answer is a quality report on each. What cannot be decoded is refused, the others are kept.

    Where nothing could be taken the answer is 422, with each file's reason.
    """
    files = _files(parts, service.settings.max_picture_bytes)
    reports = service.references.add(who, slug, files)
    if all(given.outcome is Outcome.REFUSED for given in reports):
        refused = [FieldFault(f"images[{number}]", given.reason or "") for number, given in enumerate(reports)]
        raise InvalidFields(refused)
    advice = service.references.advice(who, slug)
    return {"references": [shown_sets.report(given) for given in reports], "advice": list(advice)}


@router.get(
    "/{slug}/references/{reference_id}/picture",
    response_class=Response,
    responses={**_READ, 200: {"content": {"image/*": {}}, "description": "The picture."}},
    summary="Show a picture",
)
def show_picture(
    service: Service, who: SetReader, slug: Slug, reference_id: Id, *, thumbnail: bool = False
) -> Response:
    """Give a picture's file, or with `?thumbnail=1` a small copy."""
    found = service.references.picture(who, slug, reference_id, thumbnail=thumbnail)
    headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"}
    return Response(found.data, media_type=found.media_type, headers=headers)


@router.delete(
    "/{slug}/references/{reference_id}",
    status_code=204,
    response_class=Response,
    responses=_PROBLEMS,
    summary="Remove a picture",
)
def remove_picture(service: Service, who: OwnerCaller, slug: Slug, reference_id: Id) -> None:
    """Take a picture out of the set; that it was in it stays recorded."""
    service.references.remove(who, slug, reference_id)


@router.get("/{slug}/quality", response_model=wire_sets.QualityAnswer, responses=_READ, summary="What could be better")
def quality(service: Service, who: SetReader, slug: Slug) -> Any:
    """Say what the set lacks, what is to be noticed about its aliases, and what other rights owners' sets hold too."""
    return {
        "advice": list(service.references.advice(who, slug)),
        "aliases": [found.told() for found in service.registration.alias_remarks(who, slug)],
        "conflicts": service.references.conflicts(who, slug),
    }


# --- States ---


@router.post("/{slug}/activate", response_model=wire_sets.SetAnswer, responses=_PROBLEMS, summary="Put a set in force")
def activate(service: Service, who: AdminCaller, slug: Slug) -> Any:
    """Match uploads with this set from now on. It needs a picture, and evidence of the rights."""
    return shown_sets.whole(service.registration.activate(who, slug))


Reason = Annotated[wire_sets.ReasonDocument, Depends(_body(wire_sets.ReasonDocument))]
_REASON = described(wire_sets.ReasonDocument, required=False)


@router.post(
    "/{slug}/suspend",
    response_model=wire_sets.SetAnswer,
    responses=_PROBLEMS,
    openapi_extra=_REASON,
    summary="Put a set out of force",
)
def suspend(service: Service, who: OwnerCaller, slug: Slug, given: Reason) -> Any:
    """Match nothing with this set until it is activated again."""
    return shown_sets.whole(service.registration.suspend(who, slug, reason=given.reason))


@router.post(
    "/{slug}/withdraw",
    response_model=wire_sets.SetAnswer,
    responses=_PROBLEMS,
    openapi_extra=_REASON,
    summary="Withdraw a set",
)
def withdraw(service: Service, who: OwnerCaller, slug: Slug, given: Reason) -> Any:
    """Match nothing with this set any more; its slug is not used again."""
    return shown_sets.whole(service.registration.withdraw(who, slug, reason=given.reason))


# --- Licences ---


@router.post(
    "/{slug}/licences",
    status_code=201,
    response_model=wire_sets.LicenceAnswer,
    responses=_PROBLEMS,
    openapi_extra=described(wire_sets.LicenceDocument),
    summary="Grant a licence",
)
def grant(
    service: Service,
    who: OwnerCaller,
    slug: Slug,
    asked: Annotated[wire_sets.LicenceDocument, Depends(_body(wire_sets.LicenceDocument))],
) -> Any:
    """Let somebody use the character: what is found about this set does not count against them."""
    given = service.registration.grant(who, slug, platform=asked.platform, uploader=asked.uploader, until=asked.until)
    return shown_sets.licence(given)


@router.delete(
    "/{slug}/licences/{licence_id:path}",
    status_code=204,
    response_class=Response,
    responses=_PROBLEMS,
    summary="End a licence",
)
def end_licence(service: Service, who: OwnerCaller, slug: Slug, licence_id: Id) -> None:
    """End a licence, named `licence-2` or by its whole id."""
    service.registration.end_licence(who, slug, licence_id)


# --- What it finds ---


@router.post("/{slug}/dry-run", response_model=wire_sets.DryRunAnswer, responses=_READ, summary="Try a set out")
def dry_run(service: Service, who: SetReader, slug: Slug) -> Any:
    """Say what the set would match among the latest screened pictures and in the control set, whatever its state."""
    return shown_sets.dry_run(service.dry_runs.run(who, slug))


@router.get("/{slug}/matches", response_model=wire_sets.MatchList, responses=_READ, summary="Where it was found")
def matches(service: Service, who: SetReader, slug: Slug) -> Any:
    """Give the latest uploads in which the set was found: no more of each than a notice needs."""
    return {"matches": [shown_sets.match(given) for given in service.desk.matches(who, slug)]}


def _texts(given: str | dict[str, str]) -> dict[str, str]:
    return {"en": given} if isinstance(given, str) else given


def _aliases(given: Iterable[wire_sets.AliasDocument]) -> list[Alias]:
    return [Alias(item.text, item.language, AliasKind(item.kind)) for item in given]


def _files(parts: FormData, most_bytes: int) -> list[_Bounded]:
    """Return the files of a form. Raises InvalidFields where there is none, or TooLarge."""
    given = parts.getlist("images")
    if not given or not all(isinstance(part, UploadFile) for part in given):
        raise InvalidFields([FieldFault("images", "send one picture or more as files")])
    if len(given) > MOST_AT_ONCE:
        raise TooLarge(f"{len(given)} pictures, at most {MOST_AT_ONCE} a request")
    return [
        _Bounded(SentPicture(part.filename or f"image-{number}", hashed_file(part)), part.size or 0, most_bytes)
        for number, part in enumerate(given, 1)
        if isinstance(part, UploadFile)
    ]
