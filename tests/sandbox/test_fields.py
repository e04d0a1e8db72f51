"""The hosted card fields: who may frame them, who may call the vault, and that nothing leaks."""

import pytest

from tests.sandbox.till import VISA, Till

SHOP = "http://shop.example:3000"
TYPED = {"clientToken": "ct_1", "number": VISA, "expMonth": 12, "expYear": 2034, "cvc": "123"}


def test_only_the_named_origin_may_frame_the_fields(till: Till):
    framed = till.http.get("/fields", params={"clientToken": "ct_1", "origin": SHOP})
    alone = till.http.get("/fields", params={"clientToken": "ct_1"})

    for answer, ancestors in ((framed, SHOP), (alone, "'none'")):
        policy = answer.headers["content-security-policy"]
        assert policy == (
            "default-src 'none'; style-src 'self'; base-uri 'none'; script-src 'self'; "
            "connect-src 'self'; form-action 'none'; require-trusted-types-for 'script'; "
            f"frame-ancestors {ancestors}"
        )
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"clientToken": '"><script>'},
        {"clientToken": "ct_1", "origin": "http://shop.example; script-src *"},
        {"clientToken": "ct_1", "origin": "*"},
        {"clientToken": "ct_1", "origin": "http://shop.example/page"},
        {"clientToken": "ct_1", "origin": "javascript://x"},
        {"clientToken": "ct_1", "returnUrl": "http://thief.example/"},
        {"clientToken": "ct_1", "origin": SHOP, "returnUrl": "http://thief.example/"},
        {"clientToken": "ct_1", "origin": SHOP, "returnUrl": f"{SHOP}.thief.example/"},
        {"clientToken": "ct_1", "origin": SHOP, "returnUrl": f"{SHOP}@thief.example/"},
    ],
)
def test_an_address_that_could_send_a_token_elsewhere_is_refused(till: Till, asked):
    answer = till.http.get("/fields", params=asked)

    assert (answer.status_code, answer.json()["error"]) == (422, "INVALID")


def test_the_page_has_no_names_on_its_inputs_and_no_asset_from_elsewhere(till: Till):
    page = till.http.get(
        "/fields", params={"clientToken": "ct_1", "origin": SHOP, "returnUrl": f"{SHOP}/a?b=<c>"}
    ).text

    assert " name=" not in page.split("<form")[1]
    assert "&lt;c&gt;" in page
    assert "http" not in page.replace(SHOP, "")
    for asset in ("/fields-page.js", "/fields.css", "/fields.js"):
        answer = till.http.get(asset)
        assert answer.status_code == 200
        assert "http://" not in answer.text
    assert till.http.get("/fields.js").headers["cross-origin-resource-policy"] == "cross-origin"


def test_the_vault_takes_cards_from_its_own_page_alone(till: Till):
    own = str(till.http.base_url).rstrip("/")

    taken = till.http.post("/vault/tokens", json=TYPED, headers={"Origin": own})
    assert taken.status_code == 201
    assert not [name for name in taken.headers if name.startswith("access-control-")]

    for origin in (SHOP, "null", "http://127.0.0.1"):
        refused = till.http.post("/vault/tokens", json=TYPED, headers={"Origin": origin})
        assert (refused.status_code, refused.json()) == (403, {"error": "ORIGIN_REFUSED"})

    asked = till.http.options(
        "/vault/tokens", headers={"Origin": SHOP, "Access-Control-Request-Method": "POST"}
    )
    assert asked.status_code == 405
    assert not [name for name in asked.headers if name.startswith("access-control-")]


def test_a_refusal_never_repeats_what_was_typed(till: Till):
    for changes in ({"number": "4242424242424241"}, {"number": [VISA]}, {VISA: "x"}, {"cvc": 987}):
        refused = till.http.post("/vault/tokens", json=TYPED | changes)
        assert refused.status_code == 422
        assert "424242" not in refused.text
        assert "987" not in refused.text
