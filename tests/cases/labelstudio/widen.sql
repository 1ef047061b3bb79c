-- Every id column that a distributed id does not fit: the keys, and what refers to them with a foreign key or without.
-- An identity column takes its sequence along.
ALTER TABLE public.authtoken_token
    ALTER COLUMN user_id TYPE bigint;
ALTER TABLE public.core_asyncmigrationstatus
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN project_id TYPE bigint;
ALTER TABLE public.core_deletedrow
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN organization_id TYPE bigint,
    ALTER COLUMN project_id TYPE bigint;
ALTER TABLE public.data_export_convertedformat
    ALTER COLUMN created_by_id TYPE bigint,
    ALTER COLUMN export_id TYPE bigint,
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN organization_id TYPE bigint,
    ALTER COLUMN project_id TYPE bigint;
ALTER TABLE public.data_export_export
    ALTER COLUMN created_by_id TYPE bigint,
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN project_id TYPE bigint;
ALTER TABLE public.data_import_fileupload
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN project_id TYPE bigint,
    ALTER COLUMN user_id TYPE bigint;
ALTER TABLE public.data_manager_filtergroup
    ALTER COLUMN id TYPE bigint;
ALTER TABLE public.data_manager_view
    ALTER COLUMN filter_group_id TYPE bigint,
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN project_id TYPE bigint,
    ALTER COLUMN user_id TYPE bigint;
ALTER TABLE public.django_admin_log
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN user_id TYPE bigint;
ALTER TABLE public.fsm_annotationstate
    ALTER COLUMN annotation_id TYPE bigint,
    ALTER COLUMN organization_id TYPE bigint,
    ALTER COLUMN project_id TYPE bigint,
    ALTER COLUMN task_id TYPE bigint,
    ALTER COLUMN triggered_by_id TYPE bigint;
ALTER TABLE public.fsm_projectstate
    ALTER COLUMN organization_id TYPE bigint,
    ALTER COLUMN project_id TYPE bigint,
    ALTER COLUMN triggered_by_id TYPE bigint;
ALTER TABLE public.fsm_taskstate
    ALTER COLUMN organization_id TYPE bigint,
    ALTER COLUMN project_id TYPE bigint,
    ALTER COLUMN task_id TYPE bigint,
    ALTER COLUMN triggered_by_id TYPE bigint;
ALTER TABLE public.htx_user
    ALTER COLUMN active_organization_id TYPE bigint,
    ALTER COLUMN id TYPE bigint;
ALTER TABLE public.htx_user_groups
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN user_id TYPE bigint;
ALTER TABLE public.htx_user_user_permissions
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN user_id TYPE bigint;
ALTER TABLE public.io_storages_azureblobexportstorage
    ALTER COLUMN azureblobstoragemixin_ptr_id TYPE bigint,
    ALTER COLUMN project_id TYPE bigint;
ALTER TABLE public.io_storages_azureblobexportstoragelink
    ALTER COLUMN annotation_id TYPE bigint,
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN storage_id TYPE bigint;
ALTER TABLE public.io_storages_azureblobimportstorage
    ALTER COLUMN azureblobstoragemixin_ptr_id TYPE bigint,
    ALTER COLUMN project_id TYPE bigint;
ALTER TABLE public.io_storages_azureblobimportstoragelink
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN storage_id TYPE bigint,
    ALTER COLUMN task_id TYPE bigint;
ALTER TABLE public.io_storages_azureblobstoragemixin
    ALTER COLUMN id TYPE bigint;
ALTER TABLE public.io_storages_gcsexportstorage
    ALTER COLUMN gcsstoragemixin_ptr_id TYPE bigint,
    ALTER COLUMN project_id TYPE bigint;
ALTER TABLE public.io_storages_gcsexportstoragelink
    ALTER COLUMN annotation_id TYPE bigint,
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN storage_id TYPE bigint;
ALTER TABLE public.io_storages_gcsimportstorage
    ALTER COLUMN gcsstoragemixin_ptr_id TYPE bigint,
    ALTER COLUMN project_id TYPE bigint;
ALTER TABLE public.io_storages_gcsimportstoragelink
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN storage_id TYPE bigint,
    ALTER COLUMN task_id TYPE bigint;
ALTER TABLE public.io_storages_gcsstoragemixin
    ALTER COLUMN id TYPE bigint;
ALTER TABLE public.io_storages_localfilesexportstorage
    ALTER COLUMN localfilesmixin_ptr_id TYPE bigint,
    ALTER COLUMN project_id TYPE bigint;
ALTER TABLE public.io_storages_localfilesexportstoragelink
    ALTER COLUMN annotation_id TYPE bigint,
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN storage_id TYPE bigint;
ALTER TABLE public.io_storages_localfilesimportstorage
    ALTER COLUMN localfilesmixin_ptr_id TYPE bigint,
    ALTER COLUMN project_id TYPE bigint;
ALTER TABLE public.io_storages_localfilesimportstoragelink
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN storage_id TYPE bigint,
    ALTER COLUMN task_id TYPE bigint;
ALTER TABLE public.io_storages_localfilesmixin
    ALTER COLUMN id TYPE bigint;
ALTER TABLE public.io_storages_redisexportstorage
    ALTER COLUMN project_id TYPE bigint,
    ALTER COLUMN redisstoragemixin_ptr_id TYPE bigint;
ALTER TABLE public.io_storages_redisexportstoragelink
    ALTER COLUMN annotation_id TYPE bigint,
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN storage_id TYPE bigint;
ALTER TABLE public.io_storages_redisimportstorage
    ALTER COLUMN project_id TYPE bigint,
    ALTER COLUMN redisstoragemixin_ptr_id TYPE bigint;
ALTER TABLE public.io_storages_redisimportstoragelink
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN storage_id TYPE bigint,
    ALTER COLUMN task_id TYPE bigint;
ALTER TABLE public.io_storages_redisstoragemixin
    ALTER COLUMN id TYPE bigint;
ALTER TABLE public.io_storages_s3exportstorage
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN project_id TYPE bigint;
ALTER TABLE public.io_storages_s3exportstoragelink
    ALTER COLUMN annotation_id TYPE bigint,
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN storage_id TYPE bigint;
ALTER TABLE public.io_storages_s3importstorage
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN project_id TYPE bigint;
ALTER TABLE public.io_storages_s3importstoragelink
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN storage_id TYPE bigint,
    ALTER COLUMN task_id TYPE bigint;
ALTER TABLE public.jwt_auth_jwtsettings
    ALTER COLUMN organization_id TYPE bigint;
ALTER TABLE public.labels_manager_label
    ALTER COLUMN approved_by_id TYPE bigint,
    ALTER COLUMN created_by_id TYPE bigint,
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN organization_id TYPE bigint;
ALTER TABLE public.labels_manager_labellink
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN label_id TYPE bigint,
    ALTER COLUMN project_id TYPE bigint;
ALTER TABLE public.ml_mlbackend
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN project_id TYPE bigint;
ALTER TABLE public.ml_mlbackendpredictionjob
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN ml_backend_id TYPE bigint;
ALTER TABLE public.ml_mlbackendtrainjob
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN ml_backend_id TYPE bigint;
ALTER TABLE public.ml_model_providers_modelproviderconnection
    ALTER COLUMN created_by_id TYPE bigint,
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN organization_id TYPE bigint;
ALTER TABLE public.ml_models_modelinterface
    ALTER COLUMN created_by_id TYPE bigint,
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN organization_id TYPE bigint;
ALTER TABLE public.ml_models_modelinterface_associated_projects
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN modelinterface_id TYPE bigint,
    ALTER COLUMN project_id TYPE bigint;
ALTER TABLE public.ml_models_modelrun
    ALTER COLUMN created_by_id TYPE bigint,
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN model_version_id TYPE bigint,
    ALTER COLUMN organization_id TYPE bigint,
    ALTER COLUMN project_id TYPE bigint;
ALTER TABLE public.ml_models_thirdpartymodelversion
    ALTER COLUMN created_by_id TYPE bigint,
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN model_provider_connection_id TYPE bigint,
    ALTER COLUMN organization_id TYPE bigint,
    ALTER COLUMN parent_model_id TYPE bigint;
ALTER TABLE public.organization
    ALTER COLUMN created_by_id TYPE bigint,
    ALTER COLUMN id TYPE bigint;
ALTER TABLE public.organizations_organizationmember
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN organization_id TYPE bigint,
    ALTER COLUMN user_id TYPE bigint;
ALTER TABLE public.prediction
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN model_id TYPE bigint,
    ALTER COLUMN model_run_id TYPE bigint,
    ALTER COLUMN project_id TYPE bigint,
    ALTER COLUMN task_id TYPE bigint;
ALTER TABLE public.prediction_meta
    ALTER COLUMN failed_prediction_id TYPE bigint,
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN prediction_id TYPE bigint;
-- Nor can a column that a generated column is made from: it goes, and comes again with its index.
ALTER TABLE public.project DROP COLUMN search_vector;
ALTER TABLE public.project
    ALTER COLUMN created_by_id TYPE bigint,
    ALTER COLUMN deleted_by_id TYPE bigint,
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN organization_id TYPE bigint;
ALTER TABLE public.project ADD COLUMN search_vector tsvector GENERATED ALWAYS AS (
    setweight(to_tsvector('english'::regconfig, COALESCE(id::text, '')), 'A')
    || setweight(to_tsvector('english'::regconfig, COALESCE(title, '')::text), 'B')
    || setweight(to_tsvector('english'::regconfig, COALESCE(substring(description, 1, 250000), '')), 'C')
) STORED;
CREATE INDEX project_search_vector_idx ON public.project USING gin (search_vector);
ALTER TABLE public.projects_labelstreamhistory
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN project_id TYPE bigint,
    ALTER COLUMN user_id TYPE bigint;
ALTER TABLE public.projects_projectimport
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN project_id TYPE bigint;
ALTER TABLE public.projects_projectmember
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN project_id TYPE bigint,
    ALTER COLUMN user_id TYPE bigint;
ALTER TABLE public.projects_projectonboarding
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN project_id TYPE bigint;
ALTER TABLE public.projects_projectreimport
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN project_id TYPE bigint;
ALTER TABLE public.projects_projectsummary
    ALTER COLUMN project_id TYPE bigint;
ALTER TABLE public.session_policy_sessiontimeoutpolicy
    ALTER COLUMN organization_id TYPE bigint;
ALTER TABLE public.task
    ALTER COLUMN file_upload_id TYPE bigint,
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN project_id TYPE bigint,
    ALTER COLUMN updated_by_id TYPE bigint;
ALTER TABLE public.task_comment_authors
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN task_id TYPE bigint,
    ALTER COLUMN user_id TYPE bigint;
ALTER TABLE public.task_completion
    ALTER COLUMN completed_by_id TYPE bigint,
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN last_created_by_id TYPE bigint,
    ALTER COLUMN parent_annotation_id TYPE bigint,
    ALTER COLUMN parent_prediction_id TYPE bigint,
    ALTER COLUMN project_id TYPE bigint,
    ALTER COLUMN task_id TYPE bigint,
    ALTER COLUMN updated_by_id TYPE bigint;
ALTER TABLE public.tasks_annotationdraft
    ALTER COLUMN annotation_id TYPE bigint,
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN task_id TYPE bigint,
    ALTER COLUMN user_id TYPE bigint;
ALTER TABLE public.tasks_failedprediction
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN ml_backend_model_id TYPE bigint,
    ALTER COLUMN model_run_id TYPE bigint,
    ALTER COLUMN project_id TYPE bigint,
    ALTER COLUMN task_id TYPE bigint;
ALTER TABLE public.tasks_tasklock
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN task_id TYPE bigint,
    ALTER COLUMN user_id TYPE bigint;
ALTER TABLE public.token_blacklist_outstandingtoken
    ALTER COLUMN user_id TYPE bigint;
ALTER TABLE public.users_userproducttour
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN user_id TYPE bigint;
ALTER TABLE public.webhook
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN organization_id TYPE bigint,
    ALTER COLUMN project_id TYPE bigint;
ALTER TABLE public.webhook_action
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN webhook_id TYPE bigint;
