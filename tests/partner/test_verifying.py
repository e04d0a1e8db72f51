"""What we send verifies with each of the three programs of docs/webhooks.md, and nothing else does.

The message is the sender's own, so the three check our signing, by three implementations.
"""

import os
import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from payments.adapters.webhooks.message import Message, message
from payments.domain import ids
from payments.domain.webhook import SigningSecrets
from tests.partner.conftest import DOCS, Verify
from tests.webhook_factories import make_endpoint, make_event, make_untried

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NEXT_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
STRANGER = "whsec_" + "A" * 32
EVENT_ID = UUID("0198f1c8-0000-7000-8000-000000000001")
NAME = ids.event_name(EVENT_ID)


def sent(
    secrets: SigningSecrets | None = None, *, ago: timedelta = timedelta(), word: str = "é €"
) -> Message:
    """As the relay has it sent, this long ago."""
    now = datetime.now(UTC) - ago
    endpoint = make_endpoint(partner_id="partner_1")
    event = make_event(
        "partner_1",
        event_id=EVENT_ID,
        object_type="transaction",
        object_id="TXN-2026-04-7K3Q9XW2",
        type="bill.paid",
        previous_status="PROCESSING",
        data={"transactionId": "TXN-2026-04-7K3Q9XW2", "amount": "1250.00", "word": word},
        occurred_at=now,
    )
    delivery = make_untried(endpoint, event, secrets=secrets or SigningSecrets(SECRET))
    return message(delivery, now)


def test_what_we_send_is_verified(verify: Verify) -> None:
    ours = sent()

    said = verify(ours.headers, ours.body, SECRET)

    assert (said.status, said.complaint) == (0, "")
    assert said.output.startswith(f"verified: {NAME}")


def test_while_a_secret_is_rotated_the_old_one_and_the_new_one_will_do(verify: Verify) -> None:
    until = datetime.now(UTC) + timedelta(hours=1)
    ours = sent(SigningSecrets(NEXT_SECRET, SECRET, until))

    for secrets in (SECRET, NEXT_SECRET, f"{STRANGER} {SECRET}"):
        assert verify(ours.headers, ours.body, secrets).status == 0


def test_what_is_not_ours_or_not_whole_is_refused(verify: Verify) -> None:
    ours, other = sent(), sent(word="something else")

    for headers, body, secrets in (
        (ours.headers, ours.body.replace(b"1250.00", b"9250.00"), SECRET),
        (ours.headers, ours.body + b"\n", SECRET),
        (ours.headers, other.body, SECRET),
        (ours.headers, ours.body, STRANGER),
        ({**ours.headers, "webhook-id": "evt_another"}, ours.body, SECRET),
        ({**ours.headers, "webhook-signature": "v1,AAAA"}, ours.body, SECRET),
    ):
        said = verify(headers, body, secrets)
        assert (said.status, said.output) == (1, "")
        assert said.complaint.startswith("refused: ")


def test_a_replayed_message_is_refused(verify: Verify) -> None:
    for ago in (timedelta(minutes=6), -timedelta(minutes=6)):
        ours = sent(ago=ago)
        said = verify(ours.headers, ours.body, SECRET)
        assert (said.status, said.output) == (1, "")


def test_its_time_cannot_be_written_anew(verify: Verify) -> None:
    old = sent(ago=timedelta(hours=1))
    fresh = {**old.headers, "webhook-timestamp": str(int(datetime.now(UTC).timestamp()))}

    assert verify(fresh, old.body, SECRET).status == 1


def test_the_lines_in_the_page_make_the_signature(tmp_path: Path) -> None:
    page = (DOCS / "webhooks.md").read_text()
    [lines] = [each for each in re.findall(r"```sh\n(.+?)```", page, re.DOTALL) if "hexkey" in each]
    ours = sent()
    (tmp_path / "body").write_bytes(ours.body)
    environment = {
        **os.environ,
        "SECRET": SECRET,
        "WEBHOOK_ID": ours.headers["webhook-id"],
        "WEBHOOK_TIMESTAMP": ours.headers["webhook-timestamp"],
    }

    done = subprocess.run(
        ["bash", "-euc", lines], cwd=tmp_path, env=environment, capture_output=True, check=True
    )

    assert f"v1,{done.stdout.decode().strip()}" == ours.headers["webhook-signature"]
