"""The shop's settings, but as in production without the notes that are kept for learners."""

from shopsite.settings import *  # noqa: F403

LEARNING_PAGE = False
