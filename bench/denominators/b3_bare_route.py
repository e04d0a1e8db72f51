"""B3: a bare FastAPI route. POST /echo gives the body back; GET /bare gives a constant.

B3w: POST /event is the same echo for the body of a provider's webhook.

B3s: GET /status?transactionId=… is the same with one SQL read, through SQLAlchemy's pool and
asyncpg's own statements, which is how the product reads (and the faster of the two ways).

python -m bench.denominators.b3_bare_route PORT DATABASE_URL
"""

import sys
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import create_async_engine


class Echo(BaseModel):
    apiKey: str  # noqa: N815
    timestamp: str
    nonce: str
    signature: str


class Event(BaseModel):
    type: str
    id: str
    timestamp: str
    data: dict[str, Any]


_ONE = """
SELECT id, partner_id, partner_transaction_id, lock_id, biller_id, bill_number, billing_period,
       amount_minor, fee_minor, currency, state, code, biller_reference, locked_at, accepted_at,
       paid_at, trace
FROM bench.payment WHERE partner_id = $1 AND (id = $2 OR partner_transaction_id = $2)
"""


def app(database_url: str) -> FastAPI:
    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=lambda: asyncpg.connect(database_url),
        pool_size=10,
        max_overflow=0,
        pool_use_lifo=True,
        pool_reset_on_return=None,
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> Any:
        yield
        await engine.dispose()

    bare = FastAPI(lifespan=lifespan)

    @bare.post("/echo")
    async def echo(body: Echo) -> Echo:
        return body

    @bare.post("/event")
    async def event(body: Event) -> Event:
        return body

    @bare.get("/bare")
    async def constant() -> dict[str, str]:
        return {"state": "ready"}

    @bare.get("/status")
    async def status(transactionId: str) -> dict[str, Any]:  # noqa: N803
        pooled = await engine.raw_connection()
        try:
            assert pooled.driver_connection is not None
            row = await pooled.driver_connection.fetchrow(_ONE, "partner_1", transactionId)
        finally:
            pooled.close()
        return dict(row)

    return bare


if __name__ == "__main__":
    uvicorn.run(
        app(sys.argv[2]),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
        timeout_keep_alive=65,
    )
