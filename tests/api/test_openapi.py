"""The OpenAPI document: its examples hold, and it knows every error that can be answered."""

from __future__ import annotations

import json

import pytest

from service.api.submission import validate
from service.api.wire import Problem, ScreeningAnswer, TextQuery
from tests.api.conftest import STRANGER, Api, picture


def test_the_example_answer_is_a_valid_one(api: Api) -> None:
    (example,) = api.app.openapi()["components"]["schemas"]["ScreeningAnswer"]["examples"]
    assert set(example) == set(ScreeningAnswer.model_fields)
    ScreeningAnswer.model_validate(example)


def test_the_example_upload_can_be_screened(api: Api) -> None:
    form = api.app.openapi()["paths"]["/v1/screen"]["post"]["requestBody"]["content"]["multipart/form-data"]
    document = json.loads(form["example"]["upload"])
    assert validate(document).external_id == document["external_id"]
    response = api.screen(document, *[picture(name, STRANGER) for name in form["example"]["images"]])
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("path", "statuses"),
    [
        ("/v1/screen", {"200", "202", "400", "401", "403", "409", "413", "415", "422", "429", "503"}),
        ("/v1/screen/text", {"200", "400", "401", "403", "413", "422", "429", "503"}),
    ],
)
def test_every_status_of_the_contract_is_documented(api: Api, path: str, statuses: set[str]) -> None:
    assert statuses <= set(api.app.openapi()["paths"][path]["post"]["responses"])


def test_the_body_of_the_text_search_is_documented(api: Api) -> None:
    body = api.app.openapi()["paths"]["/v1/screen/text"]["post"]["requestBody"]
    assert set(body["content"]["application/json"]["schema"]["properties"]) == set(TextQuery.model_fields)


def test_an_error_is_as_documented(api: Api) -> None:
    Problem.model_validate(api.screen("{}").json())


def test_the_document_is_served(api: Api) -> None:
    assert api.client.get("/openapi.json").json() == json.loads(json.dumps(api.app.openapi()))
