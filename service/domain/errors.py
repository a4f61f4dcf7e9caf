"""What can go wrong in the service, apart from how it is told over HTTP (that table stands in api/errors.py).

ServiceError
├── MalformedRequest       the request cannot be read at all
├── InvalidFields          it can be read, but fields are wrong; carries each with its place
├── NothingToScreen        no name, no picture, no LoRA
├── UnsupportedContent     the only content is neither a picture nor a safetensors file
├── TooLarge               more than the limits allow
├── NotAuthenticated       no key, or an unknown one
├── NotPermitted           the key's role may not do this
├── NotFound               there is no such thing, or not for this caller
├── IdempotencyConflict    the same key came with another request
├── WrongState             a reference set stands where this cannot be done to it
├── CaseTaken              somebody else is looking at the case
├── CaseDecided            the case was decided already
├── TooLate                a decision can be taken back no more, or not be appealed
├── Superseded             another policy came into force since the draft was begun
├── QuotaExceeded          too many requests from this key
├── Overloaded             too much is waiting; try again later
├── NotReady               no index is loaded
├── SigningKeyError        the service's signing key cannot be used
├── TimeStampError         the authority for time stamps gave none that can be used
└── PolicyError            a policy file is not as its format asks
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


class ServiceError(Exception):
    """Base of all errors of this package; `code` is for machines, the message for people."""

    code = "internal_error"


@dataclass(frozen=True, slots=True)
class FieldFault:
    """One wrong field: where it stands, such as `upload.images[2].role`, and what is wrong; `zh` says it in Chinese.

    Only what people fill in themselves is told in both languages.
    """

    location: str
    message: str
    zh: str | None = None

    def said(self, language: str) -> str:
        """Say it in Chinese where that is the `language` and the words are known, else in English."""
        return self.zh if language == "zh" and self.zh else self.message


class MalformedRequest(ServiceError):
    """The request is not JSON or not multipart where it should be."""

    code = "malformed_request"


class InvalidFields(ServiceError):
    """Fields are missing or wrong."""

    code = "invalid_fields"

    def __init__(self, faults: list[FieldFault]) -> None:
        super().__init__("; ".join(f"{fault.location}: {fault.message}" for fault in faults))
        self.faults = faults


class NothingToScreen(InvalidFields):
    """An upload without anything to screen."""

    code = "nothing_to_screen"

    def __init__(self) -> None:
        super().__init__([FieldFault("upload", "give at least one of a name, a picture or a LoRA file")])


class UnsupportedContent(ServiceError):
    """Nothing in the upload is of a kind that can be screened."""

    code = "unsupported_content"


class TooLarge(ServiceError):
    """The request is over a limit."""

    code = "too_large"


class NotAuthenticated(ServiceError):
    """No API key, or one that is not known."""

    code = "not_authenticated"


class NotPermitted(ServiceError):
    """The role of the key does not allow this."""

    code = "not_permitted"


class NotFound(ServiceError):
    """There is no such thing, or this caller may not know of it."""

    code = "not_found"


class IdempotencyConflict(ServiceError):
    """One idempotency key, two requests."""

    code = "idempotency_conflict"


class CaseTaken(ServiceError):
    """Somebody else is looking at a case: `by` whom, and `until` when it is theirs."""

    code = "case_taken"

    def __init__(self, case_id: str, by: str, until: datetime) -> None:
        super().__init__(f"{by} is looking at the case {case_id} until {until.isoformat(timespec='seconds')}")
        self.by = by
        self.until = until


class CaseDecided(ServiceError):
    """A case was decided, so it cannot be claimed or decided; it can be appealed."""

    code = "case_decided"


class TooLate(ServiceError):
    """The time in which this could be done has not come, is over, or it was done before."""

    code = "too_late"


class WrongState(ServiceError):
    """A reference set stands where this cannot be done to it."""

    code = "wrong_state"


class Superseded(ServiceError):
    """Another policy came into force since a draft of one was begun."""

    code = "superseded"


class QuotaExceeded(ServiceError):
    """The key's quota is used up; `retry_after` is in seconds."""

    code = "quota_exceeded"

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Overloaded(ServiceError):
    """Too much work is waiting; `retry_after` is in seconds."""

    code = "overloaded"
    retry_after = 2


class NotReady(ServiceError):
    """There is no index to screen against."""

    code = "not_ready"
    retry_after = 10


class PolicyError(ServiceError):
    """A policy cannot be read."""

    code = "policy_invalid"


class SigningKeyError(ServiceError):
    """The file of the service's signing key holds none, or everybody may read it."""

    code = "signing_key_unusable"


class TimeStampError(ServiceError):
    """An authority for time stamps does not answer, or not as RFC 3161 says."""

    code = "time_stamp_failed"
