-- Every id column that a distributed id does not fit: the keys, and what refers to them with a foreign key or without.
ALTER TABLE public.build_image_resource_caches
    ALTER COLUMN job_id TYPE bigint;
ALTER TABLE public.build_resource_config_version_inputs
    ALTER COLUMN resource_id TYPE bigint;
ALTER TABLE public.build_resource_config_version_outputs
    ALTER COLUMN resource_id TYPE bigint;
ALTER TABLE public.builds
    ALTER COLUMN job_id TYPE bigint,
    ALTER COLUMN pipeline_id TYPE bigint,
    ALTER COLUMN rerun_of_old TYPE bigint,
    ALTER COLUMN resource_id TYPE bigint,
    ALTER COLUMN resource_type_id TYPE bigint,
    ALTER COLUMN team_id TYPE bigint;
ALTER TABLE public.containers
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN image_check_container_id TYPE bigint,
    ALTER COLUMN image_get_container_id TYPE bigint,
    ALTER COLUMN meta_job_id TYPE bigint,
    ALTER COLUMN meta_pipeline_id TYPE bigint,
    ALTER COLUMN pipeline_id TYPE bigint,
    ALTER COLUMN resource_config_check_session_id TYPE bigint,
    ALTER COLUMN resource_id TYPE bigint,
    ALTER COLUMN team_id TYPE bigint;
ALTER TABLE public.job_inputs
    ALTER COLUMN job_id TYPE bigint,
    ALTER COLUMN passed_job_id TYPE bigint,
    ALTER COLUMN resource_id TYPE bigint;
ALTER TABLE public.job_outputs
    ALTER COLUMN job_id TYPE bigint,
    ALTER COLUMN resource_id TYPE bigint;
ALTER TABLE public.jobs
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN pipeline_id TYPE bigint;
ALTER TABLE public.jobs_serial_groups
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN job_id TYPE bigint;
ALTER TABLE public.next_build_inputs
    ALTER COLUMN job_id TYPE bigint,
    ALTER COLUMN resource_id TYPE bigint;
ALTER TABLE public.next_build_pipes
    ALTER COLUMN to_job_id TYPE bigint;
ALTER TABLE public.pipelines
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN parent_job_id TYPE bigint,
    ALTER COLUMN team_id TYPE bigint;
ALTER TABLE public.prototypes
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN pipeline_id TYPE bigint;
ALTER TABLE public.resource_config_check_sessions
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN worker_base_resource_type_id TYPE bigint;
ALTER TABLE public.resource_config_scopes
    ALTER COLUMN resource_id TYPE bigint;
ALTER TABLE public.resource_disabled_versions
    ALTER COLUMN resource_id TYPE bigint;
ALTER TABLE public.resource_pins
    ALTER COLUMN resource_id TYPE bigint;
ALTER TABLE public.resource_types
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN pipeline_id TYPE bigint;
ALTER TABLE public.resources
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN pipeline_id TYPE bigint;
ALTER TABLE public.successful_build_outputs
    ALTER COLUMN job_id TYPE bigint;
ALTER TABLE public.task_caches
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN job_id TYPE bigint;
ALTER TABLE public.teams
    ALTER COLUMN id TYPE bigint;
ALTER TABLE public.volumes
    ALTER COLUMN container_id TYPE bigint,
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN parent_id TYPE bigint,
    ALTER COLUMN team_id TYPE bigint,
    ALTER COLUMN worker_artifact_id TYPE bigint,
    ALTER COLUMN worker_base_resource_type_id TYPE bigint,
    ALTER COLUMN worker_resource_cache_id TYPE bigint,
    ALTER COLUMN worker_resource_certs_id TYPE bigint,
    ALTER COLUMN worker_task_cache_id TYPE bigint;
ALTER TABLE public.worker_artifacts
    ALTER COLUMN id TYPE bigint;
ALTER TABLE public.worker_base_resource_types
    ALTER COLUMN id TYPE bigint;
-- A column that a trigger's condition names can't change its type.
DROP TRIGGER worker_resource_caches_fkey_trigger ON public.worker_resource_caches;
ALTER TABLE public.worker_resource_caches
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN worker_base_resource_type_id TYPE bigint;
CREATE TRIGGER worker_resource_caches_fkey_trigger AFTER UPDATE ON public.worker_resource_caches FOR EACH ROW
    WHEN (OLD.worker_base_resource_type_id IS NOT NULL AND NEW.worker_base_resource_type_id IS NULL)
    EXECUTE FUNCTION public.worker_resource_caches_fkey_trigger_function();
ALTER TABLE public.worker_resource_certs
    ALTER COLUMN id TYPE bigint;
ALTER TABLE public.worker_task_caches
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN task_cache_id TYPE bigint;
ALTER TABLE public.workers
    ALTER COLUMN team_id TYPE bigint;

ALTER SEQUENCE public.containers_id_seq AS bigint;
ALTER SEQUENCE public.jobs_id_seq AS bigint;
ALTER SEQUENCE public.jobs_serial_groups_id_seq AS bigint;
ALTER SEQUENCE public.pipelines_id_seq AS bigint;
ALTER SEQUENCE public.prototypes_id_seq AS bigint;
ALTER SEQUENCE public.resource_config_check_sessions_id_seq AS bigint;
ALTER SEQUENCE public.resource_config_scopes_id_seq AS bigint;
ALTER SEQUENCE public.resource_types_id_seq AS bigint;
ALTER SEQUENCE public.resources_id_seq AS bigint;
ALTER SEQUENCE public.task_caches_id_seq AS bigint;
ALTER SEQUENCE public.teams_id_seq AS bigint;
ALTER SEQUENCE public.volumes_id_seq AS bigint;
ALTER SEQUENCE public.worker_artifacts_id_seq AS bigint;
ALTER SEQUENCE public.worker_base_resource_types_id_seq AS bigint;
ALTER SEQUENCE public.worker_resource_caches_id_seq AS bigint;
ALTER SEQUENCE public.worker_resource_certs_id_seq AS bigint;
ALTER SEQUENCE public.worker_task_caches_id_seq AS bigint;
