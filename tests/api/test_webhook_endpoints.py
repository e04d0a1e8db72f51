"""Webhook endpoints: made, changed, stopped and removed, and nobody else's. Rows O, M and I."""

import asyncio
import base64
import re

import pytest

from tests.api.hooks import NOBODYS, PATH, Hooks, new_url
from tests.api.office import Office
from tests.api.test_audience import bearer
from tests.api.test_objects import told
from tests.evidence import Evidence
from tests.running_gateway import RunningGateway, new_id

SECRET = re.compile(r"whsec_([A-Za-z0-9+/]{43}=)")


async def test_an_endpoint_is_what_it_was_asked_to_be_and_shows_its_secret_once(
    hooks: Hooks,
) -> None:
    url = new_url()

    made = await hooks.added(
        url=url, types=["bill.paid", "refund.failed"], payload="thin", description="Büro 1"
    )

    secret = made.pop("secret")
    match = SECRET.fullmatch(secret)
    assert match is not None
    assert len(base64.b64decode(match[1])) == 32
    assert re.fullmatch("whe_[0-9a-z]{26}", made["id"])
    assert made == await hooks.shown(made)
    assert made == {
        "id": made["id"],
        "url": url,
        "types": ["bill.paid", "refund.failed"],
        "version": "2026-11-21",
        "payload": "thin",
        "description": "Büro 1",
        "state": "enabled",
        "createdAt": made["createdAt"],
        "disabledReason": None,
        "disabledAt": None,
        "failingSince": None,
    }
    assert (await hooks.partner.get(PATH)).data == {"endpoints": [made]}


async def test_without_a_word_an_endpoint_gets_every_event_in_full(hooks: Hooks) -> None:
    made = await hooks.added()

    assert (made["types"], made["payload"], made["description"]) == ([], "full", "")


async def test_endpoints_are_listed_by_their_age(hooks: Hooks) -> None:
    made = [(await hooks.added())["id"] for _ in range(3)]

    listed = (await hooks.partner.get(PATH)).data["endpoints"]

    assert [each["id"] for each in listed] == made
    assert "secret" not in str(listed)


async def test_what_is_changed_changes_and_the_rest_stays(hooks: Hooks) -> None:
    made = await hooks.added(types=["bill.paid"], payload="thin", description="one")
    del made["secret"]

    changed = await hooks.ask("PATCH", made, {"url": (url := new_url()), "description": ""})
    again = await hooks.ask("PATCH", made, {"types": [], "payload": "full"})
    nothing = await hooks.ask("PATCH", made, {})
    version = await hooks.ask("PATCH", made, {"version": "2026-11-21"})

    assert changed.data == made | {"url": url, "description": ""}
    assert again.data == changed.data | {"types": [], "payload": "full"}
    assert nothing.data == version.data == again.data == await hooks.shown(made)


async def test_an_endpoint_is_disabled_and_enabled_as_often_as_one_likes(hooks: Hooks) -> None:
    made = await hooks.added()

    off = [(await hooks.do("disable", made)).data for _ in range(2)]
    on = [(await hooks.do("enable", made)).data for _ in range(2)]

    assert off[0] == off[1]
    assert (off[0]["state"], off[0]["disabledReason"]) == ("disabled", "by_partner")
    assert off[0]["disabledAt"] is not None
    assert on[0] == on[1] == await hooks.shown(made)
    assert (on[0]["state"], on[0]["disabledReason"]) == ("enabled", None)


async def test_what_is_removed_is_gone_for_everything(hooks: Hooks) -> None:
    made = await hooks.added()

    assert (await hooks.ask("DELETE", made)).data == {"state": "FORGOTTEN"}

    assert (await hooks.partner.get(PATH)).data == {"endpoints": []}
    for method, path, body in ROUTES:
        answer = await hooks.partner.ask(
            method,
            path.format(made["id"]),
            json=body,
            headers=await hooks.partner.authorised(),
        )
        assert (answer.http_status, answer.code) == (404, "P2118"), (method, path)


async def test_there_are_sixteen_and_no_more(hooks: Hooks) -> None:
    made = [await hooks.added() for _ in range(16)]

    refused = await hooks.add()

    assert (refused.http_status, refused.code) == (409, "P2120")
    await hooks.ask("DELETE", made[3])
    assert (await hooks.add()).code == "P0000"


# Every route of one endpoint, with a body that it takes.
ROUTES = [
    ("GET", PATH + "/{}", None),
    ("PATCH", PATH + "/{}", {"description": "theirs"}),
    ("DELETE", PATH + "/{}", None),
    ("POST", PATH + "/{}/disable", None),
    ("POST", PATH + "/{}/enable", None),
    ("POST", PATH + "/{}/rotate-secret", {}),
    ("POST", PATH + "/{}/test", None),
    ("POST", PATH + "/{}/replay", {"failures": True}),
    ("GET", PATH + "/{}/deliveries", None),
    ("GET", PATH + "/{}/deliveries/evt_" + "0" * 26, None),
]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_anothers_endpoint_is_as_unknown_as_one_that_never_was(
    hooks: Hooks, other_hooks: Hooks, method: str, path: str, body: object
) -> None:
    made = await hooks.added()
    del made["secret"]
    theirs = other_hooks.partner

    answers = [
        await theirs.ask(method, path.format(each), json=body, headers=await theirs.authorised())
        for each in (made["id"], NOBODYS)
    ]

    assert told(answers[0]) == told(answers[1])
    assert (answers[0].http_status, answers[0].code) == (404, "P2118")
    assert await hooks.shown(made) == made


ILL_FORMED = ["whe_", "x", "whe_" + "A" * 26, "%00", "whe_%2e%2e", "a" * 300, "pay_" + "0" * 26]


@pytest.mark.parametrize("name", ILL_FORMED)
@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_an_ill_formed_id_is_unknown(
    other_hooks: Hooks, method: str, path: str, body: object, name: str
) -> None:
    partner = other_hooks.partner

    answer = await partner.ask(
        method, path.format(name), json=body, headers=await partner.authorised()
    )

    assert answer.http_status == 404
    assert answer.code in {"P2118", "P5004"}


@pytest.mark.parametrize(("method", "path", "body"), [*ROUTES, ("GET", PATH, None)])
async def test_a_token_needs_the_scope_whatever_it_is_for(
    office: Office, method: str, path: str, body: object
) -> None:
    client = await office.guest()
    without = await bearer(client, scope="read:bill post:payment")

    refused = await client.ask(method, path.format(NOBODYS), json=body, headers=without)

    assert (refused.http_status, refused.code) == (403, "P4007")
    assert refused.data == {"scope": "manage:webhook"}
    for audience in ("bill-collection", "payments"):
        headers = await bearer(client, audience=audience, scope="manage:webhook")
        answer = await client.ask(method, path.format(NOBODYS), json=body, headers=headers)
        assert answer.code in {"P0000", "P2118"}


async def test_a_key_makes_one_endpoint_and_shows_its_secret_again(
    hooks: Hooks, evidence: Evidence
) -> None:
    body = {"url": new_url()}

    first, again = [await hooks.add(key="KEY-1", **body) for _ in range(2)]
    other = await hooks.add(key="KEY-1", url=new_url())

    assert (first.code, again.content, other.code) == ("P0000", first.content, "P5101")
    assert again.headers["idempotent-replayed"] == "true"
    assert len((await hooks.partner.get(PATH)).data["endpoints"]) == 1
    rows = await evidence.rows("SELECT body FROM idempotency WHERE key = 'KEY-1'")
    assert rows
    for row in rows:
        assert b"whsec" not in row["body"]


async def test_a_request_that_died_before_its_answer_made_the_endpoint_that_its_repeat_shows(
    hooks: Hooks, evidence: Evidence
) -> None:
    body, key = {"url": new_url()}, new_id("KEY")
    first = await hooks.add(key=key, **body)
    # As after a crash between the work and the answer: the claim is there, and no answer.
    await evidence.rows("DELETE FROM idempotency WHERE key = $1", key)

    again = await hooks.add(key=key, **body)

    assert again.data == first.data
    assert len((await hooks.partner.get(PATH)).data["endpoints"]) == 1


async def test_changes_at_once_each_change_what_they_name(hooks: Hooks) -> None:
    changes = {"description": "theirs", "payload": "thin", "types": ["bill.paid"], "url": new_url()}
    for _ in range(5):
        made = await hooks.added()

        await asyncio.gather(
            *(hooks.ask("PATCH", made, {name: value}) for name, value in changes.items())
        )

        shown = await hooks.shown(made)
        assert {name: shown[name] for name in changes} == changes


@pytest.mark.parametrize("verb", ["disable", "enable", "DELETE", "PATCH", "test"])
async def test_a_repeat_gets_the_first_answer(hooks: Hooks, verb: str) -> None:
    made, key = await hooks.added(), new_id("KEY")
    body = {"description": "x"} if verb == "PATCH" else None

    answers = [
        await (
            hooks.ask(verb, made, body, key=key)
            if verb.isupper()
            else hooks.do(verb, made, key=key)
        )
        for _ in range(2)
    ]

    assert answers[0].code == "P0000"
    assert answers[0].content == answers[1].content


async def test_secrets_are_in_no_log_and_in_no_table(
    gateway: RunningGateway, hooks: Hooks, evidence: Evidence
) -> None:
    made = await hooks.added(key=new_id("KEY"))
    rotated = (await hooks.do("rotate-secret", made, {}, key=new_id("KEY"))).data
    await hooks.do("test", made)

    secrets = [each["secret"].removeprefix("whsec_") for each in (made, rotated)]

    logs = "".join(gateway.log(part) for part in ("api", "worker", "postgres"))
    assert not [secret for secret in secrets if secret in logs]
    tables = ("webhook_endpoint", "idempotency", "request_log", "event", "webhook_delivery")
    for table in tables:
        for row in await evidence.rows(f"SELECT t::text AS row FROM {table} t"):  # names of ours
            for secret in secrets:
                assert secret not in row["row"]
                assert secret.encode().hex() not in row["row"]
