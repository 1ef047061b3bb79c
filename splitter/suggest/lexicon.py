"""English words that say what a column or a table is for, in whatever application it stands."""

from __future__ import annotations

from splitter.suggest.words import Words


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Before the name of a table in a column's: which one of them it is, not another kind of thing.
ROLES = _words(
    """
    a active after all and approved assigned assignee at author base before by canonical chosen child closed closing
    completed converted created creating creator current default deleted deleting desired destination dest downstream duplicate
    duplicated edited ending enqueued expired failed final first for forked from head in initial inviting invited last latest
    linked locked locking main managing master matched merge merged moved new newest next of old oldest on opened opening original
    origin other outer inner owner owning owned own parent pending preferred prev previous primary processed promoted ref
    referenced related replaced replacement requested requesting requester resolved resolving reviewed reviewer root second
    secondary selected sending sent single source src start started starting target template third to top trigger triggered
    triggering true unlocked updated updating upper upstream used using with work
    """
)

# Columns that name a person by what they did or do: with ``_id``, or alone where the type is that of the people's key.
PEOPLE_ROLES = _words(
    """
    actor applicant approver assignee assigner author canceller commenter committer contributor creator customer deleter editor
    initiator invitee inviter lead leader manager member modifier moderator operator owner participant performer person recipient
    reporter requester requestor resolver responder responsible reviewer sender signer submitter supervisor updater uploader user
    viewer
    """
)

# A row of the same table.
KIN = _words(
    """
    ancestor base canonical child clone cloned copied copy descendant duplicate duplicated fork forked moved next origin original
    parent predecessor prev previous promoted replaced replacement replaces root successor superseded superseder template
    """
)

# Ids that somebody else gave: the name of a table behind these words is another system's.
FOREIGN = _words(
    """
    adyen api apple asana atlassian auth0 aws azure bitbucket braintree chargebee client cognito datadog discord ext external
    facebook firebase foreign gcp github gitlab google hubspot idp imported intercom jira keycloak ldap legacy linear linkedin
    microsoft notion oauth oidc okta openai pagerduty partner paypal provider quickbooks remote salesforce saml scim segment
    shopify slack stripe supabase telegram third twilio twitter vendor webauthn xero zendesk zoom
    """
)

# Tables of people, and columns that only such a table has.
PEOPLE = ("user", "person", "people", "account", "principal", "identity", "login")
LOGIN_COLUMNS = (
    ("email",),
    ("username",),
    ("user", "name"),
    ("login",),
    ("password",),
    ("password", "hash"),
    ("hashed", "password"),
    ("encrypted", "password"),
    ("password", "digest"),
    ("email", "verified"),
    ("last", "login"),
    ("last", "login", "at"),
    ("last", "sign", "in", "at"),
    ("is", "superuser"),
    ("is", "staff"),
)

# Words of tables that belong to logging in.
LOGIN_TABLES = _words(
    """
    auth authentication authenticator credential credentials login mfa oauth oidc otp passkey password saml session sessions
    signin sso token tokens totp twofactor verification webauthn
    """
)

# Where frameworks keep which changes of the schema a database has had.
MIGRATION_TABLES = _words(
    """
    alembicversion arinternalmetadata atlasschemarevisions databasechangelog databasechangeloglock djangomigrations
    doctrinemigrationversions drizzlemigrations efmigrationshistory flywayschemahistory goosedbversion goosedbversions
    gormigratemigrations knexmigrations knexmigrationslock migration migrations migrationversion migrationversions
    mikroormmigrations phinxlog pgmigrations playevolutions prismamigrations schemamigration schemamigrations schemamigrationlock
    sequelizemeta southmigrationhistory sqlxmigrations typeormmetadata typeormmigrations
    """
)


def is_role(words: Words) -> bool:
    """Whether these words only tell which one of a kind is meant; participles do, and deeds: ``mentioned_user_ids``, ``set_by_user_id``."""
    return words[-1:] == ("by",) or all(
        word in ROLES or word in PEOPLE_ROLES or (len(word) > 5 and word.endswith(("ed", "ing"))) for word in words
    )
