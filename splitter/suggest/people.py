"""Which tables hold people, and what a reference to a person says of a row: whose it is, or only who did something."""

from __future__ import annotations

from splitter.graph import Reference
from splitter.schema import Table
from splitter.suggest.lexicon import LOGIN_COLUMNS, LOGIN_TABLES, PEOPLE
from splitter.suggest.words import Words, spellings, split_words, stem_of

_SURE = frozenset({"user", "person"})
_SECRETS = frozenset({("password",), ("password", "hash"), ("hashed", "password"), ("encrypted", "password"), ("password", "digest")})


def is_people(table: Table, words: Words) -> bool:
    """By its name (``words``) and its columns: users by name alone, accounts and the like where they have a login."""
    logins = {split_words(column.name) for column in table.columns} & set(LOGIN_COLUMNS)
    whole = spellings(words)
    if whole & _SURE or (spellings(words[-1:]) & _SURE and logins):
        return True
    return bool(whole & set(PEOPLE) and logins) or (len(logins) > 1 and bool(logins & _SECRETS))


def is_about_login(words: Words) -> bool:
    return any(word in LOGIN_TABLES for word in words)


def belongs_by(reference: Reference) -> bool:
    """Whether the rows that hold this reference are the person's; ``created_by`` only says who did something.

    One that may be NULL counts where it is named after the table of people itself.
    """
    for column in reference.columns:
        words = stem_of(column) or split_words(column)
        if words[-1:] == ("by",):
            return False
        if reference.nullable and not spellings(words) & spellings(split_words(reference.target.name)[-1:]):
            return False
    return True
