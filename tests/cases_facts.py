"""What is decided for the case schemas and stands neither in a catalog nor in owners.json: the ground truth's side of their silos.toml.

It says the same as tests/cases/*/silos.toml, in other words and for another reader: the tests must not trust orglift's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.truth_catalog import Link

Place = tuple[str, str]  # table, column
HOME, AWAY = "us", "de"


@dataclass(frozen=True, slots=True)
class Shared:
    """Rows that every region has: the first of ``match`` without NULL finds one; only rows where ``null`` is NULL, if it is named."""

    match: tuple[tuple[str, ...], ...]
    null: str | None = None
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """``absent``: control tables that have left the regions; ``narrow``: widen.sql is needed before a distributed id fits.

    ``newcomer``: one more organization of the second region, made first: those that are filled in count on from its id, so that no
    organization has the local id of one of the first region's. ``same_ids``: some have, and only a slug tells them apart.
    """

    name: str
    slug: str | None = None
    control: tuple[str, ...] = ()
    absent: bool = False
    shared: Mapping[str, Shared] = field(default_factory=dict)
    referenced: frozenset[str] = frozenset()
    unset: frozenset[Place] = frozenset()
    ids: frozenset[Place] = frozenset()
    none_values: Mapping[Place, frozenset[str]] = field(default_factory=dict)
    links: tuple[Link, ...] = ()
    narrow: bool = False
    same_ids: bool = False
    newcomer: str = ""


def public(*names: str) -> tuple[str, ...]:
    return tuple(f"public.{name}" for name in names)


def _link(table: str, columns: str, target: str, target_columns: str) -> Link:
    return Link(f"public.{table}", tuple(columns.split()), f"public.{target}", tuple(target_columns.split()))


def _timed(target: str, *columns: str) -> tuple[Link, ...]:
    """Hatchet's references by id and time: ``table.prefix`` stands for its columns prefix_id and prefix_inserted_at."""
    places = [column.split(".") for column in columns]
    return tuple(_link(table, f"{prefix}_id {prefix}_inserted_at", target, "id inserted_at") for table, prefix in places)


def _same_time(*places: tuple[str, str, str]) -> tuple[Link, ...]:
    return tuple(_link(table, f"{column} inserted_at", target, "id inserted_at") for table, column, target in places)


CITUSADS = Facts(
    name="citusads",
    shared={"public.geo_ips": Shared((("addrs",),))},
    links=tuple(_link(table, "company_id", "companies", "id") for table in ("ads", "clicks", "impressions")),
    newcomer="INSERT INTO public.companies VALUES (139, '', '', now(), now())",
)

LANGFUSE = Facts(
    name="langfuse",
    control=public("users", "Account", "Session", "verification_tokens", "sso_configs", "billing_meter_backups"),
    shared={
        "public.dashboards": Shared((("name",),), null="project_id"),
        "public.models": Shared((("model_name", "start_date", "unit"), ("id",)), null="project_id"),
        "public.eval_templates": Shared((("name", "version"),), null="project_id"),
    },
    links=(_link("audit_logs", "org_id", "organizations", "id"),),
)

CONCOURSE = Facts(
    name="concourse",
    slug="name",
    control=public("users", "access_tokens", "signing_keys", "wall"),
    shared={
        "public.base_resource_types": Shared((("name",),)),
        "public.resource_configs": Shared((("source_hash",),)),
        "public.resource_caches": Shared((("version_digest", "params_hash"),)),
    },
    none_values={("public.containers", f"meta_{what}_id"): frozenset({"0"}) for what in ("pipeline", "job", "build")},
    narrow=True,
    same_ids=True,
)

LABELSTUDIO = Facts(
    name="labelstudio",
    shared={
        "public.django_content_type": Shared((("app_label", "model"),)),
        "public.auth_permission": Shared((("content_type_id", "codename"),)),
        "public.auth_group": Shared((("name",),)),
        "public.auth_group_permissions": Shared((("group_id", "permission_id"),)),
        "public.projects_projectonboardingsteps": Shared((("code",), ("title",))),
    },
    referenced=frozenset(
        public(
            *(f"io_storages_{kind}mixin" for kind in ("azureblobstorage", "gcsstorage", "localfiles", "redisstorage")),
            "data_manager_filtergroup",
        )
    ),
    narrow=True,
    newcomer="INSERT INTO public.organization (id, title, created_at, updated_at) VALUES (139, '', now(), now())",
)

HATCHET = Facts(
    name="hatchet",
    slug="slug",
    control=public("User", "UserOAuth", "UserPassword", "UserSession"),
    absent=True,
    unset=frozenset(
        (f"public.{table}", column)
        for table, column in (
            ("Tenant", "controllerPartitionId"),
            ("Tenant", "schedulerPartitionId"),
            ("Tenant", "workerPartitionId"),
            ("Worker", "dispatcherId"),
            ("Worker", "durableTaskDispatcherId"),
            *((table, "tickerId") for table in ("GetGroupKeyRun", "JobRun", "StepRun", "TenantAlertingSettings")),
            *((table, "tickerId") for table in ("WorkflowTriggerCronRef", "WorkflowTriggerScheduledRef")),
        )
    ),
    ids=frozenset(
        (f"public.{table}", column)
        for table, column in (
            ("StepRunEvent", "id"),
            ("WorkflowRunDedupe", "id"),
            ("v1_concurrency_slot", "strategy_id"),
            ("v1_concurrency_slot", "parent_strategy_id"),
            ("v1_workflow_concurrency_slot", "strategy_id"),
            ("v1_step_concurrency", "parent_strategy_id"),
            ("v1_runs_olap", "id"),
            ("v1_payload", "id"),
            ("v1_event_to_run_olap", "event_id"),
        )
    ),
    links=(
        *_timed(
            "v1_task",
            *(f"v1_{table}.task" for table in ("batched_queue_item", "concurrency_slot", "dag_to_task", "log_line", "queue_item")),
            *(f"v1_{table}.task" for table in ("paused_workflow_queue_item", "rate_limited_queue_items", "retry_queue_item")),
            *(f"v1_{table}.task" for table in ("task_event", "task_expression_eval", "task_runtime", "task_runtime_slot")),
            *(f"v1_durable_event_log_{table}.durable_task" for table in ("branch_point", "entry", "file")),
            *(f"v1_match.{prefix}_task" for prefix in ("signal", "trigger_parent", "trigger_existing")),
            "v1_task.parent_task",
        ),
        *_timed("v1_dag", "v1_dag_data.dag", "v1_dag_to_task.dag", "v1_task.dag", "v1_match.trigger_dag"),
        *_timed("v1_tasks_olap", *(f"v1_{table}.task" for table in ("dag_to_task_olap", "task_events_olap", "task_events_olap_tmp"))),
        *_timed("v1_dags_olap", *(f"v1_{table}.dag" for table in ("dag_to_task_olap", "task_status_updates_tmp", "tasks_olap"))),
        *_timed("v1_runs_olap", "v1_event_to_run_olap.run"),
        *_same_time(
            ("v1_lookup_table", "task_id", "v1_task"),
            ("v1_lookup_table", "dag_id", "v1_dag"),
            ("v1_lookup_table_olap", "task_id", "v1_tasks_olap"),
            ("v1_lookup_table_olap", "dag_id", "v1_dags_olap"),
            ("v1_tasks_olap", "id", "v1_task"),
            ("v1_dags_olap", "id", "v1_dag"),
        ),
        _link("v1_event_lookup_table_olap", "tenant_id event_seen_at event_id", "v1_events_olap", "tenant_id seen_at id"),
        _link("tenant_entitlement", "tenant_id", "Tenant", "id"),
        _link("v1_step_batch_config", "step_id", "Step", "id"),
    ),
)

CASES = {facts.name: facts for facts in (CITUSADS, LANGFUSE, CONCOURSE, LABELSTUDIO, HATCHET)}
