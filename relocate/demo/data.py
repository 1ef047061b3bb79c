"""The sample application's rows: made from a seed, the same on every machine, as plain tuples that tests use as the truth."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from types import MappingProxyType
from uuid import UUID

Row = tuple[object, ...]

REGION_COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "plan": ("id", "name", "price_cents", "events_per_month", "created_at"),
        "organization": ("id", "slug", "name", "plan_id", "created_at", "owner_member_id"),
        "team": ("id", "organization_id", "slug", "name"),
        "member": ("id", "organization_id", "user_id", "role", "joined_at"),
        "team_member": ("team_id", "member_id", "is_admin"),
        "project": ("id", "organization_id", "slug", "platform", "created_at", "latest_group_id"),
        "project_team": ("project_id", "team_id"),
        "integration": ("id", "organization_id", "provider", "external_id", "config"),
        "group": ("id", "project_id", "number", "title", "level", "assignee_id", "first_seen", "comment_count"),
        "event": ("id", "project_id", "group_id", "event_id", "payload", "received_at"),
        "comment": ("id", "group_id", "parent_id", "author_id", "body", "created_at"),
        "rule": ("id", "project_id", "label", "data"),
        "dashboard": ("id", "organization_id", "title", "project_ids", "layout"),
        "audit_log": ("id", "organization_id", "actor_id", "action", "target_type", "target_id", "at"),
        "task_queue": ("id", "name", "arguments", "run_at"),
    }
)

# Rows of these never leave their region, so their ids are small ones everywhere.
_ALWAYS_LOCAL = ("plan", "task_queue")
_START = datetime(2026, 1, 5, 8, tzinfo=UTC)
_PLANS = {"free": (0, 5_000), "team": (2_900, 100_000), "business": (9_900, 5_000_000)}
_PEOPLE = ("Ada", "Björn", "Chidi", "Dolores", "Elif", "Farouk", "Grete", "Hiro", "Inês", "Jürgen", "Katarzyna", "Luz")
_FAMILIES = ("Lumbergh", "Waddams", "Nagheenanajar", "O'Neil")
_PLATFORMS = ("python", "javascript", "go", "ruby", "java", "cocoa")
_ERRORS = ("ValueError", "TimeoutError", "KeyError", "ConnectionReset", "IntegrityError", "OutOfMemory")
_PLACES = ("checkout", "login", "import", "search", "billing", "upload", "export")
_BODIES = (
    "Looks like the release of Monday.",
    "Can't reproduce; which browser?",
    "Same here:\n\tat line 12\n\tat line 40",
    "Pfad ist C:\\temp\\new, nicht /tmp",
    "\\N is what the log says, then \\.",
    'She said "fixed", I say "flaky" 🙃',
    "Прошло само. 直りました。",
)
_BROWSERS = ("Firefox 140", "Chrome 150", "Safari 19", "curl")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """An organization to be made, and how much of it."""

    slug: str
    name: str
    plan: str
    projects: int
    groups: int
    events: int
    comments: int
    audits: int

    def scaled(self, factor: float) -> Tenant:
        """The same organization with fewer rows in its large tables, but never without one."""
        sizes = {name: max(1, round(getattr(self, name) * factor)) for name in ("groups", "events", "comments", "audits")}
        return replace(self, **sizes)


ACME = Tenant(slug="acme", name="Acme Corporation", plan="business", projects=12, groups=1_500, events=30_000, comments=3_200, audits=4_000)
GLOBEX = Tenant(slug="globex", name="Globex, Inc.", plan="team", projects=10, groups=1_400, events=29_000, comments=3_000, audits=3_800)
INITECH = Tenant(slug="initech", name="Initech", plan="team", projects=6, groups=800, events=14_000, comments=1_600, audits=2_000)
UMBRELLA = Tenant(slug="umbrella", name="Umbrella GmbH", plan="business", projects=4, groups=250, events=4_000, comments=500, audits=600)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionRows:
    """A region's rows by table, and beside each row the slug of its organization (None: nobody's)."""

    rows: Mapping[str, tuple[Row, ...]]
    owners: Mapping[str, tuple[str | None, ...]]

    def of(self, slug: str, table: str) -> Iterator[Row]:
        """The rows of one organization in one table."""
        return (row for row, owner in zip(self.rows[table], self.owners[table], strict=True) if owner == slug)


def make_users() -> tuple[Row, ...]:
    """auth_user in control: id, email, name."""
    names = [f"{first} {family}" for family in _FAMILIES for first in _PEOPLE]
    return tuple((n, f"user{n}@example.com", name) for n, name in enumerate(names, 1))


def make_us(*, base: int = 0, factor: float = 1.0) -> RegionRows:
    """The region where everything began: three organizations; ``base`` is added to ids, 0 makes local ones."""
    return make_region((ACME, GLOBEX, INITECH), plans=("free", "team", "business"), base=base, seed=1, factor=factor)


def make_de(*, base: int, factor: float = 1.0) -> RegionRows:
    """The newer region, with an organization of its own, and the same plans under other ids."""
    return make_region((UMBRELLA,), plans=("business", "free", "team"), base=base, seed=2, factor=factor)


def make_region(tenants: tuple[Tenant, ...], *, plans: tuple[str, ...], base: int, seed: int, factor: float = 1.0) -> RegionRows:
    """Rows of several organizations, interleaved as if they had been written at the same time."""
    maker = _Maker(tuple(tenant.scaled(factor) for tenant in tenants), base=base, seed=seed)
    maker.make_plans(plans)
    for make in (_organizations, _people, _projects, _integrations, _groups, _events, _comments, _rules, _dashboards, _audits, _tasks):
        make(maker)
    return maker.finished()


@dataclass(slots=True)
class _Home:
    """What an organization has so far, by id."""

    tenant: Tenant
    id: int = 0
    teams: list[int] = field(default_factory=list)
    users: list[int] = field(default_factory=list)
    members: list[int] = field(default_factory=list)
    projects: list[int] = field(default_factory=list)
    integrations: list[int] = field(default_factory=list)
    rules: list[int] = field(default_factory=list)
    groups: list[tuple[int, int]] = field(default_factory=list)  # id, project
    comments: list[tuple[int, int]] = field(default_factory=list)  # id, group


class _Maker:
    """Collects rows and counts their ids. ``tables`` and ``owners`` grow side by side."""

    def __init__(self, tenants: tuple[Tenant, ...], *, base: int, seed: int) -> None:
        self.random = Random(seed)
        self.base = base
        self.homes = [_Home(tenant) for tenant in tenants]
        self.plan_ids: dict[str, int] = {}
        self.tables: dict[str, list[Row]] = {table: [] for table in REGION_COLUMNS}
        self.owners: dict[str, list[str | None]] = {table: [] for table in REGION_COLUMNS}

    def make_plans(self, names: tuple[str, ...]) -> None:
        for name in names:
            self.plan_ids[name] = self.add("plan", None, name, *_PLANS[name], self.moment())

    def add(self, table: str, home: _Home | None, *values: object) -> int:
        """A row with the next id, which is returned."""
        base = 0 if table in _ALWAYS_LOCAL else self.base
        number = base + len(self.tables[table]) + 1
        self.link(table, home, number, *values)
        return number

    def link(self, table: str, home: _Home | None, *values: object) -> None:
        """A row of a table without an id."""
        self.tables[table].append(values)
        self.owners[table].append(home.tenant.slug if home else None)

    def set_last(self, table: str, number: int, value: object) -> None:
        """Fill in a row's last column, known only after its successors were made."""
        index = number - self.base - 1
        self.tables[table][index] = (*self.tables[table][index][:-1], value)

    def mixed(self, count: Callable[[Tenant], int]) -> Iterator[_Home]:
        """Each organization as often as it has rows to come, in random order."""
        order = [home for home in self.homes for _ in range(count(home.tenant))]
        self.random.shuffle(order)
        return iter(order)

    def moment(self) -> datetime:
        return _START + timedelta(seconds=self.random.randrange(20_000_000), microseconds=self.random.randrange(1_000_000))

    def finished(self) -> RegionRows:
        return RegionRows(
            rows={table: tuple(rows) for table, rows in self.tables.items()},
            owners={table: tuple(slugs) for table, slugs in self.owners.items()},
        )


def _organizations(maker: _Maker) -> None:
    for home in maker.homes:
        tenant = home.tenant
        home.id = maker.add("organization", home, tenant.slug, tenant.name, maker.plan_ids[tenant.plan], maker.moment(), None)


def _people(maker: _Maker) -> None:
    users = [int(str(user[0])) for user in make_users()]
    for home in maker.mixed(lambda tenant: tenant.projects // 2 + 1):
        name = _PLACES[len(home.teams)]
        home.teams.append(maker.add("team", home, home.id, name, f"Team {name.title()}"))
    for home in maker.homes:
        home.users = maker.random.sample(users, 2 * home.tenant.projects)
    for home in maker.mixed(lambda tenant: 2 * tenant.projects):
        user = home.users[len(home.members)]
        role = "member" if home.members else "owner"
        home.members.append(maker.add("member", home, home.id, user, role, maker.moment()))
    for home in maker.homes:
        maker.set_last("organization", home.id, home.members[0])
        for number, member in enumerate(home.members):
            maker.link("team_member", home, home.teams[number % len(home.teams)], member, number % 5 == 0)


def _projects(maker: _Maker) -> None:
    for home in maker.mixed(lambda tenant: tenant.projects):
        platform = maker.random.choice(_PLATFORMS)
        slug = f"{platform}-{len(home.projects) + 1}"
        project = maker.add("project", home, home.id, slug, platform, maker.moment(), None)
        team = maker.random.choice(home.teams)
        home.projects.append(project)
        # every fourth row stands there twice: the table has no key
        for _ in range(2 if len(home.projects) % 4 == 0 else 1):
            maker.link("project_team", home, project, team)


def _integrations(maker: _Maker) -> None:
    for provider in ("slack", "github", "pagerduty"):
        for home in maker.homes:
            channels = {str(project): f"#{home.tenant.slug}-{place}" for project, place in zip(home.projects, _PLACES, strict=False)}
            config = json.dumps({"notify": True, "channels": channels if provider == "slack" else {}})
            home.integrations.append(maker.add("integration", home, home.id, provider, f"{provider}-{home.tenant.slug}", config))


def _groups(maker: _Maker) -> None:
    random, numbers, latest = maker.random, defaultdict[int, int](int), dict[int, int]()
    for home in maker.mixed(lambda tenant: tenant.groups):
        project = random.choice(home.projects)
        numbers[project] += 1
        title = f"{random.choice(_ERRORS)} in {random.choice(_PLACES)}"
        level = random.choice(("warning", "error", "error", "fatal"))
        assignee = random.choice(home.members) if random.random() < 0.4 else None
        latest[project] = maker.add("group", home, project, numbers[project], title, level, assignee, maker.moment(), 0)
        home.groups.append((latest[project], project))
    for project, group in latest.items():
        maker.set_last("project", project, group)


def _events(maker: _Maker) -> None:
    random = maker.random
    for home in maker.mixed(lambda tenant: tenant.events):
        group, project = random.choice(home.groups)
        event = UUID(int=random.getrandbits(128), version=4)
        maker.add("event", home, project, group, event, _payload(random), maker.moment())


def _payload(random: Random) -> str:
    error, place, line = random.choice(_ERRORS), random.choice(_PLACES), random.randrange(1, 900)
    return json.dumps(
        {
            "message": f"{error}: request {random.getrandbits(48):x} failed",
            "tags": {"browser": random.choice(_BROWSERS), "server": f"web-{line % 7}", "release": f"26.{line % 12}.{line % 31}"},
            "frames": [{"file": f"app/{place}.py", "line": line, "function": f"handle_{place}"}, {"file": "app/main.py", "line": 12}],
            "duration_ms": line * 1.5,
        }
    )


def _comments(maker: _Maker) -> None:
    random, counts = maker.random, defaultdict[int, int](int)
    for home in maker.mixed(lambda tenant: tenant.comments):
        parent, group = random.choice(home.comments) if home.comments and random.random() < 0.5 else (None, random.choice(home.groups)[0])
        author = random.choice(home.members) if random.random() < 0.9 else None
        comment = maker.add("comment", home, group, parent, author, random.choice(_BODIES), maker.moment())
        home.comments.append((comment, group))
        counts[group] += 1
    for group, count in counts.items():
        maker.set_last("group", group, count)


def _rules(maker: _Maker) -> None:
    random = maker.random
    for home in maker.mixed(lambda tenant: 3 * tenant.projects):
        actions: list[dict[str, object]] = [
            {"team_id": random.choice(home.teams), "notify": "email"},
            {"integration_id": random.choice(home.integrations)},
            {"target_type": "member", "target_id": random.choice(home.members)},
            {"target_type": "team", "target_id": random.choice(home.teams)},
        ]
        data = json.dumps({"frequency": 30, "actions": random.sample(actions, random.randrange(len(actions) + 1))})
        project = random.choice(home.projects)
        home.rules.append(maker.add("rule", home, project, f"Rule {len(home.rules) + 1}", data))


def _dashboards(maker: _Maker) -> None:
    random = maker.random
    for home in maker.mixed(lambda tenant: tenant.projects):
        projects = random.sample(home.projects, random.randrange(len(home.projects)))
        # written by hand: the spelling of 1.50 and 1e3, and the order of members, have to survive
        widgets = ", ".join(f'{{"scale": 1.50, "project_id": {project}, "limit": 1e3}}' for project in projects)
        maker.add("dashboard", home, home.id, f"{random.choice(_PLACES)} & more", projects, f'{{"widgets": [{widgets}]}}')


def _audits(maker: _Maker) -> None:
    random = maker.random
    for home in maker.mixed(lambda tenant: tenant.audits):
        label, target = random.choice(_audit_targets(maker, home))
        action = f"{label}.{random.choice(('create', 'edit', 'remove'))}"
        actor = random.choice((0, *home.users))
        maker.add("audit_log", home, home.id, actor, action, label, target, maker.moment())


def _audit_targets(maker: _Maker, home: _Home) -> tuple[tuple[str, int], ...]:
    random = maker.random
    deleted_long_ago = maker.base + 5_000 + random.randrange(90)
    return (
        ("organization", home.id),
        ("project", random.choice(home.projects)),
        ("project", deleted_long_ago),
        ("team", random.choice(home.teams)),
        ("member", random.choice(home.members)),
        ("rule", random.choice(home.rules)),
        ("user", random.choice(home.users)),
    )


def _tasks(maker: _Maker) -> None:
    for number in range(5):
        maker.add("task_queue", None, "send-digest", json.dumps({"batch": number}), maker.moment())
