"""Secrets: taken as they stand, and never made up in production."""

from tests import commands

SECRETS = {"SECRET_KEY": "$ecret-" + "s" * 60, "CUSTOMER_ID_KEY": r"\$" + "c" * 60}
TOLD = "from django.conf import settings; print(settings.SECRET_KEY, settings.CUSTOMER_ID_KEY)"


def test_a_secret_may_begin_with_a_dollar_sign() -> None:
    done = commands.run("shell", "-v", "0", "-c", TOLD, **SECRETS)
    assert done.stdout.split() == list(SECRETS.values()), done.stderr


def test_a_secret_that_production_lacks_is_named() -> None:
    without = {"PRODUCTION": "true", "SECRET_KEY": SECRETS["SECRET_KEY"]}
    done = commands.run("check", **without)
    assert done.returncode != 0
    assert "Set the CUSTOMER_ID_KEY environment variable" in done.stderr.splitlines()[-1]
