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
    done = []

    async def work(number):
        await anyio.sleep(0.02 * number)
        done.append(number)

    async with anyio.create_task_group() as group:
        for number in range(3):
            group.start_soon(work, number)
    assert done == [0, 1, 2]


async def test_fails(anyio_backend):
    await anyio.sleep(0)
    assert anyio_backend == "neither"


async def test_thread():
    assert await anyio.to_thread.run_sync(len, "four") == 4
