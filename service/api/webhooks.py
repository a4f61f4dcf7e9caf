"""Routes of webhooks and of messages: everybody's own, and all of them for admins."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from service.api import wire_webhooks as wire
from service.api.bodies import described, read_json
from service.api.dependencies import Service, allowed
from service.api.problems import problems
from service.domain.identity import Caller, Role, Scope
from service.domain.message import Attempt, Delivery, DeliveryState, Endpoint, Message
from service.usecases.messages import MOST_ON_A_PAGE, EndpointChanges

router = APIRouter(prefix="/v1", tags=["webhooks"])

Told = Annotated[Caller, Depends(allowed(Role.PLATFORM, Role.RIGHTS_OWNER, Role.ADMIN, scope=Scope.READ))]
WebhookId = Annotated[str, Path(max_length=64)]
DeliveryId = Annotated[str, Path(max_length=64)]
Recipient = Annotated[str | None, Query(max_length=160, description="`platform:NAME` and the like; for admins.")]
Most = Annotated[int, Query(ge=1, le=MOST_ON_A_PAGE)]
_NONE = "There is no such webhook, or not for this caller."
_NO_DELIVERY = "There is no such delivery, or not for this caller."


async def new_webhook(request: Request, _: Told) -> wire.NewWebhookDocument:
    """Read the body, after the caller is known."""
    return await read_json(request, wire.NewWebhookDocument, place="")


async def webhook_changes(request: Request, _: Told) -> wire.WebhookChangesDocument:
    """Read the body, after the caller is known."""
    return await read_json(request, wire.WebhookChangesDocument, place="")


@router.post(
    "/webhooks",
    status_code=201,
    response_model=wire.WebhookWithSecret,
    responses=problems({409: "There are as many as may be."}, body=True),
    openapi_extra=described(wire.NewWebhookDocument),
    summary="Add a webhook",
)
def add(service: Service, who: Told, asked: Annotated[wire.NewWebhookDocument, Depends(new_webhook)]) -> Any:
    """Have messages sent somewhere, signed as the Standard Webhooks specification has it. The secret is shown once."""
    made = service.webhooks.add(who, asked.url, asked.kinds, asked.recipient)
    return _shown(made) | {"secret": made.secret}


@router.get("/webhooks", response_model=wire.WebhookList, responses=problems(), summary="List webhooks")
def list_webhooks(service: Service, who: Told, recipient: Recipient = None) -> Any:
    """Give one's own webhooks, without their secrets."""
    return {"webhooks": [_shown(item) for item in service.webhooks.list_all(who, recipient)]}


@router.get(
    "/webhooks/{webhook_id}", response_model=wire.WebhookAnswer, responses=problems({404: _NONE}), summary="Read one"
)
def read(service: Service, who: Told, webhook_id: WebhookId) -> Any:
    """Give one webhook."""
    return _shown(service.webhooks.get(who, webhook_id))


@router.patch(
    "/webhooks/{webhook_id}",
    response_model=wire.WebhookAnswer,
    responses=problems({404: _NONE}, body=True),
    openapi_extra=described(wire.WebhookChangesDocument),
    summary="Change, disable or enable a webhook",
)
def change(
    service: Service,
    who: Told,
    webhook_id: WebhookId,
    asked: Annotated[wire.WebhookChangesDocument, Depends(webhook_changes)],
) -> Any:
    """Change some fields. What came for a disabled webhook waits, and is sent when it is enabled again."""
    changes = EndpointChanges(asked.url, asked.kinds, asked.disabled)
    return _shown(service.webhooks.change(who, webhook_id, changes))


@router.delete(
    "/webhooks/{webhook_id}",
    status_code=204,
    response_class=Response,
    responses=problems({404: _NONE}),
    summary="Remove a webhook",
)
def remove(service: Service, who: Told, webhook_id: WebhookId) -> None:
    """Send nothing there any more; what waits for it is dead."""
    service.webhooks.remove(who, webhook_id)


@router.post(
    "/webhooks/{webhook_id}/test",
    response_model=wire.AttemptAnswer,
    responses=problems({404: _NONE}),
    summary="Send a test message",
)
def test(service: Service, who: Told, webhook_id: WebhookId) -> Any:
    """Send a message of the type `webhook.test` at once, and tell what came of it."""
    return _receipt(service.webhooks.test(who, webhook_id))


@router.post(
    "/webhooks/{webhook_id}/rotate",
    response_model=wire.WebhookWithSecret,
    responses=problems({404: _NONE}),
    summary="Change a webhook's secret",
)
def rotate(service: Service, who: Told, webhook_id: WebhookId) -> Any:
    """Give it a new secret, shown this once. For a day messages carry the signatures of both."""
    made = service.webhooks.rotate(who, webhook_id)
    return _shown(made) | {"secret": made.secret}


@router.get(
    "/deliveries", response_model=wire.DeliveryList, responses=problems({404: _NONE}), summary="List deliveries"
)
def list_deliveries(
    service: Service,
    who: Told,
    webhook_id: Annotated[str | None, Query(max_length=64)] = None,
    state: DeliveryState | None = None,
    limit: Most = 100,
) -> Any:
    """Give deliveries, newest first; `state=dead` are those that nothing is tried for any more."""
    found = service.webhooks.deliveries(who, webhook_id, state, limit)
    return {"deliveries": [_delivery(item) for item in found]}


@router.get(
    "/deliveries/{delivery_id}",
    response_model=wire.DeliveryDetail,
    responses=problems({404: _NO_DELIVERY}),
    summary="Read a delivery",
)
def read_delivery(service: Service, who: Told, delivery_id: DeliveryId) -> Any:
    """Give a delivery with the receipts of its attempts."""
    found, receipts = service.webhooks.delivery(who, delivery_id)
    return _delivery(found) | {"receipts": [_receipt(item) for item in receipts]}


@router.post(
    "/deliveries/{delivery_id}/replay",
    response_model=wire.DeliveryAnswer,
    responses=problems({404: _NO_DELIVERY, 409: "It waits to be tried already, or its webhook was removed."}),
    summary="Deliver again",
)
def replay(service: Service, who: Told, delivery_id: DeliveryId) -> Any:
    """Try a delivery from the beginning, under the same `webhook-id`."""
    return _delivery(service.webhooks.replay(who, delivery_id))


@router.get("/messages", response_model=wire.MessageList, responses=problems(), summary="Read messages")
def messages(
    service: Service,
    who: Told,
    after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    limit: Most = 100,
    recipient: Recipient = None,
) -> Any:
    """Give one's messages in order: for those who would rather ask than be sent to."""
    found = service.webhooks.messages(who, after, limit, recipient)
    return {"messages": [_message(item) for item in found], "next": found[-1].place if found else after}


def _shown(item: Endpoint) -> dict[str, Any]:
    until = item.secret_before_until
    return {
        "id": item.id,
        "recipient": item.recipient,
        "url": item.url,
        "kinds": list(item.kinds),
        "created": item.created.isoformat(),
        "disabled": item.disabled.isoformat() if item.disabled is not None else None,
        "disabled_because": item.disabled_because,
        "secret_before_valid_until": until.isoformat() if until is not None else None,
    }


def _delivery(item: Delivery) -> dict[str, Any]:
    return {
        "id": item.id,
        "message_id": item.message.id,
        "kind": item.message.kind,
        "recipient": item.message.recipient,
        "webhook_id": item.endpoint_id,
        "state": item.state.value,
        "attempts": item.attempts,
        "due": item.due.isoformat() if item.state is DeliveryState.WAITING else None,
        "changed": item.changed.isoformat(),
        "last_error": item.last_error,
    }


def _receipt(item: Attempt) -> dict[str, Any]:
    return {
        "number": item.number,
        "at": item.at.isoformat(),
        "seconds": round(item.seconds, 3),
        "status": item.status,
        "answer": item.answer,
        "error": item.error,
        "succeeded": item.succeeded,
    }


def _message(item: Message) -> dict[str, Any]:
    return {"id": item.id, "type": item.kind, "timestamp": item.written.isoformat(), "data": dict(item.payload)}
