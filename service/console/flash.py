"""A line that the next page shows once: what was done. It travels in a cookie as a code and a few values."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from service.console.i18n import mark

MESSAGES: Mapping[str, str] = {
    "signed_out": mark("You are signed out."),
    "language": mark("The language is changed."),
    "view": mark("How pictures are shown is changed on this browser."),
    "password": mark("The password is changed. Other browsers are signed out."),
    "released": mark("The case is free again."),
    "none_free": mark("No free case is left in this part of the queue."),
    "bulk": mark("%(decided)s cases decided, %(skipped)s left as they were."),
    "disabled": mark("%(name)s cannot sign in any more."),
    "enabled": mark("%(name)s can sign in again."),
    "role": mark("%(name)s has another role now."),
    "revoked": mark("The key is revoked."),
    "owner_registered": mark("You are registered as a rights owner."),
    "set_made": mark("The set is made. Add its pictures now."),
    "set_saved": mark("Saved."),
    "names_saved": mark("The names are saved."),
    "picture_removed": mark("%(name)s is removed. To undo this, add the same file again."),
    "set_activated": mark("The set is in force: uploads are compared with it from now on."),
    "set_suspended": mark("The set is suspended."),
    "set_withdrawn": mark("The set is withdrawn."),
    "licence_granted": mark("The licence is granted."),
    "licence_ended": mark("The licence is ended."),
    "control_confirmed": mark("The picture counts as unrelated from the next index on."),
    "control_refused": mark("The picture is left out."),
    "notice_complete": mark("Your notice is complete. A person looks at it now."),
    "notice_incomplete": mark("Your notice is received. Something is still missing: see below."),
    "notice_files": mark("The files are kept with the notice."),
    "notice_withdrawn": mark("The notice is taken back."),
    "suit_shown": mark("It is noted: the measures stay."),
    "suit_too_late": mark("The time in which it could be shown is over: the uploads come back."),
    "counter_notice_sent": mark("Your counter-notice is received, and was passed on."),
    "notice_forwarded": mark("The notice is forwarded to the uploaders."),
    "measures_taken": mark("Measures taken: %(taken)s. Uploads left as they were: %(left)s."),
    "notice_reject": mark("The notice is rejected."),
    "notice_abusive": mark("The notice is marked as abusive, and its measures have ended."),
    "notice_close": mark("The notice is closed."),
    "notice_withdraw": mark("The notice is taken back."),
    "notice_sets": mark("The characters of the notice are named."),
    "notice_reinstated": mark("The uploads come back."),
    "notice_kept": mark("The measures stay."),
    "alias_taken": mark("%(name)s is a name of the set from now on."),
    "sweep_started": mark("The sweep is asked for."),
    "sweep_cancelled": mark("The sweep is stopped. What it found stays."),
    "sweep_none": mark("Choose one set at least."),
    "policy_published": mark("%(version)s is in force."),
}
"""What can be said, by code. A page that says something new adds its line here."""

_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Flash:
    """A line to show: a code of MESSAGES, and the values in it."""

    code: str
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The text to translate, with places for the values."""
        return MESSAGES[self.code]

    def written(self) -> str:
        """Write it for a cookie."""
        return base64.urlsafe_b64encode(json.dumps([self.code, dict(self.values)]).encode()).decode()


def read_flash(written: str | None) -> Flash | None:
    """Read what a cookie brings; None where it is not ours."""
    if not written or len(written) > _LONGEST:
        return None
    try:
        code, values = json.loads(base64.urlsafe_b64decode(written.encode()))
        flash = Flash(str(code), {str(name): str(value) for name, value in values.items()})
        _ = flash.text % flash.values
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return flash
