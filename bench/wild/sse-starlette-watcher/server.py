import asyncio
import os

import uvicorn
from sse_starlette.sse import EventSourceResponse
from starlette.applications import Starlette
from starlette.routing import Route


async def ticks():
    yield {"data": "hello"}
    while True:
        await asyncio.sleep(1)
        yield {"data": "tick"}


async def events(request):
    return EventSourceResponse(ticks())


app = Starlette(routes=[Route("/events", events)])
uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning")
