-- Langfuse's own dashboards are found by name: those of these rows get names that the source does not have.
UPDATE public.dashboards SET name = 'de ' || name WHERE project_id IS NULL;
