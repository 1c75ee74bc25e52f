"""`Connection` and `AsyncConnection`: a call out, an answer or a GanloomError back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator

import httpx

from app.client.calls import Call
from app.client.failures import (
    AnswerT,
    UnreachableError,
    raise_for_problem,
    read_answer,
)
from app.client.retrying import Retries


class Connection:
    """Connections to one service, that wait for each answer."""

    def __init__(self, http: httpx.Client, retries: Retries) -> None:
        self._http = http
        self.retries = retries

    def close(self) -> None:
        """Close them."""
        self._http.close()

    def send(self, call: Call) -> httpx.Response:
        """Ask, and ask again while it is refused for now; raises GanloomError."""
        attempt = 1
        while True:
            answer, failure = None, None
            try:
                answer = self._http.request(**call.to_request())
            except httpx.ConnectError as error:  # nothing was sent yet
                failure = error
            except httpx.TransportError as error:
                raise UnreachableError(str(error) or type(error).__name__) from error
            wait_s = self.retries.wait_s(attempt, answer)
            if wait_s is None:
                break
            self.rest(wait_s)
            attempt += 1
        if answer is None:
            raise UnreachableError(str(failure)) from failure
        raise_for_problem(answer)
        return answer

    def ask(self, call: Call, read: Callable[[httpx.Response], AnswerT]) -> AnswerT:
        """Send, and return what `read` makes of the answer; raises GanloomError."""
        return read_answer(self.send(call), read)

    def read_lines(self, call: Call) -> Iterator[str]:
        """Ask once, and give the lines of the answer as they come; raises GanloomError."""
        try:
            with self._http.stream(**call.to_request()) as answer:
                if answer.status_code >= 400:
                    answer.read()
                raise_for_problem(answer)
                yield from answer.iter_lines()
        except httpx.TransportError as error:
            raise UnreachableError(str(error) or type(error).__name__) from error

    def rest(self, seconds: float) -> None:
        """Do nothing for a while."""
        time.sleep(seconds)


class AsyncConnection:
    """The same for asyncio."""

    def __init__(self, http: httpx.AsyncClient, retries: Retries) -> None:
        self._http = http
        self.retries = retries

    async def close(self) -> None:
        """Close them."""
        await self._http.aclose()

    async def send(self, call: Call) -> httpx.Response:
        """Ask, and ask again while it is refused for now; raises GanloomError."""
        attempt = 1
        while True:
            answer, failure = None, None
            try:
                answer = await self._http.request(**call.to_request())
            except httpx.ConnectError as error:  # nothing was sent yet
                failure = error
            except httpx.TransportError as error:
                raise UnreachableError(str(error) or type(error).__name__) from error
            wait_s = self.retries.wait_s(attempt, answer)
            if wait_s is None:
                break
            await self.rest(wait_s)
            attempt += 1
        if answer is None:
            raise UnreachableError(str(failure)) from failure
        raise_for_problem(answer)
        return answer

    async def ask(self, call: Call, read: Callable[[httpx.Response], AnswerT]) -> AnswerT:
        """Send, and return what `read` makes of the answer; raises GanloomError."""
        return read_answer(await self.send(call), read)

    async def read_lines(self, call: Call) -> AsyncIterator[str]:
        """Ask once, and give the lines of the answer as they come; raises GanloomError."""
        try:
            async with self._http.stream(**call.to_request()) as answer:
                if answer.status_code >= 400:
                    await answer.aread()
                raise_for_problem(answer)
                async for line in answer.aiter_lines():
                    yield line
        except httpx.TransportError as error:
            raise UnreachableError(str(error) or type(error).__name__) from error

    async def rest(self, seconds: float) -> None:
        """Do nothing for a while."""
        await asyncio.sleep(seconds)
