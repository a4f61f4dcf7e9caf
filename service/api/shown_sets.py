"""How reference sets look in answers."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from indexer.model import Licence
from service.domain.registration import RegisteredReference, RegisteredSet
from service.usecases.desk import MatchOfSet
from service.usecases.dry_run import DryRunResult
from service.usecases.references import PictureReport


def summary(item: RegisteredSet) -> dict[str, Any]:
    """Show a set in a list."""
    content = item.content
    return {
        "slug": item.slug,
        "title": dict(content.title),
        "work": dict(content.work),
        "fame": content.fame.value,
        "owner": item.owner,
        "state": item.state.value,
        "pictures": len(item.references),
        "quarantine": asdict(item.quarantine) if item.quarantine else None,
        "created": item.created.isoformat(),
        "changed": item.changed.isoformat(),
    }


def whole(item: RegisteredSet) -> dict[str, Any]:
    """Show a set with all it holds."""
    content = item.content
    return {
        **summary(item),
        "rights": {
            "holder": content.holder,
            "identity": item.rights_identity,
            "evidence": content.rights_evidence,
        },
        "aliases": aliases(item),
        "references": [_reference(known) for known in item.references],
        "licences": [licence(given) for given in content.licences],
    }


def aliases(item: RegisteredSet) -> list[dict[str, Any]]:
    """Show the aliases of a set."""
    return [
        {"text": alias.text, "language": alias.language, "kind": alias.kind.value} for alias in item.content.aliases
    ]


def licence(given: Licence) -> dict[str, Any]:
    """Show a licence."""
    until = given.until.isoformat() if given.until else None
    return {"id": given.id, "platform": given.platform, "uploader": given.uploader, "until": until}


def report(given: PictureReport) -> dict[str, Any]:
    """Show what became of a file."""
    known = given.reference
    return {
        "name": given.name,
        "status": given.outcome.value,
        "reason": given.reason,
        "id": known.id if known else None,
        "file": known.file if known else None,
        "sha256": known.sha256 if known else None,
        "remarks": list(known.remarks) if known else [],
    }


def dry_run(given: DryRunResult) -> dict[str, Any]:
    """Show what a set would match."""
    reach = given.reach
    return {
        "screened": {
            "pictures": reach.pictures,
            "matching": reach.matching,
            "copies": reach.copies,
            "screenings": given.screenings,
            "incomparable": reach.incomparable,
        },
        "control": {"pictures": reach.control, "matching": reach.control_matching} if reach.alike_known else None,
        "review_at_fpr": given.review_rate,
        "screening_ids": list(given.told) if given.told is not None else None,
    }


def match(given: MatchOfSet) -> dict[str, Any]:
    """Show an upload in which a set was found."""
    told = {name: value for name, value in asdict(given).items() if name != "thumbnails"}
    return {
        **told,
        "day": given.day.isoformat(),
        "kinds": list(given.kinds),
        "case": given.case.value if given.case else None,
    }


def _reference(known: RegisteredReference) -> dict[str, Any]:
    return {
        "id": known.id,
        "file": known.file,
        "sha256": known.sha256,
        "added": known.added.isoformat(),
        "added_by": known.added_by,
        "remarks": list(known.remarks),
    }
