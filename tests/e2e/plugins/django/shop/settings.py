import pathlib

BASE = pathlib.Path(__file__).resolve().parent.parent
SECRET_KEY = "only for tests"
INSTALLED_APPS = ["shop"]
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "shop.urls"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": BASE / "shop.sqlite3",
        # A file, not memory: two workers that shared it would be in each other's way.
        "TEST": {"NAME": str(BASE / "test_shop.sqlite3")},
    }
}
