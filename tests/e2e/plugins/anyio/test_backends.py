import anyio
import pytest

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["asyncio", "trio"], scope="module")
def anyio_backend(request):
    return request.param


@pytest.fixture(scope="module")
async def opened(anyio_backend):
    await anyio.sleep(0)
    yield f"opened on {anyio_backend}"
    await anyio.sleep(0)


async def test_fixture(opened, anyio_backend):
    print(opened)
    assert opened.endswith(anyio_backend)


async def test_group():
    done, turns = [], [anyio.Event() for _ in range(4)]

    async def work(number):
        await turns[number].wait()
        done.append(number)
        turns[number + 1].set()

    async with anyio.create_task_group() as group:
        for number in range(3):
            group.start_soon(work, number)
        await anyio.sleep(0.001)
        turns[0].set()
    assert done == [0, 1, 2]


async def test_fails(anyio_backend):
    await anyio.sleep(0)
    assert anyio_backend == "neither"


async def test_thread():
    assert await anyio.to_thread.run_sync(len, "four") == 4
