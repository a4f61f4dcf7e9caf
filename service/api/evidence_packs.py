"""Routes of evidence packs: ZIP files by which a stranger verifies what was done."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Response

from service.api.dependencies import AnyCaller, Judge, Service, allowed
from service.api.problems import problems
from service.domain.identity import Caller, Role, Scope

router = APIRouter(prefix="/v1", tags=["evidence packs"])
Id = Annotated[str, Path(max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
_ZIP: dict[int | str, dict[str, Any]] = {
    **problems(
        {404: "There is no such thing.", 413: "The pack would be too large.", 422: "The id is of no such form."}
    ),
    200: {"content": {"application/zip": {}}, "description": "The pack; its sha256 is in the audit log."},
}


def reader(who: AnyCaller) -> Caller:
    """Let moderators pass, and rights owners. Raises NotPermitted."""
    scope = Scope.READ if who.role is Role.RIGHTS_OWNER else Scope.CASES
    return allowed(Role.RIGHTS_OWNER, Role.MODERATOR, Role.ADMIN, scope=scope)(who)


NoticeReader = Annotated[Caller, Depends(reader)]


@router.get("/cases/{case_id}/evidence-pack", response_class=Response, responses=_ZIP, summary="Evidence of a case")
def of_case(service: Service, who: Judge, case_id: Id) -> Response:
    """Make the pack of a case. The audit log is sealed for it, and tells that it was made."""
    return _answer(service, f"case:{case_id}", who)


@router.get(
    "/notices/{notice_id}/evidence-pack", response_class=Response, responses=_ZIP, summary="Evidence of a notice"
)
def of_notice(service: Service, who: NoticeReader, notice_id: Id) -> Response:
    """Make the pack of a notice; rights owners get their own, without other people's data."""
    return _answer(service, f"notice:{notice_id}", who)


@router.get("/sweeps/{sweep_id}/evidence-pack", response_class=Response, responses=_ZIP, summary="Evidence of a sweep")
def of_sweep(service: Service, who: Judge, sweep_id: Id) -> Response:
    """Make the pack of a sweep."""
    return _answer(service, f"sweep:{sweep_id}", who)


def _answer(service: Service, subject: str, who: Caller) -> Response:
    pack = service.evidence_packs.make(subject, who)
    headers = {
        "Cache-Control": "private, no-store",
        "Content-Disposition": f'attachment; filename="{pack.name}"',
        "X-Content-Type-Options": "nosniff",
    }
    return Response(pack.data, media_type="application/zip", headers=headers)
