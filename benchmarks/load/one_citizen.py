"""One citizen who opens as many sockets and follows as much as she is let, and saves a draft again and again."""

import asyncio
import json
from contextlib import AsyncExitStack
from typing import Any

import aiohttp

SOCKETS, SUBSCRIPTIONS, REQUESTS, ALIASES = 25, 10, 3, 10
SAVE = "a{n}: saveDraft(input: {{{given}, idempotencyKey: {key}}}) {{ application {{ id }} userErrors {{ code }} }}"
GIVEN = 'serviceCode: "ES09", district: "49", tehsil: "304"'


class OneCitizen:
    """Her side. `sockets`, `followed`, `saved` and `told` are what she was let have."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str) -> None:
        self._session, self._url = session, f"{url}/graphql"
        self._headers = {"Authorization": f"Bearer {token}"}
        self.sockets = self.followed = self.saved = self.told = 0

    async def run(self, seconds: float) -> None:
        """Open everything, save everything, and listen for so many seconds."""
        async with AsyncExitStack() as stack:
            opened = []
            for number in range(SOCKETS):
                socket = await stack.enter_async_context(
                    self._session.ws_connect(self._url, protocols=["graphql-transport-ws"], autoclose=True)
                )
                await socket.send_json({"type": "connection_init", "payload": self._headers_as_payload()})
                answer = await socket.receive()
                if answer.type is aiohttp.WSMsgType.TEXT:
                    self.sockets += 1
                    opened.append(asyncio.create_task(self._follow(socket, number)))
            try:
                async with asyncio.timeout(seconds):
                    await self._save()
                    await asyncio.gather(*opened)
            except TimeoutError:
                pass
            for task in opened:
                task.cancel()
            await asyncio.gather(*opened, return_exceptions=True)

    async def _follow(self, socket: aiohttp.ClientWebSocketResponse, number: int) -> None:
        """Follow by documents of which no two are equal, so that nothing is shared."""
        for place in range(SUBSCRIPTIONS):
            query = f"subscription S{number}x{place} {{ applicationChanged {{ cursor application {{ status }} }} }}"
            await socket.send_json({"id": str(place), "type": "subscribe", "payload": {"query": query}})
        self.followed += SUBSCRIPTIONS
        async for message in socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                kind = message.json()["type"]
                self.followed -= kind == "error"
                self.told += kind == "next"

    async def _save(self) -> None:
        first = await self._ask([SAVE.format(n=0, given=GIVEN, key=json.dumps("first"))])
        draft = first["a0"]["application"]["id"]
        for request in range(REQUESTS):
            given = f"{GIVEN}, draftId: {json.dumps(draft)}"
            said = await self._ask(
                [SAVE.format(n=n, given=given, key=json.dumps(f"{request}.{n}")) for n in range(ALIASES)]
            )
            self.saved += sum(bool(one and one["application"]) for one in said.values())

    async def _ask(self, fields: list[str]) -> dict[str, Any]:
        body = {"query": f"mutation {{ {' '.join(fields)} }}"}
        async with self._session.post(self._url, json=body, headers=self._headers) as answer:
            return dict((await answer.json(content_type=None)).get("data") or {})

    def _headers_as_payload(self) -> dict[str, str]:
        return {"authorization": self._headers["Authorization"]}
