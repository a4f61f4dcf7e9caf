"""Routes of notices: given by rights owners and platforms, acted upon by moderators."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from starlette.datastructures import FormData, UploadFile

from indexer.model import Alias, AliasKind
from service.api import shown_notices, shown_sets, wire_notices, wire_sets
from service.api.bodies import described, read_json
from service.api.dependencies import AnyCaller, Judge, OwnerCaller, Service, allowed
from service.api.files import hashed_file, read_form
from service.api.problems import problems
from service.api.submission import parse_json, validate_as
from service.domain.errors import FieldFault, InvalidFields
from service.domain.identity import Caller, Role, Scope
from service.domain.notice import Accused, NoticeState
from service.ports import NoticeFilter
from service.usecases.counter_notices import Reply
from service.usecases.notice_table import read_table
from service.usecases.transparency import dsa_statements, lumen_notice

router = APIRouter(prefix="/v1/notices", tags=["notices"])

_GONE = {404: "No such notice, or not this caller's.", 409: "The notice stands where this cannot be done to it."}
_ONE = problems({404: _GONE[404]})
_CHANGE = problems(_GONE, body=True)
_NEW = problems(body=True)
_SCOPES = {Role.RIGHTS_OWNER: Scope.SETS, Role.PLATFORM: Scope.SCREEN}
_FILE = {"type": "string", "format": "binary"}

NoticeId = Annotated[str, Path(max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
Id = Annotated[str, Path(max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]


def party(who: AnyCaller) -> Caller:
    """Let everybody pass who may take part in notices, each with the scope of their own work. Raises NotPermitted."""
    return allowed(*Role, scope=_SCOPES.get(who.role, Scope.CASES))(who)


def reader(who: AnyCaller) -> Caller:
    """Let everybody pass who may read. Raises NotPermitted."""
    return allowed(*Role, scope=Scope.READ)(who)


def replier(who: AnyCaller) -> Caller:
    """Let those pass who may send a counter-notice: platforms, and moderators. Raises NotPermitted."""
    scope = _SCOPES.get(who.role, Scope.CASES)
    return allowed(Role.PLATFORM, Role.MODERATOR, Role.ADMIN, scope=scope)(who)


Party = Annotated[Caller, Depends(party)]
Reader = Annotated[Caller, Depends(reader)]
Replier = Annotated[Caller, Depends(replier)]


def _body(model: type[Any], who: Callable[..., Caller]) -> Any:
    async def read(request: Request, _: Any = Depends(who)) -> Any:  # noqa: B008 (who it is differs)
        """Read the body, after the caller is known."""
        return await read_json(request, model)

    return Depends(read)


_judge = allowed(Role.MODERATOR, Role.ADMIN, scope=Scope.CASES)
_registrar = allowed(Role.RIGHTS_OWNER, Role.ADMIN, scope=Scope.SETS)
Notice = Annotated[wire_notices.NoticeDocument, _body(wire_notices.NoticeDocument, party)]
ReplyBody = Annotated[wire_notices.ReplyDocument, _body(wire_notices.ReplyDocument, replier)]
OwnReason = Annotated[wire_notices.ReasonDocument, _body(wire_notices.ReasonDocument, party)]
Suit = Annotated[wire_notices.SuitDocument, _body(wire_notices.SuitDocument, party)]
MeasuresBody = Annotated[wire_notices.MeasuresDocument, _body(wire_notices.MeasuresDocument, _judge)]
Reason = Annotated[wire_notices.ReasonDocument, _body(wire_notices.ReasonDocument, _judge)]
Settling = Annotated[wire_notices.SettlingDocument, _body(wire_notices.SettlingDocument, _judge)]
SetsBody = Annotated[wire_notices.SetsDocument, _body(wire_notices.SetsDocument, _judge)]
AliasesBody = Annotated[wire_notices.AliasesDocument, _body(wire_notices.AliasesDocument, _registrar)]


async def table_form(request: Request, _: Party) -> AsyncIterator[FormData]:
    """Read the parts, after the caller is known; what was spooled to disk is removed afterwards."""
    parts = await read_form(request, 1)
    try:
        yield parts
    finally:
        await parts.close()


Form = Annotated[FormData, Depends(table_form)]


def _multipart(**parts: Any) -> dict[str, Any]:
    schema = {"type": "object", "required": list(parts), "properties": parts}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


@router.post(
    "",
    status_code=201,
    response_model=wire_notices.ReceivedAnswer,
    responses=_NEW,
    openapi_extra=described(wire_notices.NoticeDocument),
    summary="Give notice",
)
def give(service: Service, who: Party, asked: Notice) -> Any:
    """Give notice of uploads that infringe; what is missing is told, and can be added."""
    accused = [Accused(item.platform, item.external_id, item.url, item.note) for item in asked.accused]
    return shown_notices.received(service.notices.receive(shown_notices.given(asked, accused), who))


@router.post(
    "/batch",
    status_code=201,
    response_model=wire_notices.ReceivedAnswer,
    responses=_NEW,
    openapi_extra=_multipart(notice=wire_notices.NoticeHead.model_json_schema(), uploads=_FILE),
    summary="Give notice of a table of uploads",
)
def give_many(service: Service, who: Party, parts: Form) -> Any:
    """Give notice of the uploads of a CSV file: `platform`, `external_id` or `url`, `note`. All of it, or nothing."""
    head, file = parts.get("notice"), parts.get("uploads")
    if not isinstance(head, str):
        raise InvalidFields([FieldFault("notice", "send the part `notice`: JSON")])
    if not isinstance(file, UploadFile):
        raise InvalidFields([FieldFault("uploads", "send the part `uploads`: a CSV file")])
    asked = validate_as(wire_notices.NoticeHead, parse_json(head, "the part `notice`"), "notice")
    accused = read_table(hashed_file(file).read_whole(), service.settings.max_notice_uploads)
    return shown_notices.received(service.notices.receive(shown_notices.given(asked, accused), who))


@router.get(
    "", response_model=wire_notices.NoticePageAnswer, responses=problems({422: "A cursor that is none of ours."})
)
def list_notices(
    service: Service,
    who: Reader,
    *,
    state: NoticeState | None = None,
    order: Literal["priority", "oldest", "newest"] = "priority",
    cursor: Annotated[str | None, Query(max_length=512)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Any:
    """Give a page of the notices that the caller may see."""
    page = service.notices.page(who, NoticeFilter(state), order=order, cursor=cursor, most=limit)
    return {"notices": [shown_notices.notice(item) for item in page.notices], "next_cursor": page.next_cursor}


@router.get("/{notice_id}", response_model=wire_notices.NoticeDetail, responses=_ONE, summary="Read a notice")
def read_notice(service: Service, who: Reader, notice_id: NoticeId) -> Any:
    """Give a notice with its clocks, letters, counter-notices and measures; moderators are told its timeline too."""
    view = service.notices.open(notice_id, who)
    judges = who.role in (Role.MODERATOR, Role.ADMIN)
    return shown_notices.whole(view, service.audit.entries(subject=f"notice:{notice_id}") if judges else [])


@router.put(
    "/{notice_id}",
    response_model=wire_notices.ReceivedAnswer,
    responses=_CHANGE,
    openapi_extra=described(wire_notices.NoticeDocument),
    summary="Complete a notice",
)
def complete(service: Service, who: Party, notice_id: NoticeId, asked: Notice) -> Any:
    """Replace what an incomplete notice says."""
    accused = [Accused(item.platform, item.external_id, item.url, item.note) for item in asked.accused]
    return shown_notices.received(service.notices.complete(notice_id, shown_notices.given(asked, accused), who))


@router.put(
    "/{notice_id}/reference-sets",
    response_model=wire_notices.NoticeAnswer,
    responses=_CHANGE,
    openapi_extra=described(wire_notices.SetsDocument),
    summary="Say which characters a notice is about",
)
def name_sets(service: Service, who: Judge, notice_id: NoticeId, asked: SetsBody) -> Any:
    """Name the reference sets; a complete notice is swept for then."""
    return shown_notices.notice(service.notices.name_sets(notice_id, asked.reference_sets, who))


@router.post("/{notice_id}/forward", response_model=wire_notices.NoticeAnswer, responses=problems(_GONE))
def forward(service: Service, who: Judge, notice_id: NoticeId) -> Any:
    """Pass a complete notice on to the uploaders, through their platforms."""
    return shown_notices.notice(service.notices.forward(notice_id, who))


@router.post(
    "/{notice_id}/measures",
    response_model=wire_notices.TakenAnswer,
    responses=_CHANGE,
    openapi_extra=described(wire_notices.MeasuresDocument, required=False),
    summary="Take uploads down",
)
def take_measures(service: Service, who: Judge, notice_id: NoticeId, asked: MeasuresBody) -> Any:
    """Take measures against all uploads that the notice names and its sweep found, or against chosen ones."""
    chosen = None if asked.uploads is None else [(item.platform, item.external_id) for item in asked.uploads]
    taken = service.notices.take_measures(notice_id, who, chosen, asked.kind)
    return {
        "measures": [shown_notices.measure(item) for item in taken.measures],
        "left_out": [{"platform": item[0], "upload": item[1], "reason": item[2]} for item in taken.left_out],
    }


@router.post(
    "/{notice_id}/counter-notice",
    status_code=201,
    response_model=wire_notices.CounterNoticeAnswer,
    responses=_CHANGE,
    openapi_extra=described(wire_notices.ReplyDocument),
    summary="Send a counter-notice",
)
def counter(service: Service, who: Replier, notice_id: NoticeId, asked: ReplyBody) -> Any:
    """Send a counter-notice on behalf of an uploader; it is passed on to the right holder at once."""
    uploads = tuple((item.platform, item.external_id) for item in asked.uploads)
    reply = Reply(**{**asked.model_dump(), "uploads": uploads})
    return shown_notices.counter(service.counter_notices.receive(notice_id, reply, who))


@router.post(
    "/{notice_id}/counter-notices/{counter_id}/decision",
    response_model=wire_notices.NoticeAnswer,
    responses=_CHANGE,
    openapi_extra=described(wire_notices.SettlingDocument),
    summary="Decide about a counter-notice",
)
def settle(service: Service, who: Judge, notice_id: NoticeId, counter_id: Id, asked: Settling) -> Any:
    """Decide where the law leaves it to a person, or confirm a licence on record."""
    moved = service.counter_notices.settle(notice_id, counter_id, who, reinstate=asked.reinstate, reason=asked.reason)
    return shown_notices.notice(moved)


@router.post(
    "/{notice_id}/suit",
    response_model=wire_notices.NoticeAnswer,
    responses=_CHANGE,
    openapi_extra=described(wire_notices.SuitDocument),
    summary="Show a complaint or suit",
)
def show_suit(service: Service, who: Party, notice_id: NoticeId, asked: Suit) -> Any:
    """Show, before the time is over, that a complaint or suit was brought: the measures stay."""
    moved = service.counter_notices.show_suit(notice_id, asked.text, who, asked.counter_notice_id)
    return shown_notices.notice(moved)


_REASON = described(wire_notices.ReasonDocument, required=False)


@router.post(
    "/{notice_id}/withdraw", response_model=wire_notices.NoticeAnswer, responses=_CHANGE, openapi_extra=_REASON
)
def withdraw(service: Service, who: Party, notice_id: NoticeId, asked: OwnReason) -> Any:
    """Take a notice back; its measures end."""
    return shown_notices.notice(service.notices.withdraw(notice_id, who, asked.reason))


@router.post("/{notice_id}/reject", response_model=wire_notices.NoticeAnswer, responses=_CHANGE, openapi_extra=_REASON)
def reject(service: Service, who: Judge, notice_id: NoticeId, asked: Reason) -> Any:
    """Reject a notice before anything was done because of it."""
    return shown_notices.notice(service.notices.reject(notice_id, who, asked.reason))


@router.post("/{notice_id}/abusive", response_model=wire_notices.NoticeAnswer, responses=_CHANGE, openapi_extra=_REASON)
def mark_abusive(service: Service, who: Judge, notice_id: NoticeId, asked: Reason) -> Any:
    """Find a notice abusive; its measures end."""
    return shown_notices.notice(service.notices.mark_abusive(notice_id, who, asked.reason))


@router.post("/{notice_id}/close", response_model=wire_notices.NoticeAnswer, responses=_CHANGE, openapi_extra=_REASON)
def close(service: Service, who: Judge, notice_id: NoticeId, asked: Reason) -> Any:
    """Close a notice; measures in force stay."""
    return shown_notices.notice(service.notices.close(notice_id, who, asked.reason))


@router.get("/{notice_id}/transparency.json", responses=_ONE, summary="Export a notice for a public database")
def transparency(
    service: Service,
    who: Judge,
    notice_id: NoticeId,
    *,
    wanted: Annotated[Literal["dsa", "lumen"], Query(alias="format")],
) -> dict[str, Any]:
    """Give the statements of reasons for the EU's DSA Transparency Database, or the notice for Lumen."""
    view = service.notices.open(notice_id, who)
    if wanted == "lumen":
        return lumen_notice(view.notice, view.measures)
    return {"statements": dsa_statements(view.notice, view.measures)}


@router.get("/{notice_id}/aliases", response_model=wire_notices.ProposedAliases, responses=_ONE)
def proposed_aliases(service: Service, who: OwnerCaller, notice_id: NoticeId) -> Any:
    """Give words that several uploads of a notice share, and that no set has as a name yet."""
    found = service.notice_aliases.proposed_aliases(notice_id, who)
    return {"proposed": [{"text": i.text, "uploads": i.uploads, "elsewhere": i.elsewhere} for i in found]}


@router.post(
    "/{notice_id}/aliases",
    response_model=wire_sets.SetAnswer,
    responses=_CHANGE,
    openapi_extra=described(wire_notices.AliasesDocument),
    summary="Take aliases",
)
def accept_aliases(service: Service, who: OwnerCaller, notice_id: NoticeId, asked: AliasesBody) -> Any:
    """Add aliases to a set that the notice is about: they count from the next screening on."""
    taken = [Alias(item.text, item.language, AliasKind(item.kind)) for item in asked.aliases]
    return shown_sets.whole(service.notice_aliases.accept(notice_id, asked.reference_set, taken, who))


@router.post(
    "/{notice_id}/attachments",
    status_code=201,
    response_model=wire_notices.AttachmentAnswer,
    responses=problems(_GONE | {415: "Neither PDF nor PNG nor JPEG."}, body=True),
    openapi_extra=_multipart(file=_FILE),
    summary="Attach a file to a notice",
)
def attach(service: Service, who: Party, notice_id: NoticeId, parts: Form) -> Any:
    """Attach a PDF, PNG or JPEG file, such as a register extract; a platform does it for its uploaders."""
    file = parts.get("file")
    if not isinstance(file, UploadFile):
        raise InvalidFields([FieldFault("file", "send the part `file`")])
    data = hashed_file(file).read_whole()
    return shown_notices.attachment(service.attachments.add(notice_id, file.filename or "file", data, who))


@router.get("/{notice_id}/attachments/{attachment_id}", response_class=Response, responses=_ONE)
def read_attachment(service: Service, who: Reader, notice_id: NoticeId, attachment_id: Id) -> Response:
    """Give an attached file to the party whose it is, to moderators, and what uploaders attached to the notifier."""
    found, data = service.attachments.read(notice_id, attachment_id, who)
    return Response(data, media_type=found.media_type, headers=shown_notices.DOWNLOAD)
