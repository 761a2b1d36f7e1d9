import pytest


def pytest_configure_node(node):
    node.workerinput["greeting"] = "from the controller"


@pytest.fixture(scope="session")
def greeting(request):
    if hasattr(request.config, "workerinput"):
        return request.config.workerinput["greeting"]
    return "from the controller"
