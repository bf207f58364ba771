"""How product names are sorted and found."""

import random
import unicodedata

import pytest
from hypothesis import given

from catalog.naming import LONGEST_PREFIX, search_prefixes, search_terms, sort_key, words
from tests import strategies

DICTIONARY = """
agrest arbuz ąb banan cukier cytryna czosnek ćma lód łan łosoś masło mleko
osa ósma ser sok szynka śliwka zupa zwykły źrebię żaba żyto
"""


def test_names_sort_by_the_polish_alphabet() -> None:
    alphabet = "aąbcćdeęfghijklłmnńoópqrsśtuvwxyzźż"
    shuffled = random.sample(alphabet, len(alphabet))
    assert "".join(sorted(shuffled, key=sort_key)) == alphabet


def test_words_sort_as_in_a_polish_dictionary() -> None:
    dictionary = DICTIONARY.split()
    shuffled = random.sample(dictionary, len(dictionary))
    assert sorted(shuffled, key=sort_key) == dictionary


def test_a_beginning_sorts_before_what_it_begins() -> None:
    names = ["ser", "ser biały", "ser żółty", "serek", "sernik"]
    assert sorted(random.sample(names, len(names)), key=sort_key) == names


@pytest.mark.parametrize(
    ("one", "other"),
    [("MLEKO", "mleko"), ("Évian", "evian"), ("Źrebię", unicodedata.normalize("NFD", "źrebię"))],
)
def test_case_marks_and_encodings_do_not_matter(one: str, other: str) -> None:
    assert sort_key(one) == sort_key(other)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Łosoś wędzony 1 kg", ["losos", "wedzony", "1", "kg"]),
        ("Mleko 3,2%", ["mleko", "3", "2"]),
        ("Zażółć gęślą jaźń", ["zazolc", "gesla", "jazn"]),
        ("crème brûlée", ["creme", "brulee"]),
        ("Straße ﬁlet", ["strasse", "filet"]),
        ("🥛", []),
        ("", []),
    ],
)
def test_words_lose_case_and_diacritics(text: str, found: list[str]) -> None:
    assert words(text) == found


def test_a_name_is_found_by_the_beginnings_of_its_words() -> None:
    assert search_prefixes("Łosoś 1 kg") == ["1", "kg", "lo", "los", "loso", "losos"]


def test_no_beginning_is_longer_than_the_column() -> None:
    found = search_prefixes("a" * 200)
    assert max(map(len, found)) == LONGEST_PREFIX == 12
    assert search_terms("a" * 200) == ["a" * 12]


@pytest.mark.parametrize("typed", ["ŁOSOŚ", "losos", "kg lo", "wędz", "wedzony łosoś", "1"])
def test_what_a_person_types_finds_the_name(typed: str) -> None:
    assert set(search_terms(typed)) <= set(search_prefixes("Łosoś wędzony 1 kg"))


@pytest.mark.parametrize("typed", ["osoś", "l", "łososie", "kg 2"])
def test_what_is_no_beginning_does_not_find_it(typed: str) -> None:
    assert not set(search_terms(typed)) <= set(search_prefixes("Łosoś wędzony 1 kg"))


@given(strategies.lines(200))
def test_every_name_is_found_by_itself(name: str) -> None:
    assert set(search_terms(name)) <= set(search_prefixes(name))
