"""Evidence packs as downloads. Making one seals the audit log and is told there, so that it is a form and no link."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from service.console.pages import ModeratorPage, OwnerPage, Page
from service.domain.case import CaseState
from service.domain.errors import WrongState

router = APIRouter()


@router.post("/cases/{case_id}/evidence-pack")
def of_case(page: ModeratorPage, case_id: str) -> Response:
    """Make the pack of a decided case: it tells the verdict, which nobody may be shown who has yet to decide."""
    if page.wired.review.open(case_id).case.state is not CaseState.DECIDED:
        raise WrongState(f"the case {case_id} is not decided yet: its pack would tell what the machine found")
    return _pack(page, f"case:{case_id}")


@router.post("/notices/{notice_id}/evidence-pack")
def of_notice(page: ModeratorPage, notice_id: str) -> Response:
    """Make the pack of a notice."""
    return _pack(page, f"notice:{notice_id}")


@router.post("/own-notices/{notice_id}/evidence-pack")
def of_own_notice(page: OwnerPage, notice_id: str) -> Response:
    """Make the pack of a notice of one's own, without other people's data."""
    return _pack(page, f"notice:{notice_id}")


@router.post("/sweeps/{sweep_id}/evidence-pack")
def of_sweep(page: ModeratorPage, sweep_id: str) -> Response:
    """Make the pack of a sweep."""
    return _pack(page, f"sweep:{sweep_id}")


def _pack(page: Page, subject: str) -> Response:
    pack = page.wired.evidence_packs.make(subject, page.caller)
    headers = {"Content-Disposition": f'attachment; filename="{pack.name}"'}
    return Response(pack.data, media_type="application/zip", headers=headers)
