import asyncio

import pytest


@pytest.fixture(scope="module")
async def server():
    async def echo(reader, writer):
        writer.write(await reader.readline())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()
    server.close()
    await server.wait_closed()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("word", ["one", "two", "three"])
async def test_echo(server, word):
    reader, writer = await asyncio.open_connection(*server)
    writer.write(f"{word}\n".encode())
    assert await reader.readline() == f"{word}\n".encode()
    writer.close()
    await writer.wait_closed()


async def test_sleeps():
    print("slept")
    await asyncio.sleep(0.01)


async def test_fails():
    print("before the failure")
    assert await asyncio.sleep(0, "left") == "right"


async def test_fails_in_a_task():
    async def work():
        raise LookupError("from a task")

    await asyncio.gather(work())


async def test_thread():
    assert await asyncio.to_thread(sum, [1, 2, 3]) == 6
