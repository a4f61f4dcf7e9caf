"""Who may do what: every route of the OpenAPI document stands in one table, by role and by scope."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import httpx
import pytest

from service.domain.identity import SCOPES, Caller, Role, Scope, key_sha256
from tests.api.conftest import NAMED, ROLES, Api, Start, _started, bearer
from tests.conftest import RecordIn, TinySnapshot

Who = Mapping[Role, Scope | None]
"""Who may use a route: these roles, each with a key that has the scope, where it takes one."""


def these(scope: Scope, *roles: Role) -> Who:
    return dict.fromkeys((*roles, Role.ADMIN), scope)


EVERYBODY: Who = dict.fromkeys(Role)
SCREENS = these(Scope.SCREEN, Role.PLATFORM)
READS = these(Scope.READ, Role.PLATFORM, Role.MODERATOR)
JUDGES = these(Scope.CASES, Role.MODERATOR)
APPEALS = {**JUDGES, Role.PLATFORM: Scope.SCREEN}
GIVES_NOTICE = {**APPEALS, Role.RIGHTS_OWNER: Scope.SETS}
READS_NOTICES = dict.fromkeys(Role, Scope.READ)
REGISTERS = these(Scope.SETS, Role.RIGHTS_OWNER)
READS_SETS = these(Scope.READ, Role.RIGHTS_OWNER, Role.MODERATOR)
ADMINISTERS = these(Scope.ADMIN)
TOLD = these(Scope.READ, Role.PLATFORM, Role.RIGHTS_OWNER)

OPEN = {"GET /healthz", "GET /readyz", "GET /metrics"}
"""Routes for everybody."""

TABLE: Mapping[str, Who] = {
    "GET /v1/me": EVERYBODY,
    "POST /v1/screen": SCREENS,
    "POST /v1/screen/text": SCREENS,
    "GET /v1/screenings": READS,
    "GET /v1/screenings/{screening_id}": READS,
    "POST /v1/blocked-loras": JUDGES,
    "GET /v1/blocked-loras": JUDGES,
    "DELETE /v1/blocked-loras/{blocked_id}": JUDGES,
    "GET /v1/audit": ADMINISTERS,
    "GET /v1/audit/verify": ADMINISTERS,
    "GET /v1/statistics": JUDGES,
    "GET /v1/cases": JUDGES,
    "GET /v1/cases/counters": JUDGES,
    "GET /v1/cases/{case_id}": JUDGES,
    "GET /v1/cases/{case_id}/pictures/{number}": JUDGES,
    "GET /v1/cases/{case_id}/evidence-pack": JUDGES,
    "GET /v1/notices/{notice_id}/evidence-pack": {**JUDGES, Role.RIGHTS_OWNER: Scope.READ},
    "GET /v1/sweeps/{sweep_id}/evidence-pack": JUDGES,
    "POST /v1/cases/{case_id}/claim": JUDGES,
    "POST /v1/cases/{case_id}/release": JUDGES,
    "POST /v1/cases/{case_id}/decision": JUDGES,
    "POST /v1/cases/{case_id}/undo": JUDGES,
    "POST /v1/cases/{case_id}/appeal": APPEALS,
    "POST /v1/reference-sets": REGISTERS,
    "GET /v1/reference-sets": READS_SETS,
    "GET /v1/reference-sets/{slug}": READS_SETS,
    "PATCH /v1/reference-sets/{slug}": REGISTERS,
    "PUT /v1/reference-sets/{slug}/aliases": REGISTERS,
    "POST /v1/reference-sets/{slug}/references": REGISTERS,
    "DELETE /v1/reference-sets/{slug}/references/{reference_id}": REGISTERS,
    "GET /v1/reference-sets/{slug}/references/{reference_id}/picture": READS_SETS,
    "GET /v1/reference-sets/{slug}/quality": READS_SETS,
    "GET /v1/reference-sets/{slug}/matches": READS_SETS,
    "POST /v1/reference-sets/{slug}/dry-run": READS_SETS,
    "POST /v1/reference-sets/{slug}/licences": REGISTERS,
    "DELETE /v1/reference-sets/{slug}/licences/{licence_id}": REGISTERS,
    "POST /v1/reference-sets/{slug}/suspend": REGISTERS,
    "POST /v1/reference-sets/{slug}/withdraw": REGISTERS,
    "POST /v1/reference-sets/{slug}/activate": ADMINISTERS,
    "POST /v1/sweeps": JUDGES,
    "GET /v1/sweeps": JUDGES,
    "GET /v1/sweeps/proposals": JUDGES,
    "GET /v1/sweeps/{sweep_id}": JUDGES,
    "POST /v1/sweeps/{sweep_id}/cancel": JUDGES,
    "POST /v1/sweeps/{sweep_id}/measures": JUDGES,
    "GET /v1/measures": READS,
    "POST /v1/measures/{measure_id}/confirm": SCREENS,
    "GET /v1/policies": JUDGES,
    "POST /v1/policies/replay": JUDGES,
    "POST /v1/policies": ADMINISTERS,
    "POST /v1/notices": GIVES_NOTICE,
    "POST /v1/notices/batch": GIVES_NOTICE,
    "GET /v1/notices": READS_NOTICES,
    "GET /v1/notices/{notice_id}": READS_NOTICES,
    "PUT /v1/notices/{notice_id}": GIVES_NOTICE,
    "PUT /v1/notices/{notice_id}/reference-sets": JUDGES,
    "POST /v1/notices/{notice_id}/forward": JUDGES,
    "POST /v1/notices/{notice_id}/measures": JUDGES,
    "POST /v1/notices/{notice_id}/counter-notice": APPEALS,
    "POST /v1/notices/{notice_id}/counter-notices/{counter_id}/decision": JUDGES,
    "POST /v1/notices/{notice_id}/suit": GIVES_NOTICE,
    "POST /v1/notices/{notice_id}/withdraw": GIVES_NOTICE,
    "POST /v1/notices/{notice_id}/reject": JUDGES,
    "POST /v1/notices/{notice_id}/abusive": JUDGES,
    "POST /v1/notices/{notice_id}/close": JUDGES,
    "GET /v1/notices/{notice_id}/transparency.json": JUDGES,
    "GET /v1/notices/{notice_id}/aliases": REGISTERS,
    "POST /v1/notices/{notice_id}/aliases": REGISTERS,
    "POST /v1/notices/{notice_id}/attachments": GIVES_NOTICE,
    "GET /v1/notices/{notice_id}/attachments/{attachment_id}": READS_NOTICES,
    "GET /v1/strikes": READS,
    "POST /v1/rights-owners": ADMINISTERS,
    "GET /v1/rights-owners": ADMINISTERS,
    "POST /v1/keys": ADMINISTERS,
    "GET /v1/keys": ADMINISTERS,
    "DELETE /v1/keys/{key_id}": ADMINISTERS,
    "POST /v1/webhooks": TOLD,
    "GET /v1/webhooks": TOLD,
    "GET /v1/webhooks/{webhook_id}": TOLD,
    "PATCH /v1/webhooks/{webhook_id}": TOLD,
    "DELETE /v1/webhooks/{webhook_id}": TOLD,
    "POST /v1/webhooks/{webhook_id}/test": TOLD,
    "POST /v1/webhooks/{webhook_id}/rotate": TOLD,
    "GET /v1/deliveries": TOLD,
    "GET /v1/deliveries/{delivery_id}": TOLD,
    "POST /v1/deliveries/{delivery_id}/replay": TOLD,
    "GET /v1/messages": TOLD,
    "GET /v1/exchange/key": EVERYBODY,
    "GET /m/lookup": READS,
    "GET /v1/exchange/export": ADMINISTERS,
    "POST /v1/exchange/import": ADMINISTERS,
    "GET /v1/exchange/partners": ADMINISTERS,
    "POST /v1/exchange/partners": ADMINISTERS,
    "DELETE /v1/exchange/partners/{name}": ADMINISTERS,
    "GET /v1/exchange/partners/{name}/entries": ADMINISTERS,
    "DELETE /v1/exchange/entries/{entry_id}": ADMINISTERS,
    "POST /v1/exchange/forward": ADMINISTERS,
}
"""Each route that takes a key. Who adds a route adds its line."""

WRONG = [
    {},
    {"Authorization": "Bearer"},
    {"Authorization": "Bearer wrong"},
    {"Authorization": "Bearer ls_pl_wrong"},
    {"Authorization": "Basic a2V5LW9mLWF0ZWxpZXI="},
    {"Authorization": "key-of-atelier"},
    {"Authorization": f"Bearer {key_sha256('key-of-atelier')}"},
    {"X-Api-Key": "key-of-atelier"},
]
ADMIN = Caller("ad", Role.ADMIN)


def routes(api: Api) -> set[str]:
    paths = api.app.openapi()["paths"]
    return {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}


def ask(api: Api, route: str, headers: Mapping[str, str]) -> httpx.Response:
    method, path = route.split()
    return api.client.request(method, re.sub(r"\{.*?\}", "x", path), headers=dict(headers))


def refused(response: httpx.Response) -> bool:
    """Tell whether a caller is kept out; whoever is let in may still have asked for what there is not."""
    if response.status_code != 403:
        assert response.status_code != 401
        return False
    assert response.json()["code"] == "not_permitted"
    assert response.headers["content-type"] == "application/problem+json"
    return True


def test_every_route_stands_in_the_table(api: Api) -> None:
    missing, gone = routes(api) - OPEN - set(TABLE), set(TABLE) - routes(api)
    assert not missing, f"say in TABLE who may use {', '.join(sorted(missing))}"
    assert not gone, f"there is no {', '.join(sorted(gone))} any more"


@pytest.mark.parametrize("route", sorted(OPEN))
def test_health_is_told_to_everybody(api: Api, route: str) -> None:
    assert ask(api, route, {}).status_code == 200


@pytest.mark.parametrize("route", sorted(TABLE))
def test_every_other_route_takes_a_key(api: Api, route: str) -> None:
    for headers in WRONG:
        response = ask(api, route, headers)
        assert (response.status_code, response.json()["code"]) == (401, "not_authenticated"), headers
        assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("who", ["atelier", "mo", "ro", "ad"])
@pytest.mark.parametrize("route", sorted(TABLE))
def test_each_role_may_do_its_own_and_no_more(api: Api, route: str, who: str) -> None:
    assert refused(ask(api, route, bearer(who))) == (ROLES[who] not in TABLE[route])


@dataclass(frozen=True)
class Narrowed:
    """An application, and for each role a key without each scope that it may have."""

    api: Api
    keys: Mapping[tuple[Role, Scope], str]


@pytest.fixture(scope="module")
def narrowed(
    tiny_snapshot: TinySnapshot, tmp_path_factory: pytest.TempPathFactory, record_in: RecordIn
) -> Iterator[Narrowed]:
    with _started(tmp_path_factory.mktemp("narrowed"), record_in, snapshot=tiny_snapshot.out) as api:
        owner = {"name": "Oven Moon", "identity": "register no. 7", "contact": "rights@oven.example"}
        owner_id = api.client.post("/v1/rights-owners", json=owner, headers=bearer("ad")).json()["id"]
        holders = {role: name for name, role in ROLES.items()} | {Role.RIGHTS_OWNER: owner_id}
        make = api.app.state.wired.keys.make
        keys = {
            (role, scope): make("narrowed", role, holders[role], by=ADMIN, scopes=left)[1]
            for role in Role
            for scope in SCOPES[role]
            if (left := SCOPES[role] - {scope})
        }
        yield Narrowed(api, keys)


@pytest.mark.parametrize("route", sorted(TABLE))
def test_each_route_takes_its_scope(narrowed: Narrowed, route: str) -> None:
    wanted = TABLE[route]
    for (role, scope), key in narrowed.keys.items():
        response = ask(narrowed.api, route, {"Authorization": f"Bearer {key}"})
        lacking = role in wanted and scope is wanted[role]
        assert refused(response) == (role not in wanted or lacking), (role, scope)
        if lacking:
            assert f"lacks the scope {scope}" in response.json()["detail"]


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
def test_the_documentation_is_open(api: Api, path: str) -> None:
    assert api.client.get(path).status_code == 200


@pytest.mark.parametrize(
    ("content", "content_type"),
    [(b"{", "application/json"), (b"[" * 100_000, "application/json"), (b"broken", "multipart/form-data; boundary=b")],
)
@pytest.mark.parametrize("route", sorted(route for route in TABLE if not route.startswith(("GET", "DELETE"))))
def test_a_body_is_not_read_before_the_caller_is_known(api: Api, route: str, content: bytes, content_type: str) -> None:
    method, path = route.split()
    path = re.sub(r"\{.*?\}", "x", path)
    headers = {"Content-Type": content_type}
    assert api.client.request(method, path, content=content, headers=headers).status_code == 401
    for who, role in ROLES.items():
        if role not in TABLE[route]:
            answer = api.client.request(method, path, content=content, headers={**headers, **bearer(who)})
            assert answer.status_code == 403


class TestAnotherPlatform:
    @pytest.fixture
    def own(self, start: Start, tiny_snapshot: TinySnapshot) -> tuple[Api, str]:
        """Give an application in which `atelier` has a screening."""
        api = start(snapshot=tiny_snapshot.out)
        return api, api.screen(NAMED).json()["screening_id"]

    def test_it_cannot_tell_an_upload_of_others_from_none(self, own: tuple[Api, str]) -> None:
        api, screening_id = own
        assert api.get(f"/v1/screenings/{screening_id}").status_code == 200
        theirs = api.get(f"/v1/screenings/{screening_id}", "bazaar")
        nobodys = api.get("/v1/screenings/scr_none", "bazaar")
        assert theirs.status_code == nobodys.status_code == 404
        assert theirs.text.replace(screening_id, "") == nobodys.text.replace("scr_none", "")

    def test_it_lists_none_of_others(self, own: tuple[Api, str]) -> None:
        api, _ = own
        asked = {"external_id": NAMED["external_id"]}
        assert len(api.get("/v1/screenings", params=asked).json()["screenings"]) == 1
        assert api.get("/v1/screenings", "bazaar", params=asked).json() == {"screenings": []}

    def test_an_idempotency_key_of_others_is_free_for_it(self, own: tuple[Api, str]) -> None:
        api, _ = own
        given = {"Idempotency-Key": "k-1"}
        mine = api.screen(NAMED, headers=given).json()
        theirs = api.screen({**NAMED, "external_id": "m-2"}, who="bazaar", headers=given)
        assert theirs.status_code == 200
        assert theirs.json()["screening_id"] != mine["screening_id"]

    @pytest.mark.parametrize("route", sorted(route for route, who in TABLE.items() if Role.PLATFORM not in who))
    def test_what_is_not_for_platforms_answers_alike_whether_it_is_there_or_not(self, api: Api, route: str) -> None:
        method, path = route.split()
        answers = {
            api.client.request(method, re.sub(r"\{.*?\}", part, path), headers=bearer("bazaar")).text
            for part in ("x", "case_1", "key_1", "amber-owl")
        }
        assert len(answers) == 1


class TestRequestId:
    @pytest.mark.parametrize("given", ["abc-1.2_3", "x" * 64])
    def test_a_harmless_one_is_echoed(self, api: Api, given: str) -> None:
        assert api.client.get("/healthz", headers={"X-Request-Id": given}).headers["x-request-id"] == given

    @pytest.mark.parametrize("given", ["", "x" * 65, "a b", "<script>", "a;b=1", "ä".encode()])
    def test_any_other_is_replaced(self, api: Api, given: str | bytes) -> None:
        made = api.client.get("/healthz", headers={"X-Request-Id": given}).headers["x-request-id"]
        assert re.fullmatch(r"req_[0-9a-f]{20}", made)

    @pytest.mark.parametrize("path", ["/v1/nowhere", "/v1/screenings", "/metrics", "/openapi.json"])
    def test_every_answer_carries_one_of_its_own(self, api: Api, path: str) -> None:
        made = {api.client.get(path, headers=bearer("ro")).headers["x-request-id"] for _ in range(2)}
        assert len(made) == 2
