"""Evidence in PostgreSQL: append-only, and counted on the dispute's row."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import asyncpg

from payments.adapters.postgres import dispute_rows, dispute_sql
from payments.adapters.postgres.json_text import json_text
from payments.db.session import Database, Row
from payments.domain import ids
from payments.domain.codes import Code
from payments.domain.dispute import UNANSWERED, ResponseState
from payments.domain.evidence import (
    MOST_FILES,
    MOST_VERSIONS,
    Enclosure,
    Evidence,
    EvidenceFile,
    EvidenceText,
    KeptFile,
    MediaType,
    digest_of,
)

_UNANSWERED: Final = sorted(UNANSWERED)


class PostgresEvidence:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep_file(
        self, dispute_id: str, media_type: MediaType, content: bytes, at: datetime
    ) -> KeptFile | Code:
        digest = digest_of(content)
        file_id = ids.file_id(dispute_id, digest)
        rows = await self._database.fetch(dispute_sql.FILE, dispute_id, file_id)
        if not rows:
            try:
                rows = await self._database.fetch(
                    dispute_sql.KEEP_FILE,
                    *(dispute_id, MOST_FILES, at, _UNANSWERED),
                    *(file_id, media_type, digest, content),
                )
            except asyncpg.UniqueViolationError:
                # It was given twice at once.
                rows = await self._database.fetch(dispute_sql.FILE, dispute_id, file_id)
        return _file(rows[0]) if rows else await self._obstacle(dispute_id, at)

    async def add(
        self,
        dispute_id: str,
        texts: Mapping[EvidenceText, str],
        files: Mapping[EvidenceFile, str],
        *,
        trace: str,
        at: datetime,
    ) -> Evidence | Code:
        earlier = await self.versions(dispute_id)
        if earlier and (earlier[-1].texts, earlier[-1].files) == (texts, files):
            return earlier[-1]
        named = sorted(set(files.values()))
        rows = await self._database.fetch(
            dispute_sql.ADD_EVIDENCE,
            *(dispute_id, MOST_VERSIONS, at, _UNANSWERED),
            *(_json(texts), _json(files), named, trace),
        )
        if rows:
            return _evidence(rows[0])
        kept = {each.file_id for each in await self.files(dispute_id)}
        if not kept.issuperset(named):
            return Code.EVIDENCE_MISSING
        return await self._obstacle(dispute_id, at)

    async def versions(self, dispute_id: str) -> Sequence[Evidence]:
        rows = await self._database.fetch(dispute_sql.EVIDENCE, dispute_id, None)
        return [_evidence(row) for row in rows]

    async def files(self, dispute_id: str) -> Sequence[KeptFile]:
        return [_file(row) for row in await self._database.fetch(dispute_sql.FILES, dispute_id)]

    async def enclosed(
        self, dispute_id: str, version: int
    ) -> tuple[Mapping[EvidenceText, str], tuple[Enclosure, ...]]:
        rows = await self._database.fetch(dispute_sql.EVIDENCE, dispute_id, version)
        if not rows:
            raise LookupError(f"{dispute_id} has no version {version} of evidence")
        evidence = _evidence(rows[0])
        named = sorted(set(evidence.files.values()))
        contents = {
            row["id"]: row
            for row in await self._database.fetch(dispute_sql.CONTENTS, dispute_id, named)
        }
        return evidence.texts, tuple(
            Enclosure(
                about,
                file_id,
                MediaType(contents[file_id]["media_type"]),
                contents[file_id]["content"],
            )
            for about, file_id in sorted(evidence.files.items())
        )

    async def _obstacle(self, dispute_id: str, at: datetime) -> Code:
        rows = await self._database.fetch(dispute_sql.BY_ID, dispute_id)
        if not rows:
            raise LookupError(f"{dispute_id} was never opened")
        dispute = dispute_rows.dispute(rows[0])
        if dispute.response_state in (ResponseState.SENDING, ResponseState.TAKEN):
            return Code.DISPUTE_ANSWERED
        if dispute.status not in UNANSWERED:
            return Code.DISPUTE_STATE
        if dispute.due_at is not None and dispute.due_at <= at:
            return Code.EVIDENCE_TOO_LATE
        return Code.TOO_MUCH_EVIDENCE


def _json(said: Mapping[EvidenceText, str] | Mapping[EvidenceFile, str]) -> str:
    return json_text({about.value: each for about, each in said.items()})


def _file(row: Row) -> KeptFile:
    return KeptFile(
        file_id=row["id"],
        media_type=MediaType(row["media_type"]),
        size_bytes=row["size_bytes"],
        digest=row["digest"].hex(),
        created_at=row["created_at"],
    )


def _evidence(row: Row) -> Evidence:
    return Evidence(
        version=row["version"],
        texts={EvidenceText(about): text for about, text in row["texts"].items()},
        files={EvidenceFile(about): file_id for about, file_id in row["files"].items()},
        created_at=row["created_at"],
    )
