import pytest


def pytest_configure_node(node):
    node.workerinput["greeting"] = "from the controller"


@pytest.fixture(scope="session")
def greeting(request):
    return getattr(request.config, "workerinput", {}).get("greeting", "from the controller")
